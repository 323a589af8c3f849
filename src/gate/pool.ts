import type { ConflictPolicy } from '../define/categories.ts'
import { Members } from './members.ts'

/** What the gates need to know of a run; `run/run.ts` has the rest. */
export interface Occupant {
  readonly id: string
  readonly seq: number
  readonly priority: number
  readonly status: 'queued' | 'pending' | 'starting' | 'running' | 'stopping' | 'ended'
  readonly parent: Occupant | undefined
  /** The pools in which this run has, or was promised, a seat. */
  readonly seats: readonly Pool[]
}

/**
 * A number of seats that runs share: a category has `limit` of them, a claim one. `holders` are the runs that are
 * starting, running or stopping; `heirs` were promised a seat and wait for its holder to stop. Two numbers never
 * exceed the limit: the holders, and the heirs together with the holders that are not stopping.
 */
export class Pool {
  readonly kind: 'category' | 'claim'
  readonly name: string
  readonly limit: number
  readonly holders = new Members<Occupant>()
  readonly heirs = new Set<Occupant>()
  /** For a seat that a parent lends to its children: the pool from which the parent has it. */
  readonly lentFrom: Pool | undefined
  /** Who lends it. */
  readonly lender: Occupant | undefined
  #lent: Map<Occupant, Pool> | undefined

  constructor(kind: 'category' | 'claim', name: string, limit: number, lentFrom?: Pool, lender?: Occupant) {
    this.kind = kind
    this.name = name
    this.limit = limit
    this.lentFrom = lentFrom
    this.lender = lender
  }

  /** The seat of `holder`, as a pool of one that its children share. */
  lentBy(holder: Occupant): Pool {
    this.#lent ??= new Map()
    let lent = this.#lent.get(holder)
    if (!lent) {
      lent = new Pool(this.kind, this.name, 1, this, holder)
      this.#lent.set(holder, lent)
    }
    return lent
  }

  /** Gives up a seat, or the promise of one. */
  leave(run: Occupant): void {
    if (!this.holders.delete(run)) this.heirs.delete(run)
    this.#lent?.delete(run)
  }
}

/** A category: its pool, and what happens to newcomers when it is full. */
export class Category extends Pool {
  readonly conflict: ConflictPolicy
  readonly queueLength: number
  readonly queueTimeout: number

  constructor(name: string, limit: number, conflict: ConflictPolicy, queueLength: number, queueTimeout: number) {
    super('category', name, limit)
    this.conflict = conflict
    this.queueLength = queueLength
    this.queueTimeout = queueTimeout
  }
}

/**
 * The pool in which a child needs a seat: the one that its nearest ancestor with a seat there lends, otherwise the
 * common one. A child never competes with its own ancestors.
 */
export function poolFor(pool: Pool, parent: Occupant | undefined): Pool {
  for (let ancestor = parent; ancestor; ancestor = ancestor.parent)
    for (const seat of ancestor.seats) if (rootOf(seat) === pool) return seat.lentBy(ancestor)
  return pool
}

function rootOf(pool: Pool): Pool {
  let root = pool
  while (root.lentFrom) root = root.lentFrom
  return root
}
