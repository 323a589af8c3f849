import { describe, entry, oneOf } from '../problem.ts'

const UNCHANGED = { severity: 'error', power: 'unchanged' } as const

/** A call of Tendon that cannot be meant as it was written. It is thrown at once, and had no effect. */
export const useProblems = {
  TENDON_ARGUMENT_INVALID: entry<{ call: string; argument: string; value: unknown; want: string }>({
    ...UNCHANGED,
    what: (f) => `${f.call} was called with ${shown(f.value)} as its ${f.argument}.`,
    why: (f) => `Its ${f.argument} is ${f.want}; anything else has no meaning there.`,
    fix: (f) => `Pass ${f.want}.`,
    sample: { call: 'buffer()', argument: 'capacity', value: 0, want: 'a whole number from 1 to 1000000' },
  }),
  TENDON_UNKNOWN_CATEGORY: entry<{ category: string; near: readonly string[] }>({
    ...UNCHANGED,
    what: (f) => `There is no category ${f.category}.`,
    why: (f) =>
      f.near.length > 0 ? `Near names: ${oneOf(f.near)}.` : 'The categories of a robot are those of its definition.',
    fix: (f) => `robot.category('${f.near[0] ?? 'default'}')`,
    sample: { category: 'motoin', near: ['motion'] },
  }),
  TENDON_BODY_KIND: entry<{ command: string }>({
    ...UNCHANGED,
    what: (f) => `The body of ${f.command} is an async generator.`,
    why: () => 'A body is an async function or a generator: one that is both could not be cut at its awaits.',
    fix: () => 'Write async run() { ... }, or *run() { ... } with yield* in the place of await.',
    sample: { command: 'wave' },
  }),
} as const

/** NaN and infinities have no JSON, and are what is wrong most often. */
const shown = (value: unknown): string => (typeof value === 'number' ? String(value) : describe(value))
