import { entry, problemsOf } from '../base/problem.ts'

const UNCHANGED = { severity: 'error', power: 'unchanged' } as const

/** What a test is told by the virtual clock and the harness. Nothing real has power in one. */
export const testingProblems = {
  TENDON_CLOCK_STUCK: entry<{ at: number }>({
    ...UNCHANGED,
    what: (f) => `A promise is pending at ${f.at} s of virtual time, and no timer is left that could settle it.`,
    why: () => 'It waits for something that never comes, or for a real timer, which this clock does not move.',
    fix: () => 'Pass the virtual clock to whatever the promise waits for.',
    sample: { at: 12.5 },
  }),
  TENDON_CLOCK_LIMIT: entry<{ limit: number }>({
    ...UNCHANGED,
    what: (f) => `A promise is still pending after ${f.limit} s of virtual time.`,
    why: () => 'Timers go on firing, and none of them settled it.',
    fix: (f) => `clock.run(promise, { limit: ${f.limit * 10} })`,
    sample: { limit: 600 },
  }),
  TENDON_TIMERS_LEFT: entry<{ robot: string; timers: number }>({
    ...UNCHANGED,
    what: (f) => `${f.robot} left ${f.timers} timer${f.timers === 1 ? '' : 's'} behind when it closed.`,
    why: () => 'A body, a service or a sensor started a timer that nobody canceled.',
    fix: () => 'Cancel it when ctx.signal aborts, or in the stop function of the service.',
    sample: { robot: 'so101', timers: 1 },
  }),
  TENDON_NOT_CONFORMANT: entry<{ seen: string }>({
    ...UNCHANGED,
    what: (f) => `The part under test does not conform: ${f.seen}.`,
    why: () => 'Every part of its kind must do what the title of this check says, or a robot cannot rely on it.',
    fix: () => 'Correct the part, and run its conformance suite again.',
    sample: { seen: 'an unplugged port says that it is open' },
  }),
  TENDON_SCRIPT_DIFFERENCE: entry<{ difference: string }>({
    ...UNCHANGED,
    what: (f) => `The host did not follow the script of the port: ${f.difference}.`,
    why: () => 'A scripted port answers only what the script expects, byte by byte.',
    fix: () => 'Correct the host, or the step of the script that is named.',
    sample: { difference: 'step 2 expected FF FF 01 and got FF FF 02' },
  }),
} as const

/** Makes a problem of the test kit. */
export const testingProblem = problemsOf(testingProblems)
