import { describe, expect, it } from 'vitest'
import { type Occupant, Pool, poolFor } from '../../src/gate/pool.ts'
import { judgeSeats, type SeatDecision, type SeatRequest } from '../../src/gate/seats.ts'

type Policy = SeatRequest['policy']

class Seated implements Occupant {
  static seq = 0
  readonly seq = ++Seated.seq
  readonly id = `run-${this.seq}`
  priority = 0
  status: Occupant['status'] = 'running'
  parent: Occupant | undefined
  seats: readonly Pool[] = []
}

function sit(pools: readonly Pool[], more: Partial<Seated> = {}): Seated {
  const run = Object.assign(new Seated(), more)
  run.seats = pools
  for (const pool of pools) (run.status === 'pending' ? pool.heirs : pool.holders).add(run)
  return run
}

const category = (limit = 1): Pool => new Pool('category', 'motion', limit)
const claim = (name = 'elbow'): Pool => new Pool('claim', name, 1)

const ask = (policy: Policy, pools: readonly Pool[], more: Partial<SeatRequest> = {}): SeatDecision =>
  judgeSeats({ command: 'newcomer', priority: 0, parent: undefined, policy, pools, cancels: [], ...more })

/** The decision in one word, with the victims or the code. */
function said(decision: SeatDecision): string | readonly unknown[] {
  if (decision.verdict === 'displace') return ['displace', ...decision.victims]
  return decision.verdict === 'refuse' ? decision.problem.code : decision.verdict
}

const FULL = 'TENDON_CATEGORY_FULL'
const TAKEN = 'TENDON_CLAIM_TAKEN'
const OUTRANKED = 'TENDON_OUTRANKED'

/** What stands in the way, and what each policy does about it. `victims`: the runs that preempt displaces. */
interface Row {
  readonly situation: string
  build(): {
    readonly pools: readonly Pool[]
    readonly victims: readonly Occupant[]
    readonly more?: Partial<SeatRequest>
  }
  readonly reject: string
  readonly queue: string
  /** A code, or `displace`. */
  readonly preempt: string
}

const rows: Row[] = [
  {
    situation: 'there is room',
    build: () => ({ pools: [category(), claim()], victims: [] }),
    reject: 'start',
    queue: 'start',
    preempt: 'start',
  },
  {
    situation: 'one of two seats is free',
    build: () => {
      const two = category(2)
      sit([two])
      return { pools: [two], victims: [] }
    },
    reject: 'start',
    queue: 'start',
    preempt: 'start',
  },
  {
    situation: 'the category is full of running runs',
    build: () => {
      const one = category()
      return { pools: [one], victims: [sit([one])] }
    },
    reject: FULL,
    queue: 'queue',
    preempt: 'displace',
  },
  {
    situation: 'the category is full of stopping runs',
    build: () => {
      const one = category()
      sit([one], { status: 'stopping' })
      return { pools: [one], victims: [] }
    },
    reject: FULL,
    queue: 'queue',
    preempt: 'displace',
  },
  {
    situation: 'the seat is promised to a waiting newcomer',
    build: () => {
      const one = category()
      sit([one], { status: 'stopping' })
      return { pools: [one], victims: [sit([one], { status: 'pending' })] }
    },
    reject: FULL,
    queue: 'queue',
    preempt: 'displace',
  },
  {
    situation: 'a claim is taken in its own category, which has room',
    build: () => {
      const [two, elbow] = [category(2), claim()]
      return { pools: [two, elbow], victims: [sit([two, elbow])] }
    },
    reject: TAKEN,
    queue: 'queue',
    preempt: 'displace',
  },
  {
    situation: 'a claim is taken across categories',
    build: () => {
      const elbow = claim()
      return { pools: [category(), elbow], victims: [sit([new Pool('category', 'sensing', 1), elbow])] }
    },
    reject: TAKEN,
    queue: 'queue',
    preempt: 'displace',
  },
  {
    situation: 'the holder has a higher priority',
    build: () => {
      const one = category()
      sit([one], { priority: 5 })
      return { pools: [one], victims: [] }
    },
    reject: FULL,
    queue: 'queue',
    preempt: OUTRANKED,
  },
  {
    situation: 'the holder of a claim has a higher priority',
    build: () => {
      const elbow = claim()
      sit([elbow], { priority: 1 })
      return { pools: [category(), elbow], victims: [] }
    },
    reject: TAKEN,
    queue: 'queue',
    preempt: OUTRANKED,
  },
  {
    situation: 'category and claim are held by different runs',
    build: () => {
      const [one, elbow] = [category(), claim()]
      return { pools: [one, elbow], victims: [sit([one]), sit([elbow])] }
    },
    reject: FULL,
    queue: 'queue',
    preempt: 'displace',
  },
  {
    situation: 'the category would do, and one of two claims is outranked',
    build: () => {
      const [one, elbow, wrist] = [category(), claim(), claim('wrist')]
      sit([one])
      sit([wrist], { priority: 9 })
      return { pools: [one, elbow, wrist], victims: [] }
    },
    reject: FULL,
    queue: 'queue',
    preempt: OUTRANKED,
  },
  {
    situation: 'an ancestor holds the seat and lends it',
    build: () => {
      const one = category()
      const parent = sit([one])
      return { pools: [poolFor(one, parent)], victims: [], more: { parent } }
    },
    reject: 'start',
    queue: 'start',
    preempt: 'start',
  },
  {
    situation: 'a sibling has borrowed the ancestor’s seat',
    build: () => {
      const one = category()
      const parent = sit([one])
      const lent = poolFor(one, parent)
      return { pools: [lent], victims: [sit([lent], { parent })], more: { parent } }
    },
    reject: FULL,
    queue: 'queue',
    preempt: 'displace',
  },
  {
    situation: '`cancels` names the run in the way',
    build: () => {
      const one = category()
      const named = sit([one])
      return { pools: [one], victims: [named], more: { cancels: [named] } }
    },
    reject: 'displace',
    queue: 'displace',
    preempt: 'displace',
  },
  {
    situation: '`cancels` names a run that is not in the way',
    build: () => {
      const named = sit([new Pool('category', 'sensing', 1)])
      return { pools: [category()], victims: [named], more: { cancels: [named] } }
    },
    reject: 'displace',
    queue: 'displace',
    preempt: 'displace',
  },
  {
    situation: '`cancels` names a run of higher priority',
    build: () => {
      const named = sit([new Pool('category', 'sensing', 1)], { priority: 1 })
      return { pools: [category()], victims: [], more: { cancels: [named] } }
    },
    reject: OUTRANKED,
    queue: OUTRANKED,
    preempt: OUTRANKED,
  },
  {
    situation: '`cancels` names only an ancestor',
    build: () => {
      const parent = sit([new Pool('category', 'script', 9)])
      return { pools: [category()], victims: [], more: { parent, cancels: [parent] } }
    },
    reject: 'start',
    queue: 'start',
    preempt: 'start',
  },
]

