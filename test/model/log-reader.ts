import type { CancelReason, RobotEvent } from '../../src/index.ts'
import { isSeated, limitOf, type ModelRun, Reference } from './reference.ts'
import { pools } from './rules.ts'

const SLACK = 1e-6
/** Halting joints is bounded by `haltTimeout` + 1 s, a safety act by its cap and the read back of silent servos. */
const LONGEST_STOP = 12

/**
 * Takes the robot's log line by line: a line that the rules do not allow at that moment throws, and every other moves
 * the reference on. `overdue` names what the rules want and the robot has not done.
 */
export class LogReader extends Reference {
  /** Runs in their `during` state, in the order in which they entered it. */
  #holding: ModelRun[] = []
  #started = 0
  #ended = 0
  #expectState: string | undefined

  /** Takes one line of the log. */
  observe(event: RobotEvent): void {
    const { at } = event
    // The transition that an end or a safety change announces is the very next line.
    const expected = this.#expectState
    this.#expectState = undefined
    if (expected !== undefined)
      must(event.type === 'transition' && event.to === expected, `a transition to ${expected} must follow`, event)
    if (event.type === 'transition') this.#onTransition(event, expected)
    else if (event.type === 'safety') this.#onSafety(event)
    else if (event.type === 'latched') this.latched = true
    else if (event.type === 'reset') this.latched = false
    else if (event.type === 'verdict') {
      must(this.acting, 'a verdict without an act', event)
      this.acting = false
      this.confirmed = event.confirmed
      if (!event.confirmed) this.acknowledged = false
    } else if (event.type === 'refused') this.#onRefused(event)
    else if (event.type === 'late_end') this.#onLateEnd(event.run)
    else if (event.type === 'queued') must(this.find(event.run)?.phase === 'queued', 'it may not wait', event)
    else if (event.type === 'started') this.#onStarted(this.#of(event.run), at, event)
    else if (event.type === 'interrupted') this.#onInterrupted(this.#of(event.run), event.reason, at, event)
    else if (event.type === 'cut_off') this.#onCutOff(this.#of(event.run), at, event)
    else if (event.type === 'ended') this.#onEnded(this.#of(event.run), event)
  }

  /** Transitions that a body asks for by itself are announced here. */
  asked: { readonly run: string; readonly to: string } | undefined

