import { defineRobot, type Robot, type RobotDefinition, type RobotEvent, start } from 'tendon'
import type { SensorSink, SensorSpec } from 'tendon/device'
import { VirtualClock } from 'tendon/testing'
import { afterEach, expect } from 'vitest'
import type { ModelTypes } from '../../src/define/model-types.ts'
import type { CommandMap } from '../../src/define/script.ts'
import type { StartOptions } from '../../src/runtime/start.ts'

/** A sensor that says what the test says, and whose cable the test pulls. */
export class Spoken<T> implements SensorSpec<T> {
  readonly kind = 'spoken'
  readonly maxAge: number | undefined
  readonly optional = true
  /** Whether opening works. */
  plugged = true
  #sink: SensorSink<T> | undefined
  opens = 0

  constructor({ maxAge }: { maxAge?: number } = {}) {
    this.maxAge = maxAge
  }

  withPort(): Spoken<T> {
    return this
  }

  async open(_: unknown, sink: SensorSink<T>): Promise<{ close(): Promise<void> }> {
    this.opens++
    if (!this.plugged) throw new Error('nothing is plugged in')
    this.#sink = sink
    return { close: async () => {} }
  }

  say(...values: T[]): void {
    for (const value of values) this.#sink?.value(value)
  }

  /** Says something that somebody had kept for who knows how long. */
  recall(value: T): void {
    this.#sink?.value(value, { ageUnknown: true })
  }

  unplug(): void {
    this.plugged = false
    const problem = {
      code: 'TEST_LOST',
      severity: 'error',
      power: 'unchanged',
      facts: {},
      what: '',
      why: '',
      fix: '',
    } as const
    this.#sink?.lost(problem)
  }
}

const opened: { readonly clock: VirtualClock; close(): Promise<unknown> }[] = []

// Every test also proves that its robot, closed, leaves no timer: rules and sensors have some.
afterEach(async () => {
  for (const { clock, close } of opened.splice(0)) {
    await clock.run(close())
    await clock.settle()
    expect(clock.pending).toBe(0)
  }
})

/** When an armed robot is handed to its test; the times that `told` tells are counted from here. */
const ARMED_AT = 1

/** Starts a robot, armed, on a clock of its own; closed after the test, it must leave nothing. */
export async function boot<M extends ModelTypes, C extends CommandMap>(
  definition: RobotDefinition<M, C>,
  { armed = true, ...options }: StartOptions & { armed?: boolean } = {},
) {
  const clock = new VirtualClock()
  const robot = await clock.run(start(definition, { clock, ...options }))
  opened.push({ clock, close: () => robot.close() })
  if (armed) await clock.run(robot.arm())
  // So that the times in the tests are those of the readings, and not those of arming.
  if (armed) await clock.advance(ARMED_AT - clock.now())
  return { robot, clock, ...readersOf(robot, clock.now()) }
}

function readersOf(robot: Pick<Robot<ModelTypes, CommandMap>, 'log'>, zero: number) {
  const events = <T extends RobotEvent['type']>(type: T): Extract<RobotEvent, { type: T }>[] =>
    robot.log.entries().filter((event): event is Extract<RobotEvent, { type: T }> => event.type === type)
  /** What the rules did: `fired at 2: room is 41, above 40`. */
  const told = (): string[] => events('rule').map(({ what, at, reason }) => `${what} at ${at - zero}: ${reason}`)
  return { events, told }
}

/** A room with a thermometer and a voice, and an arm in it whose moves take as long as the test likes. */
export function room({ maxAge }: { maxAge?: number } = {}) {
  const sensors = {
    room: new Spoken<number>({ ...(maxAge !== undefined && { maxAge }) }),
    voice: new Spoken<string>(),
  }
  const model = defineRobot('room', { sensors, categories: { motion: {}, other: { limit: 9 } } })
  const home = model.command({ category: 'motion', deadline: 'none', run: ({ sleep }) => sleep(1) })
  const wave = model.command({ category: 'other', allowed: ['idle', 'disarmed'], async run() {} })
  return { sensors, model, home, wave }
}
