import type { CancelReason } from '../../src/index.ts'
import { type CommandRule, MAX_ABANDONED, pools, rules } from './rules.ts'

/** What a body did at its end, as the body itself tells it. */
export type BodyEnd =
  | { readonly ok: true; readonly next: string | undefined }
  | { readonly ok: false; readonly declared: boolean }

export type Verdict =
  | { readonly verdict: 'start' | 'queue' }
  | { readonly verdict: 'displace'; readonly victims: readonly ModelRun[] }
  | { readonly verdict: 'refuse'; readonly code: string }

export interface ModelRun {
  readonly id: string
  readonly order: number
  readonly rule: CommandRule
  readonly parent: ModelRun | undefined
  /** Pool names; `pan@x` is the seat in `pan` that run x lends to its children. */
  readonly seats: readonly string[]
  phase: 'queued' | 'pending' | 'starting' | 'running' | 'stopping'
  victims: readonly ModelRun[]
  /** Since when it is in this phase. */
  since: number
  /** Why it is told to end, by whoever does; several at once when a victim's parent is a victim too. */
  readonly wishes: CancelReason[]
  /** The one that the robot took, by its event. */
  reason?: CancelReason
  body?: BodyEnd
  cutOff: boolean
  /** A safety act came: its cleanup may neither move anything nor start children. */
  forbidden: boolean
  stateBefore?: string
}

const refuse = (code: string): Verdict => ({ verdict: 'refuse', code })
const rootOf = (seat: string): string => seat.split('@')[0] as string

/**
 * What DESIGN.md says a robot does, in the plainest form: lists instead of tables, no promises, no time but what it is
 * told. It judges a command before the robot does. `LogReader` moves it on, by what the robot says of itself.
 */
export class Reference {
  state = 'disarmed'
  safety = 'disarmed'
  latched = false
  closing = false
  /** A safety act has begun and has no verdict yet. */
  acting = false
  actingSince = 0
  confirmed: boolean | undefined
  /** Somebody has acknowledged the present fault. */
  acknowledged = false
  abandoned = 0
  live: ModelRun[] = []
  /** How each run ended: started runs by `ended`, others by `ended` or `refused`. */
  readonly ends = new Map<string, { readonly status: string; readonly cutOff: boolean }>()
  #order = 0

  // Judging

  judge(command: string, parent?: ModelRun): Verdict {
    const rule = rules[command] as CommandRule
    if (parent && (parent.body || parent.cutOff || parent.forbidden)) return refuse('TENDON_RUN_CANCELED')
    const against = this.against(rule)
    if (against) return refuse(against)
    if (this.abandoned >= MAX_ABANDONED) return refuse('TENDON_TOO_MANY_ABANDONED')
    const seats = this.#seatsFor(rule, parent)
    const verdict = this.judgeSeats(rule, seats, parent)
    const { queueLength = 0 } = pools[rule.category] ?? {}
    const queue = this.queued(rule.category)
    // Even with room: nobody overtakes those of the same rank who wait for the same seat.
    const late = queue.some((other) => other.seats[0] === seats[0] && other.rule.priority >= rule.priority)
    if (verdict.verdict !== 'queue' && (verdict.verdict === 'refuse' || !late)) return verdict
    return queue.length >= queueLength ? refuse('TENDON_QUEUE_FULL') : { verdict: 'queue' }
  }

  protected against({ allowed }: CommandRule): string | undefined {
    if (this.closing) return 'TENDON_CLOSED'
    if (allowed.includes(this.state)) return undefined
    if (this.safety === 'fault') return 'TENDON_IN_FAULT'
    if (this.latched) return 'TENDON_LATCHED'
    return this.safety === 'armed' ? 'TENDON_STATE_NOT_ALLOWED' : 'TENDON_DISARMED'
  }

