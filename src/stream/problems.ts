import { entry, problemsOf } from '../base/problem.ts'

/** What can go wrong with a sensor and those who read it. */
export const streamProblems = {
  TENDON_SENSOR_CLOSED: entry<{ sensor: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The sensor ${f.sensor} is closed.`,
    why: () => 'A closed sensor delivers no further readings, and one that was closed never opens again.',
    fix: () => 'Read it while the robot runs, or end the wait with the signal of the run.',
  }),
  TENDON_SENSOR_OPEN_FAILED: entry<{ sensor: string; reason: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The sensor ${f.sensor} could not be opened: ${f.reason}.`,
    why: () => 'Its driver threw an error of its own while it was opening.',
    fix: () => 'Check the cable and the port, then open it again.',
  }),
} as const

/** Makes a problem of a stream. */
export const streamProblem = problemsOf(streamProblems)
