import type { CancelReason, Handle, Next } from 'tendon'
import type { VirtualClock } from 'tendon/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { sleep as wait } from '../../src/base/clock.ts'
import { arm, bootArm } from './arm-fixture.ts'
import { codeOf, never } from './fixture.ts'

/** A promise that tells its `then` twice, as broken libraries do. */
class Twice<T> extends Promise<T> {
  static override get [Symbol.species]() {
    return Promise
  }
  override then<A = T, B = never>(
    ok?: ((value: T) => A | PromiseLike<A>) | null,
    bad?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    if (ok) void super.then(ok)
    return super.then(ok, bad)
  }
}

const FAR = 1.5
const ACT_AT = 0.2
const SELF_END_AT = 0.4
const LATE_AT = 2
const GRACE = 0.5

/** The world of the test that runs: bodies that ignore the runtime's own waits sleep on it. */
let clock: VirtualClock
/** The test is over: bodies that nothing could end end themselves. */
let over = false

/** What bodies use of their context. */
interface Body {
  readonly joints: { moveTo(goal: { pan: number }): Promise<unknown> }
  sleep(duration: number): Promise<void>
  next(state: never, value?: unknown): Next<unknown>
}

/** Sets the joint in motion and lets it go on. */
const drive = ({ joints }: Body): void => {
  joints.moveTo({ pan: FAR }).catch(() => {})
}

interface BodyRow {
  readonly body: string
  run(ctx: Body): unknown
  /** How it ends when nobody intervenes; nothing: it does not. */
  readonly alone?: 'succeeded' | 'TENDON_BODY_THREW' | 'TENDON_BAD_TRANSITION'
  /** Its end comes before any intervention. */
  readonly atOnce?: boolean
  readonly cutOff?: boolean
  readonly throwsInCleanup?: boolean
  /** What it still reports after its end, when it was interrupted, and when it was not. */
  readonly late?: readonly [interrupted: number, alone: number]
}

const bodies: readonly BodyRow[] = [
  {
    body: 'succeeds',
    alone: 'succeeded',
    run: ({ joints }) => joints.moveTo({ pan: 0.3 }),
  },
  {
    body: 'throws',
    alone: 'TENDON_BODY_THREW',
    atOnce: true,
    run(ctx) {
      drive(ctx)
      throw new Error('thrown')
    },
  },
  {
    body: 'rejects',
    alone: 'TENDON_BODY_THREW',
    async run(ctx) {
      drive(ctx)
      await ctx.sleep(SELF_END_AT)
      throw new Error('rejected')
    },
  },
  {
    body: 'hangs',
    run(ctx) {
      drive(ctx)
      return ctx.sleep(1e6)
    },
  },
  {
    body: 'ignores abort',
    cutOff: true,
    async run(ctx) {
      for (let side = 1; !over; side = -side) {
        ctx.joints.moveTo({ pan: side * FAR }).catch(() => {})
        await wait(clock, 0.25)
      }
      await never()
    },
  },
  {
    body: 'throws in cleanup',
    alone: 'TENDON_BODY_THREW',
    throwsInCleanup: true,
    async run(ctx) {
      drive(ctx)
      try {
        await ctx.sleep(SELF_END_AT)
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: what this body is about
        throw new Error('in cleanup')
      }
    },
  },
  {
    body: 'hangs in cleanup',
    cutOff: true,
    async run(ctx) {
      drive(ctx)
      try {
        await ctx.sleep(SELF_END_AT)
      } finally {
        await never()
      }
    },
  },
  {
    body: 'returns a bad transition',
    alone: 'TENDON_BAD_TRANSITION',
    async run(ctx) {
      drive(ctx)
      await ctx.sleep(SELF_END_AT).catch(() => {})
      return ctx.next('nowhere' as never)
    },
  },
  {
    body: 'settles late',
    alone: 'succeeded',
    cutOff: true,
    late: [1, 0],
    async run(ctx) {
      drive(ctx)
      await wait(clock, LATE_AT)
    },
  },
  {
    body: 'settles twice',
    alone: 'succeeded',
    late: [1, 1],
    run(ctx) {
      drive(ctx)
      return new Twice<void>((resolve) => void wait(clock, SELF_END_AT).then(resolve))
    },
  },
]

const acts: readonly (readonly [act: string, reason: CancelReason | undefined])[] = [
  ['nothing', undefined],
  ['cancel', 'requested'],
  ['deadline', 'deadline'],
  ['preempt', 'preempted'],
  ['disarm', 'safety'],
  ['stop', 'safety'],
  ['close', 'shutdown'],
]

