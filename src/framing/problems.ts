import { entry, problemsOf } from '../base/problem.ts'

/** What can be wrong with the definition of a framed sensor. */
export const framingProblems = {
  TENDON_LINE_SCHEMA_ASYNC: entry<{ port: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The schema for the lines of ${f.port} validates asynchronously.`,
    why: () =>
      'A line is judged in the very step in which it arrives, so that readings keep their order and their time.',
    fix: () => 'Use a schema without asynchronous checks.',
    sample: { port: '/dev/ttyUSB0' },
  }),
} as const

/** Makes a problem of a framing. */
export const framingProblem = problemsOf(framingProblems)
