import type { RuleMap } from '../define/rule.ts'
import type { SensorReader } from '../define/sensor-reader.ts'
import type { RulesHost } from './reaction.ts'
import { Rule, type RuleInfo } from './rule.ts'

/**
 * The rules of one robot, from its opening to its close. They hear every reading in the turn in which it comes, none is
 * dropped; a sensor with rules has one subscription for all of them, and rules of other sensors cost its readings nothing.
 */
export class Rules {
  readonly #sensors: Readonly<Record<string, SensorReader<unknown>>>
  readonly #bySensor = new Map<string, Rule[]>()
  readonly #all: Rule[] = []
  readonly #offs: (() => void)[] = []

  constructor(rules: RuleMap, sensors: Readonly<Record<string, SensorReader<unknown>>>, host: RulesHost) {
    this.#sensors = sensors
    for (const [name, data] of Object.entries(rules)) {
      const { sensor } = data.when.condition
      const reader = sensors[sensor]
      // The definition was checked: there is such a sensor.
      if (!reader) continue
      const rule = new Rule(name, data, reader, host)
      this.#all.push(rule)
      this.#bySensor.set(sensor, [...(this.#bySensor.get(sensor) ?? []), rule])
    }
  }

  /** Begins to listen, and judges the sensors as they are. */
  start(): void {
    for (const [name, rules] of this.#bySensor) {
      const sensor = this.#sensors[name]
      if (!sensor) continue
      const onReading = sensor.subscribe((reading) => {
        for (const rule of rules) rule.reading(reading)
      })
      const offHealth = sensor.onHealth(({ to }) => {
        for (const rule of rules) rule.health(to)
      })
      this.#offs.push(() => onReading.unsubscribe(), offHealth)
    }
    for (const rule of this.#all) rule.start()
  }

  /** No rule fires any more, and none leaves a timer. Runs that they started are the runtime's. */
  end(): void {
    for (const off of this.#offs.splice(0)) off()
    for (const rule of this.#all) rule.end()
  }

  infos(): RuleInfo[] {
    return this.#all.map((rule) => rule.info)
  }
}