async function worldFor(row: BodyRow, act: string) {
  const body = arm.command({
    category: 'motion',
    claims: ['pan'],
    deadline: act === 'deadline' ? ACT_AT : 'none',
    grace: GRACE,
    run: row.run as () => unknown,
  })
  const follow = arm.command({
    category: 'motion',
    claims: ['pan'],
    allowed: ['idle', 'disarmed'],
    run: () => 'followed',
  })
  const other = arm.command({ category: 'motion', claims: ['pan'], run: ({ sleep }) => sleep(0.1) })
  const world = await bootArm(arm.with({ body, follow, other }))
  clock = world.clock
  return world
}
type World = Awaited<ReturnType<typeof worldFor>>

/** What the awaiter finds in its first statements after the outcome. */
async function witness({ robot, still, powered }: World, handle: Handle) {
  const outcome = await handle.result()
  const next = robot.follow()
  return { outcome, next, still: still(), powered: powered(), ended: robot.log.entries().at(-1)?.type }
}

function intervene({ robot }: World, act: string, handle: Handle): void {
  if (act === 'cancel') void handle.cancel()
  if (act === 'preempt') robot.other()
  if (act === 'disarm') void robot.disarm()
  if (act === 'stop') void robot.stop()
  if (act === 'close') void robot.close()
}

const isSafety = (act: string): boolean => act === 'disarm' || act === 'stop' || act === 'close'

/** The outcome that the table says. */
function outcomeOf(row: BodyRow, reason: CancelReason | undefined): object {
  if (reason !== undefined && !row.atOnce)
    return { status: 'canceled', reason, stopConfirmed: true, cutOff: row.cutOff ?? false }
  return row.alone === 'succeeded' ? { status: 'succeeded' } : { status: 'failed', error: { code: row.alone } }
}

/** The events of the run that the table says. */
function eventsFor(row: BodyRow, interrupted: boolean): string[] {
  if (!interrupted) return ['started', 'ended']
  return [
    'started',
    'interrupted',
    ...(row.throwsInCleanup ? ['user_code_threw'] : []),
    ...(row.cutOff ? ['cut_off'] : []),
    'ended',
  ]
}

describe('endings', () => {
  afterEach(async () => {
    over = true
    await clock.advance(LATE_AT)
    over = false
  })

  for (const row of bodies)
    for (const [act, reason] of acts) {
      const endless = row.alone === undefined && reason === undefined
      if (endless) {
        it(`a body that ${row.body}, and nothing: goes on until somebody ends it`, async () => {
          const world = await worldFor(row, act)
          const handle = world.robot.body()
          await world.clock.advance(10)
          expect([handle.status, world.told(handle)]).toEqual(['running', ['started']])
          const ended = await world.now(handle.cancel())
          expect(ended).toMatchObject({ status: 'canceled', cutOff: row.cutOff ?? false })
          expect(world.still()).toBe(true)
        })
        continue
      }
      it(`a body that ${row.body}, and ${act}: outcome, events, slot, and registers at a stand`, async () => {
        const world = await worldFor(row, act)
        const { robot, still, told, eventsOf, now } = world
        const handle = robot.body()
        const witnessed = witness(world, handle)
        await world.clock.advance(ACT_AT - 0.001)
        expect([handle.status === 'running', still()]).toEqual(row.atOnce ? [false, true] : [true, false])
        await world.clock.advance(0.001)
        intervene(world, act, handle)
        const seen = await now(witnessed)
        expect(seen.outcome).toMatchObject(outcomeOf(row, reason))
        expect(seen.still).toBe(true)
        expect(seen.powered).toEqual(isSafety(act) && !row.atOnce ? [] : ['pan', 'lift', 'jaw'])
        const followed = await now(seen.next.result())
        if (act === 'close' && !row.atOnce)
          expect([followed.status, codeOf(followed)]).toEqual(['refused', 'TENDON_CLOSED'])
        else if (act !== 'preempt') expect(followed).toMatchObject({ status: 'succeeded', value: 'followed' })
        else expect(followed.status).not.toBe('refused')
        await world.clock.advance(LATE_AT + 1)
        const interrupted = reason !== undefined && !row.atOnce
        const events = told(handle)
        expect(events.filter((type) => !type.startsWith('late_'))).toEqual(eventsFor(row, interrupted))
        expect(events.filter((type) => type === 'late_end')).toHaveLength(row.late?.[interrupted ? 0 : 1] ?? 0)
        expect(events.includes('late_call')).toBe(row.body === 'ignores abort')
        expect(eventsOf(handle).filter(({ type }) => type === 'ended')).toHaveLength(1)
        expect([robot.runs(), robot.category('motion').taken]).toEqual([[], 0])
        expect(still()).toBe(true)
      })
    }
})
