import { entry } from '../problem.ts'

/** Wired stop buttons, as the runtime sees them. */
export const stopInputProblems = {
  TENDON_ARM_STOP_INPUT: entry<{ input: string; address: string; state: 'active' | 'unreadable' }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) =>
      f.state === 'active'
        ? `The robot was not armed: the stop input ${f.input} (${f.address}) is active.`
        : `The robot was not armed: the stop input ${f.input} (${f.address}) cannot be read.`,
    why: (f) =>
      f.state === 'active'
        ? 'The button is pressed, or its wire is broken; a reset lifts the latch and not the button.'
        : 'Nobody would notice that the button is pressed.',
    fix: (f) =>
      f.state === 'active'
        ? `Let go of ${f.input}, or mend its wire; then reset, then arm.`
        : `Look at the wire of ${f.input}.`,
    sample: { input: 'button', address: 'gpiochip0 line 17', state: 'active' },
  }),
} as const
