import type { Problem } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { ConflictPolicy } from '../define/categories.ts'
import type { Occupant, Pool } from './pool.ts'

/** A newcomer, as the seats see it. */
export interface SeatRequest {
  readonly command: string
  readonly priority: number
  readonly parent: Occupant | undefined
  readonly policy: ConflictPolicy
  /** Its category's pool first, then its claims'. */
  readonly pools: readonly Pool[]
  /** Live runs that `cancels` names. */
  readonly cancels: readonly Occupant[]
}

/** What becomes of a newcomer; nothing has been touched yet. */
export type SeatDecision =
  | { readonly verdict: 'start' }
  /** It is promised its seats; these runs are told to end first, and it starts when they have. */
  | { readonly verdict: 'displace'; readonly victims: readonly Occupant[] }
  | { readonly verdict: 'queue' }
  | { readonly verdict: 'refuse'; readonly problem: Problem }

const START: SeatDecision = { verdict: 'start' }
const QUEUE: SeatDecision = { verdict: 'queue' }

/**
 * Whether a newcomer gets its seats, and at whose cost. Pure: it looks at the whole set before anyone is touched.
 * Victims are what `cancels` names, and with the policy `preempt` those that stand in the way in any needed pool; never
 * an ancestor, never a run of higher priority. The newcomer's policy rules, whatever the victims' category says.
 */
export function judgeSeats(request: SeatRequest): SeatDecision {
  if (request.cancels.length === 0 && request.pools.every(hasRoom)) return START
  const victims = new Set<Occupant>()
  for (const named of request.cancels) {
    if (isAncestor(named, request.parent)) continue
    if (named.priority > request.priority) return refuse(outranked(request, named))
    victims.add(named)
  }
  for (const pool of request.pools) {
    const verdict = makeRoom(request, pool, victims)
    if (verdict !== undefined) return verdict
  }
  return victims.size === 0 && request.pools.every(hasRoom) ? START : { verdict: 'displace', victims: [...victims] }
}

const hasRoom = (pool: Pool): boolean => pool.holders.size + pool.heirs.size < pool.limit

/** Adds the victims that one pool needs, or says why there can be none. */
function makeRoom(request: SeatRequest, pool: Pool, victims: Set<Occupant>): SeatDecision | undefined {
  const preempts = request.policy === 'preempt'
  // A run that is already stopping will leave by itself; only a preempter may be promised its seat.
  const staying = [...pool.holders, ...pool.heirs].filter(
    (run) => !victims.has(run) && !(preempts && run.status === 'stopping'),
  )
  const excess = staying.length + 1 - pool.limit
  if (excess <= 0) return undefined
  if (request.policy === 'queue') return QUEUE
  if (!preempts) return refuse(full(request, pool))
  const candidates = staying.filter((run) => run.priority <= request.priority).sort(cheapestFirst)
  if (candidates.length < excess) {
    const stronger = staying.find((run) => run.priority > request.priority)
    return refuse(stronger ? outranked(request, stronger) : full(request, pool))
  }
  for (const victim of candidates.slice(0, excess)) victims.add(victim)
  return undefined
}

/** Lowest priority first; then those that have not started (a newer preempter cancels the older); then the oldest. */
function cheapestFirst(a: Occupant, b: Occupant): number {
  return a.priority - b.priority || Number(a.status !== 'pending') - Number(b.status !== 'pending') || a.seq - b.seq
}

export function isAncestor(candidate: Occupant, parent: Occupant | undefined): boolean {
  for (let run = parent; run; run = run.parent) if (run === candidate) return true
  return false
}

const refuse = (reason: Problem): SeatDecision => ({ verdict: 'refuse', problem: reason })

function outranked({ command, priority }: SeatRequest, by: Occupant): Problem {
  return problem('TENDON_OUTRANKED', { command, priority, by: by.id, holderPriority: by.priority })
}

function full({ command }: SeatRequest, pool: Pool): Problem {
  const [holder] = [...pool.holders, ...pool.heirs]
  if (pool.kind === 'claim')
    return problem('TENDON_CLAIM_TAKEN', { command, claim: pool.name, holder: holder?.id ?? 'another run' })
  const holders = [...pool.holders, ...pool.heirs].map((run) => run.id)
  return problem('TENDON_CATEGORY_FULL', { command, category: pool.name, limit: pool.limit, holders })
}
