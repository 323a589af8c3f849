import fc from 'fast-check'
import type { Part } from './robot.ts'
import { JOINTS, pools, rules } from './rules.ts'

/** What can go wrong with the simulated hardware. */
export type Trouble = 'silence' | 'drop' | 'corrupt' | 'jam' | 'heat' | 'unplug'

/** One act of a schedule: plain data, so that a failing schedule shrinks and prints. */
export type Step =
  | { readonly do: 'execute'; readonly command: string; readonly part: Part; readonly chase: boolean }
  | { readonly do: 'cancel'; readonly by: 'id' | 'name' | 'category' | 'all'; readonly pick: number }
  | { readonly do: 'disarm'; readonly cut: boolean }
  | { readonly do: 'arm' | 'stop' | 'reset' | 'acknowledge' | 'heal' | 'ready' | 'refusals' }
  | { readonly do: 'trouble'; readonly trouble: Trouble; readonly joint: string }
  | { readonly do: 'wait'; readonly seconds: number }

/** Steps without `settle` happen in one go with the next: no promise reaction comes between. */
export type Scheduled = Step & { readonly settle: boolean }

export interface Schedule {
  readonly steps: readonly Scheduled[]
  /** Whether the robot is closed in the middle of it all, or when everything has come to rest. */
  readonly abrupt: boolean
}

const weighted = <T>(...rows: readonly (readonly [number, T])[]): fc.Arbitrary<T> =>
  fc.oneof(...rows.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })))

const leaf = {
  end: weighted<Part['end']>(
    [9, 'value'],
    [2, 'throw'],
    [1, 'giveUp'],
    [3, 'recording'],
    [2, 'idle'],
    [1, 'nowhere'],
    [1, 'throwNothing'],
  ),
  how: weighted<Part['how']>(
    [1, 'sync'],
    [6, 'sleep'],
    [2, 'deaf'],
    [1, 'hang'],
    [4, 'move'],
    [3, 'stream'],
    [2, 'deafStream'],
    [1, 'slowCleanup'],
    [1, 'badCleanup'],
    [1, 'transit'],
  ),
  after: fc.integer({ min: 0, max: 40 }).map((n) => n * 0.05),
  target: fc.integer({ min: -10, max: 10 }).map((n) => n * 0.1),
}

const childPart: fc.Arbitrary<Part> = fc.record({ ...leaf, children: fc.constant([]) })
const part: fc.Arbitrary<Part> = fc.record({
  ...leaf,
  children: fc.array(fc.record({ pick: fc.nat(5), awaited: fc.boolean(), part: childPart }), { maxLength: 3 }),
})

const names = Object.keys(rules).filter((name) => name !== 'probe')

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 24,
    arbitrary: fc.record({
      do: fc.constant('execute' as const),
      command: fc.constantFrom(...names),
      part,
      chase: fc.boolean(),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      seconds: fc.oneof(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 10, max: 100 })).map((n) => n * 0.01),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('cancel' as const),
      by: weighted<'id' | 'name' | 'category' | 'all'>([5, 'id'], [2, 'name'], [2, 'category'], [1, 'all']),
      pick: fc.nat(40),
    }),
  },
  { weight: 6, arbitrary: fc.constant({ do: 'ready' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'arm' as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('disarm' as const), cut: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(...(['stop', 'reset', 'acknowledge', 'heal'] as const).map((act) => ({ do: act }))),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'refusals' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('trouble' as const),
      trouble: weighted<Trouble>([4, 'silence'], [2, 'drop'], [2, 'corrupt'], [2, 'jam'], [1, 'heat'], [1, 'unplug']),
      joint: fc.constantFrom(...JOINTS),
    }),
  },
)

const scheduled: fc.Arbitrary<Scheduled> = fc
  .tuple(step, weighted<boolean>([3, true], [1, false]))
  .map(([what, settle]) => ({ ...what, settle }))

/** Up to `most` steps; most schedules begin with an armed robot, because little can happen to one that is not. */
export function schedules(most: number): fc.Arbitrary<Schedule> {
  return fc.record({
    steps: fc
      .tuple(weighted<boolean>([5, true], [1, false]), fc.array(scheduled, { maxLength: most - 1, size: 'max' }))
      .map(([ready, steps]) => (ready ? [{ do: 'ready' as const, settle: true }, ...steps] : steps)),
    abrupt: fc.boolean(),
  })
}

export const categoryNames = Object.keys(pools)
