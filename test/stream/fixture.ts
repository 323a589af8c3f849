import type { Problem } from '../../src/base/problem.ts'
import type { SensorSink, SensorSpec } from '../../src/device/sensor.ts'
import type { HealthChange } from '../../src/stream/health.ts'
import { defaultSensorLimits, type SensorLimits } from '../../src/stream/limits.ts'
import { Sensor } from '../../src/stream/sensor.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'

const lostProblem = { code: 'TEST_LOST' } as Problem

interface Options {
  readonly maxAge?: number
  readonly optional?: boolean
  readonly limits?: Partial<SensorLimits>
  /** What each opening does: wait for a promise, throw, ... Default: opens. */
  readonly opening?: (attempt: number) => Promise<void> | void
  readonly onNote?: (type: string) => void
}

/** A sensor whose device the test plays. Nothing is open yet. */
export function device({ maxAge, optional, limits, opening = () => {}, onNote = () => {} }: Options = {}) {
  const clock = new VirtualClock()
  const sinks: SensorSink<number>[] = []
  const opens: number[] = []
  const notes: string[] = []
  const changes: string[] = []
  let closes = 0
  const spec: SensorSpec<number> = {
    kind: 'test',
    maxAge,
    optional,
    withPort: () => spec,
    open: async (_, sink) => {
      opens.push(clock.now())
      await opening(opens.length)
      sinks.push(sink)
      return { close: async () => void closes++ }
    },
  }
  const hooks = {
    note: (type: string, facts: object) => {
      notes.push(`${type} ${JSON.stringify(facts)}`)
      onNote(type)
    },
    health: ({ from, to, at, problem }: HealthChange) =>
      changes.push(`${from} -> ${to} at ${at}${problem ? ` ${problem.code}` : ''}`),
  }
  const sensor = new Sensor('s', spec, { clock }, hooks, { ...defaultSensorLimits, ...limits })
  return {
    clock,
    sensor,
    opens,
    notes,
    changes,
    sinks,
    say: (...values: number[]) => {
      for (const value of values) sinks.at(-1)?.value(value)
    },
    lose: () => sinks.at(-1)?.lost(lostProblem),
    closes: () => closes,
  }
}