describe('judgeSeats', () => {
  for (const policy of ['reject', 'queue', 'preempt'] as const)
    for (const row of rows) {
      const want = row[policy]
      it(`${policy}, when ${row.situation}: ${want}`, () => {
        const { pools, victims, more } = row.build()
        expect(said(ask(policy, pools, more))).toEqual(want === 'displace' ? ['displace', ...victims] : want)
      })
    }

  it('displaces of several candidates the one of lowest priority, then the oldest', () => {
    const three = category(3)
    const [old, low] = [sit([three], { priority: 1 }), sit([three], { priority: 0 })]
    sit([three], { priority: 1 })
    expect(said(ask('preempt', [three], { priority: 2 }))).toEqual(['displace', low])
    low.priority = 1
    expect(said(ask('preempt', [three], { priority: 2 }))).toEqual(['displace', old])
  })

  it('of two waiting preempters, lets the newer cancel the older and leaves the runs that run', () => {
    const two = category(2)
    sit([two], { status: 'stopping' })
    sit([two])
    const waiting = sit([two], { status: 'pending' })
    expect(said(ask('preempt', [two]))).toEqual(['displace', waiting])
  })

  it('never displaces an ancestor, even where its descendants fill every other seat', () => {
    const one = category()
    const parent = sit([one])
    const lent = poolFor(one, parent)
    const child = sit([lent], { parent })
    expect(said(ask('preempt', [poolFor(one, child)], { parent: child, cancels: [parent, child] }))).toBe('start')
  })

  it('names one victim once when it stands in several ways', () => {
    const [one, elbow] = [category(), claim()]
    const holder = sit([one, elbow])
    expect(said(ask('preempt', [one, elbow], { cancels: [holder] }))).toEqual(['displace', holder])
  })

  it('is refused with the whole set checked when one of many victims cannot be displaced', () => {
    const [one, elbow] = [category(), claim()]
    sit([one])
    const strong = sit([elbow], { priority: 3 })
    const decision = ask('preempt', [one, elbow])
    expect(said(decision)).toBe(OUTRANKED)
    if (decision.verdict === 'refuse')
      expect(decision.problem.facts).toMatchObject({ by: strong.id, holderPriority: 3 })
  })

  it('touches nothing, whatever it decides, and decides the same again', () => {
    for (const policy of ['reject', 'queue', 'preempt'] as const)
      for (const row of rows) {
        const { pools, more } = row.build()
        const before = pools.map((pool) => [[...pool.holders], [...pool.heirs]])
        const states = pools.flatMap((pool) => [...pool.holders, ...pool.heirs]).map(({ status }) => status)
        const first = said(ask(policy, pools, more))
        expect(said(ask(policy, pools, more))).toEqual(first)
        expect(pools.map((pool) => [[...pool.holders], [...pool.heirs]])).toEqual(before)
        expect(pools.flatMap((pool) => [...pool.holders, ...pool.heirs]).map(({ status }) => status)).toEqual(states)
      }
  })

  it('gives a grandchild the seat of the nearest ancestor that has one', () => {
    const one = category()
    const parent = sit([one])
    const child = sit([], { parent })
    expect(poolFor(one, child)).toBe(poolFor(one, parent))
    expect(poolFor(one, child).lender).toBe(parent)
    expect(poolFor(claim(), child).lender).toBeUndefined()
  })
})