  /** The seat that the nearest ancestor with one lends, otherwise the common one. */
  #seatsFor({ category, claims }: CommandRule, parent: ModelRun | undefined): string[] {
    return [category, ...claims].map((name) => {
      for (let above = parent; above; above = above.parent)
        if (above.seats.some((seat) => rootOf(seat) === name)) return `${name}@${above.id}`
      return name
    })
  }

  protected judgeSeats(rule: CommandRule, seats: readonly string[], parent: ModelRun | undefined): Verdict {
    const policy = pools[rule.category]?.conflict
    const victims = new Set<ModelRun>()
    for (const run of this.live.filter((run) => isNamed(run, rule.cancels) && !isAbove(run, parent))) {
      if (run.rule.priority > rule.priority) return refuse('TENDON_OUTRANKED')
      victims.add(run)
    }
    for (const seat of seats) {
      const staying = this.occupants(seat).filter(
        (run) => !victims.has(run) && !(policy === 'preempt' && run.phase === 'stopping'),
      )
      const excess = staying.length + 1 - limitOf(seat)
      if (excess <= 0) continue
      if (policy === 'queue') return { verdict: 'queue' }
      const weaker = staying.filter((run) => run.rule.priority <= rule.priority).sort(weakestFirst)
      if (policy === 'preempt' && weaker.length < excess) return refuse('TENDON_OUTRANKED')
      if (policy === 'reject') return refuse(seat === seats[0] ? 'TENDON_CATEGORY_FULL' : 'TENDON_CLAIM_TAKEN')
      for (const run of weaker.slice(0, excess)) victims.add(run)
    }
    const free = seats.every((seat) => this.occupants(seat).length < limitOf(seat))
    return victims.size === 0 && free ? { verdict: 'start' } : { verdict: 'displace', victims: [...victims] }
  }

  /** Who has a seat, or was promised one. */
  occupants(seat: string): ModelRun[] {
    return this.live.filter((run) => run.phase !== 'queued' && run.seats.includes(seat))
  }

  queued(category: string): ModelRun[] {
    const waiting = this.live.filter((run) => run.phase === 'queued' && run.rule.category === category)
    return waiting.sort((a, b) => b.rule.priority - a.rule.priority || a.order - b.order)
  }

  /** What stands against `arm()` when no arming is under way and the robot is not armed. */
  againstArming(): string | undefined {
    if (this.closing) return 'TENDON_CLOSED'
    if (this.latched) return 'TENDON_LATCHED'
    if (this.safety === 'fault') return 'TENDON_IN_FAULT'
    if (this.acting) return 'TENDON_DISARMING'
    return this.live.some(({ phase }) => phase === 'stopping') ? 'TENDON_RUNS_STOPPING' : undefined
  }

  // What is done to the robot

  admitted(id: string, command: string, parent: ModelRun | undefined, verdict: Verdict, now: number): void {
    const rule = rules[command] as CommandRule
    const phase = verdict.verdict === 'start' ? 'starting' : verdict.verdict === 'queue' ? 'queued' : 'pending'
    const victims = verdict.verdict === 'displace' ? verdict.victims : []
    const seats = this.#seatsFor(rule, parent)
    const order = this.#order++
    this.live.push({
      id,
      order,
      rule,
      parent,
      seats,
      phase,
      victims,
      since: now,
      wishes: [],
      cutOff: false,
      forbidden: false,
    })
    for (const victim of victims) this.wish(victim, 'preempted')
  }

  /** Somebody tells this run to end. The first to do so is the reason. */
  wish(run: ModelRun, reason: CancelReason): void {
    if (!run.body && !run.cutOff && run.reason === undefined) run.wishes.push(reason)
  }

  safetyAct(now: number, reason: 'safety' | 'shutdown' = 'safety'): void {
    if (!this.acting) this.actingSince = now
    this.acting = true
    for (const run of this.live)
      if (reason === 'shutdown' || run.rule.onSafety !== 'continue') this.#forbid(run, reason)
  }

  #forbid(run: ModelRun, reason: CancelReason): void {
    this.wish(run, reason)
    if (!run.body && !run.cutOff) run.forbidden = true
  }

  bodyEnded(run: ModelRun, end: BodyEnd, now: number): void {
    if (run.cutOff || run.body) return
    run.body = end
    this.stopping(run, run.reason ?? 'requested', now)
  }

  /** Its children are told to end with it. */
  protected stopping(run: ModelRun, reason: CancelReason, now: number): void {
    if (run.phase !== 'stopping') run.since = now
    run.phase = 'stopping'
    const inherited = reason === 'safety' || reason === 'shutdown' || reason === 'deadline' ? reason : 'parent'
    for (const child of this.live.filter((child) => child.parent === run))
      inherited === 'safety' || inherited === 'shutdown' ? this.#forbid(child, inherited) : this.wish(child, inherited)
  }
}

export const isSeated = ({ phase }: ModelRun): boolean =>
  phase === 'starting' || phase === 'running' || phase === 'stopping'
export const limitOf = (seat: string): number => (seat.includes('@') ? 1 : (pools[seat]?.limit ?? 1))
/** Lowest priority, then who has not started, then the oldest. */
const weakestFirst = (a: ModelRun, b: ModelRun): number =>
  a.rule.priority - b.rule.priority ||
  Number(a.phase !== 'pending') - Number(b.phase !== 'pending') ||
  a.order - b.order
const isNamed = ({ rule }: ModelRun, cancels: CommandRule['cancels']): boolean =>
  cancels === '*' || (cancels?.includes(rule.category) ?? false)

function isAbove(run: ModelRun, parent: ModelRun | undefined): boolean {
  return parent !== undefined && (run === parent || isAbove(run, parent.parent))
}