  #onTransition(event: RobotEvent & { type: 'transition' }, expected: string | undefined): void {
    const wanted = expected ?? (this.asked?.run === event.by ? this.asked.to : undefined)
    must(event.from === this.state && event.to === wanted, `no such transition was due from ${this.state}`, event)
    this.state = event.to
    this.asked = undefined
  }

  #onSafety(event: RobotEvent & { type: 'safety' }): void {
    const { from, to, by, at } = event
    must(from === this.safety, `it was ${this.safety}`, event)
    if (to === 'arming') must(from === 'disarmed' && !this.latched && !this.acting, 'it must not arm', event)
    if (to === 'armed') must(from === 'arming' && !this.latched, 'it must not be armed', event)
    if (to === 'arming') must(!this.live.some(({ phase }) => phase === 'stopping'), 'runs are stopping', event)
    if (to === 'disarmed' && from === 'disarming') must(this.confirmed === true && !this.acting, 'no verdict', event)
    if (from === 'fault') must(to === 'disarmed' && this.confirmed === true && this.acknowledged, 'no one acked', event)
    if (to === 'fault') this.acknowledged = false
    if (to === 'disarmed' && from === 'armed') must(false, 'it must disarm first', event)
    this.safety = to
    const operational = to === 'armed' ? 'idle' : 'disarmed'
    if (operational !== this.state) this.#expectState = operational
    // The hardware's own alarms and `onCrash: 'disarm'` are acts that nobody outside asked for.
    if (by === 'hardware') this.safetyAct(at)
  }

  /** A run that waited has its seats now: seen in `runs()`, or by the start that follows a microtask later. */
  promoted(run: ModelRun, now: number): void {
    const waits = run.victims.find((victim) => !this.ends.has(victim.id))
    if (waits) throw new Error(`${run.id} has its seats before its predecessor ${waits.id} has stopped`)
    const first = run.phase === 'queued' ? this.queued(run.rule.category)[0] : run
    if (first !== run) throw new Error(`${run.id} overtook ${first?.id}, the first of its queue`)
    for (const seat of run.seats) {
      // Who comes out of a queue may not take a seat that a preempter was promised.
      const others = this.occupants(seat).filter((other) => other !== run)
      const seated = run.phase === 'queued' ? others : others.filter(isSeated)
      if (seated.length >= limitOf(seat))
        throw new Error(`P7: ${run.id}: ${seat} is full: ${seated.map(({ id }) => id)}`)
    }
    run.phase = 'starting'
    run.since = now
  }

  #onStarted(run: ModelRun, at: number, event: RobotEvent): void {
    if (run.phase === 'queued' || run.phase === 'pending') this.promoted(run, at)
    must(run.phase === 'starting', 'it started twice', event)
    run.phase = 'running'
    run.since = at
    this.#started++
    const { during } = run.rule
    if (during === undefined) return
    run.stateBefore = this.state
    this.#holding.push(run)
    if (during !== this.state) this.#expectState = during
  }

  #onInterrupted(run: ModelRun, reason: CancelReason, at: number, event: RobotEvent): void {
    must(run.phase === 'running' && run.reason === undefined, 'it was not running', event)
    const late = at >= run.since + run.rule.deadline - SLACK
    must(run.wishes.includes(reason) || (reason === 'deadline' && late), `wished was only ${run.wishes}`, event)
    run.reason = reason
    this.stopping(run, reason, at)
  }

  #onCutOff(run: ModelRun, at: number, event: RobotEvent): void {
    must(run.reason !== undefined && !run.body, 'it was not stopping, or its body was over', event)
    must(at >= run.since + run.rule.grace - SLACK, 'its grace is not over', event)
    run.cutOff = true
    this.#unreturned.add(run.id)
    this.abandoned++
    this.stopping(run, run.reason ?? 'requested', at)
  }

  readonly #unreturned = new Set<string>()

  #onLateEnd(id: string): void {
    if (this.#unreturned.delete(id)) this.abandoned--
  }

  #onEnded(run: ModelRun, event: RobotEvent & { type: 'ended' }): void {
    const { status, reason, stopConfirmed } = event
    const child = this.live.find(({ parent }) => parent === run)
    must(child === undefined, `its child ${child?.id} lives`, event)
    if (!isSeated(run) || run.phase === 'starting') {
      const wished = reason !== undefined && run.wishes.includes(reason)
      must(status === 'canceled' && wished, `it had not started; wished was only ${run.wishes}`, event)
    } else {
      must(run.phase === 'stopping', 'its body is not over', event)
      if (run.reason) must(status === 'canceled' && reason === run.reason, `it was told to end: ${run.reason}`, event)
      else if (run.body?.ok === false) must(status === 'failed', 'its body threw', event)
      else must(status === this.#earned(run, stopConfirmed), `it had earned ${this.#earned(run, stopConfirmed)}`, event)
      if (run.reason) must(run.body !== undefined || run.cutOff, 'its body is not over', event)
      this.#ended++
    }
    this.#remove(run, status)
    const target = this.#targetOf(run, status === 'succeeded')
    must(event.transition === target, `the transition it brings is ${target}`, event)
    if (target !== undefined && target !== this.state) this.#expectState = target
    const crashed = status === 'failed' && run.reason === undefined && run.body?.ok === false && !run.body.declared
    if (crashed && run.rule.onCrash === 'disarm') this.safetyAct(event.at)
  }

  #earned(run: ModelRun, stopConfirmed: boolean): string {
    const next = run.body?.ok ? run.body.next : undefined
    const reachable =
      next === undefined || (this.safety === 'armed' && ['idle', 'recording', 'playback'].includes(next))
    return stopConfirmed && reachable ? 'succeeded' : 'failed'
  }

  #targetOf(run: ModelRun, succeeded: boolean): string | undefined {
    const back = this.#wayOut(run)
    return succeeded && run.body?.ok && run.body.next !== undefined ? run.body.next : back
  }

  /** Where the end of a `during` leads: nowhere while a run that came from this state holds on; it inherits the way. */
  #wayOut(run: ModelRun): string | undefined {
    const { stateBefore } = run
    const held = run.rule.during
    const later = this.#holding.slice(this.#holding.indexOf(run) + 1)
    this.#holding = this.#holding.filter((other) => other !== run)
    if (stateBefore === undefined) return undefined
    const heir = later.find((other) => other.stateBefore === held)
    if (heir) heir.stateBefore = stateBefore
    return heir === undefined && this.state === held && stateBefore !== held ? stateBefore : undefined
  }

  /** One that waited and may not start after all; refusals at the door are compared by whoever called. */
  #onRefused(event: RobotEvent & { type: 'refused' }): void {
    const run = this.find(event.run)
    if (!run) return
    const { code } = event.problem
    must(run.phase === 'queued' || run.phase === 'pending', 'it has started', event)
    const waited = event.at - run.since >= (pools[run.rule.category]?.queueTimeout ?? 0) - SLACK
    const timedOut = code === 'TENDON_QUEUE_TIMEOUT' && run.phase === 'queued' && waited
    must(timedOut || code === this.against(run.rule), 'nothing stands against it', event)
    this.#remove(run, 'refused')
  }

  #remove(run: ModelRun, end: string): void {
    this.live = this.live.filter((other) => other !== run)
    this.ends.set(run.id, { status: end, cutOff: run.cutOff })
  }

  find(id: string): ModelRun | undefined {
    return this.live.find((run) => run.id === id)
  }

  #of(id: string): ModelRun {
    const run = this.find(id)
    if (!run) throw new Error(`the log speaks of ${id}, which is not live: ${this.ends.get(id)?.status ?? 'never was'}`)
    return run
  }

  /** Runs that were told to end and have not heard it yet: none, as soon as whoever told them has returned. */
  unheeded(): string[] {
    return this.live.filter(isUnheeding).map(({ id, wishes }) => `${id}: ${wishes}`)
  }

  // What must have happened by now

  /** Everything that is due and has not been done, when no promise reaction and no turn is left. */
  overdue(now: number): string[] {
    const due = this.live.flatMap((run) => this.#overdue(run, now - SLACK).map((what) => `${run.id}: ${what}`))
    if (this.acting && now > this.actingSince + LONGEST_STOP) due.push('the safety act has no verdict')
    if (this.#started - this.#ended !== this.live.filter(isSeated).length) due.push('starts and ends do not add up')
    return due
  }

  #overdue(run: ModelRun, now: number): string[] {
    const { phase, since, rule } = run
    if (isUnheeding(run)) return [`was not told to end: ${run.wishes}`]
    if (phase === 'starting') return ['was not started']
    if (phase === 'running') return now > since + rule.deadline ? ['is over its deadline'] : []
    if (phase === 'queued') {
      const first = this.queued(rule.category)[0] === run
      const next = this.against(rule) ? 'refuse' : this.judgeSeats(rule, run.seats, run.parent).verdict
      return first && next !== 'queue' ? [`waits although its turn has come: ${next}`] : []
    }
    if (phase === 'pending') {
      const waits = run.victims.some((victim) => !this.ends.has(victim.id))
      const full = run.seats.some((seat) => this.occupants(seat).filter(isSeated).length >= limitOf(seat))
      return waits || full ? [] : ['waits although all its victims have stopped']
    }
    if (this.live.some((child) => child.parent === run)) return []
    if (!run.body && !run.cutOff) return now > since + rule.grace ? ['is over its grace'] : []
    const halts = rule.claims.length > 0 ? LONGEST_STOP : 0
    return now > since + rule.grace + halts || (halts === 0 && (run.body || run.cutOff)) ? ['must have ended'] : []
  }
}

const isUnheeding = ({ wishes, reason, body }: ModelRun): boolean => wishes.length > 0 && !reason && !body

function must(holds: boolean, what: string, event: RobotEvent): asserts holds {
  if (!holds)
    throw new Error(`${event.type} (line ${event.seq}, ${event.at.toFixed(3)} s): ${what}\n${JSON.stringify(event)}`)
}
