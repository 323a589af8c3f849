import { entry, problemsOf } from '../base/problem.ts'

/** What can go wrong with a sensor and those who read it. */
export const streamProblems = {
  TENDON_SENSOR_CLOSED: entry<{ sensor: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The sensor ${f.sensor} is closed.`,
    why: () => 'A closed sensor delivers no further readings, and one that was closed never opens again.',
    fix: () => 'Read it while the robot runs, or end the wait with the signal of the run.',
    sample: { sensor: 'heading' },
  }),
  TENDON_SENSOR_OPEN_FAILED: entry<{ sensor: string; reason: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The sensor ${f.sensor} could not be opened: ${f.reason}.`,
    why: () => 'Its driver threw an error of its own while it was opening.',
    fix: () => 'Check the cable and the port, then open it again.',
    sample: { sensor: 'heading', reason: 'the compass did not answer' },
  }),
  TENDON_TOO_MANY_SUBSCRIPTIONS: entry<{ sensor: string; limit: number }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The sensor ${f.sensor} has ${f.limit} subscriptions and waits, and refused one more.`,
    why: () => 'limits.sensorSubscriptions bounds them: usually somebody subscribes again and again and ends none.',
    fix: () => 'End each with unsubscribe(), or subscribe inside a run, where they end with it.',
    sample: { sensor: 'heading', limit: 20_000 },
  }),
} as const

/** Makes a problem of a stream. */
export const streamProblem = problemsOf(streamProblems)
