import { nearNames, oneOf, TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import { type Category, type Occupant, Pool, poolFor } from '../gate/pool.ts'
import type { CommandRecord } from '../run/command-record.ts'

/** The pools of one robot: its categories, and one of a single seat for each joint and resource that is claimed. */
export class SeatMap {
  readonly #categories: ReadonlyMap<string, Category>
  readonly #claimable: ReadonlySet<string>
  readonly #claims = new Map<string, Pool>()
  readonly #alone = new Map<Category, readonly Pool[]>()

  constructor(categories: ReadonlyMap<string, Category>, claimable: ReadonlySet<string>) {
    this.#categories = categories
    this.#claimable = claimable
  }

  /** What a run needs: its category first, then its claims; where an ancestor sits already, the seat that it lends. */
  seatsFor(record: CommandRecord, goal: unknown, parent: Occupant | undefined): readonly Pool[] {
    const claims = record.claims(goal)
    if (!parent && claims.length === 0) return this.#categoryAlone(record.category)
    const seats: Pool[] = [poolFor(record.category, parent)]
    for (const name of claims) seats.push(poolFor(this.#claim(name, record.command), parent))
    return seats
  }

  /** Seats taken and promised, on all pools together: 0 at rest. */
  get taken(): number {
    let taken = 0
    for (const pool of [...this.#categories.values(), ...this.#claims.values()])
      taken += pool.holders.size + pool.heirs.size
    return taken
  }

  /** The commonest need, made once: a command without claims. */
  #categoryAlone(category: Category): readonly Pool[] {
    let seats = this.#alone.get(category)
    if (!seats) {
      seats = [category]
      this.#alone.set(category, seats)
    }
    return seats
  }

  #claim(name: string, command: string): Pool {
    let pool = this.#claims.get(name)
    if (!pool) {
      // Claims may come from a function of the goal; whatever that returns must not make pools without end.
      if (!this.#claimable.has(name)) throw this.#unknown(name, command)
      pool = new Pool('claim', name, 1)
      this.#claims.set(name, pool)
    }
    return pool
  }

  #unknown(name: string, command: string): TendonError {
    const near = nearNames(String(name), this.#claimable)
    const known = near.length > 0 ? near : [...this.#claimable]
    const message = `there is no joint or resource '${name}'; use ${oneOf(known)}`
    return new TendonError(problem('TENDON_GOAL_INVALID', { command, issues: [{ path: ['claims'], message }] }))
  }
}
