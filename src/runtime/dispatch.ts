import type { Cause } from '../base/cause.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { within } from '../base/clock.ts'
import { type CancelReason, Interrupted, type Outcome } from '../base/outcome.ts'
import { describe, type Problem, TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import { validate } from '../base/schema.ts'
import type { Storage } from '../base/storage.ts'
import type { Command } from '../define/command.ts'
import type { Next } from '../define/context.ts'
import type { Handle } from '../define/handle.ts'
import type { Limits } from '../define/limits.ts'
import type { OpGenerator } from '../define/operation.ts'
import type { ParameterValue } from '../define/parameter.ts'
import type { SensorReader } from '../define/sensor-reader.ts'
import { admit, againstState, type RobotView } from '../gate/admit.ts'
import { checkGoal } from '../gate/goal.ts'
import type { Category, Pool } from '../gate/pool.ts'
import { isAncestor, judgeSeats, type SeatRequest } from '../gate/seats.ts'
import type { EventLog } from '../log/event-log.ts'
import type { SafetyState } from '../log/events.ts'
import type { Hardware, JointGrant, JointReading } from '../motion/contract.ts'
import { isAsyncGenerator, isGenerator, isThenable } from '../run/body-kind.ts'
import type { CommandRecord } from '../run/command-record.ts'
import { BodyContext } from '../run/context.ts'
import { Deadlines } from '../run/deadlines.ts'
import { checkResult, type Ending, failure, isOwnEnd, reasonOf, success, threw } from '../run/ending.ts'
import { type HandleHost, handleOf } from '../run/handle.ts'
import type { RunHost } from '../run/host.ts'
import { RunInbox } from '../run/inbox.ts'
import { LiveRuns } from '../run/live-runs.ts'
import type { OpTable } from '../run/op-table.ts'
import { isInterruption } from '../run/operations.ts'
import { Run } from '../run/run.ts'
import type { Scope } from '../run/scope.ts'
import { type Strand, type StrandEnd, StrandGroup } from '../run/strand.ts'
import type { Latch } from '../state/machine.ts'
import type { RobotState } from '../state/robot-state.ts'
import type { Hub } from '../stream/hub.ts'
import { FreeSeats } from './free-seats.ts'
import { SeatMap } from './seat-map.ts'

/** What the flow is built from; `runtime/start.ts` puts it together. */
export interface DispatchParts {
  readonly robot: string
  readonly clock: Clock
  readonly limits: Limits
  readonly log: EventLog
  readonly state: RobotState
  readonly hardware: Hardware
  readonly topics: Hub<unknown>
  readonly sensors: Readonly<Record<string, SensorReader<unknown>>>
  readonly storage: Storage
  readonly params: Readonly<Record<string, ParameterValue>>
  readonly categories: ReadonlyMap<string, Category>
  /** Joints and resources: all that can be claimed. */
  readonly claimable: ReadonlySet<string>
  /** The record of a command that a body names in `uses`. */
  recordFor(name: string, command: Command, lifecycle: boolean): CommandRecord
  /** `onCrash: 'disarm'`: the runtime disarms because of this run. */
  disarmAfterCrash(run: Run): void
  /** Resolves when the safety act that is under way has its verdict: which joints are not confirmed. */
  safetyVerdict(): Promise<ReadonlySet<string>> | undefined
}

/** Launches in a row before the event loop gets a turn: callers that answer each other must not stop the world. */
const BURST = 256

/**
 * The path of a command, all of it: execute -> admit -> reserve -> launch -> (interrupt -> cut off) -> finish ->
 * settle -> pump. Every way into the robot calls `execute`, and no other function starts, ends or releases a run.
 * Each step decides first and then acts without waiting in between.
 */
export class Dispatcher implements RunHost, HandleHost, RobotView {
  readonly #parts: DispatchParts
  readonly clock: Clock
  readonly log: EventLog
  readonly limits: Limits
  readonly topics: Hub<unknown>
  readonly sensors: Readonly<Record<string, SensorReader<unknown>>>
  readonly storage: Storage
  readonly params: Readonly<Record<string, ParameterValue>>
  table: OpTable = new Map()

  readonly #runs = new LiveRuns()
  readonly #seatMap: SeatMap
  readonly #queues = new Map<Category, Run[]>()
  readonly #heirs = new Set<Run>()
  /** Runs that hold the robot in their `during` state, in the order in which they entered it. */
  readonly #holding: Run[] = []
  readonly #strandOwners = new WeakMap<StrandGroup, Run>()
  readonly #free: FreeSeats
  readonly #deadlines: Deadlines
  #launching: Run[] | undefined
  #launched = 0
  #seq = 0
  #turn: Timer | undefined
  #idle: (() => void)[] = []
  abandoned = 0
  staleCompletions = 0
  closing = false
  retiring = false
  /** Why the robot is in fault, for the sentence of a refusal. */
  fault = ''

  constructor(parts: DispatchParts) {
    this.#parts = parts
    this.clock = parts.clock
    this.log = parts.log
    this.limits = parts.limits
    this.topics = parts.topics
    this.#seatMap = new SeatMap(parts.categories, parts.claimable)
    this.#free = new FreeSeats(parts.robot, parts.limits.maxRuns)
    this.sensors = parts.sensors
    this.storage = parts.storage
    this.params = parts.params
    this.#deadlines = new Deadlines(parts.clock, (waiter) => this.#due(waiter as Run))
  }

  get operational(): string {
    return this.#parts.state.operational
  }

  get robot(): string {
    return this.#parts.robot
  }

  get safety(): SafetyState {
    return this.#parts.state.safety
  }

  get latch(): Latch | undefined {
    return this.#parts.state.latch
  }

  get live(): number {
    return this.#runs.size
  }

  /** Live runs, oldest first. */
  runs(): Run[] {
    return this.#runs.all()
  }

  find(id: string): Run | undefined {
    return this.#runs.find(id)
  }

  // ── execute ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The one way in: judges a command and, if it is admitted, takes its seats, in one step. Never throws. */
  execute(command: CommandRecord, input: unknown, parent?: Run, cause?: Cause): Handle {
    const record = command.renew === undefined ? command : command.renew()
    const checked = checkGoal(record.command, record.data.goal, input)
    if ('problem' in checked) return this.refuse(record, input, checked.problem, parent, cause)
    const goal = checked.value
    const run = new Run(++this.#seq, record, input, goal, record.priority, parent, cause)
    try {
      run.seats = this.#seatMap.seatsFor(record, goal, parent)
    } catch (error) {
      return this.#refuse(run, threw(record.command, error))
    }
    const seats = this.#seatRequest(run)
    const decision = admit(this, record, seats)
    if (decision.verdict === 'refuse') return this.#refuse(run, decision.problem)
    if (decision.verdict === 'queue' || this.#waitsItsTurn(run)) return this.#enqueue(run)
    this.#register(run)
    if (decision.verdict === 'displace') this.#displace(run, decision.victims as readonly Run[])
    else this.#start(run)
    return handleOf(run, this)
  }

  #seatRequest(run: Run): SeatRequest {
    const { record, priority, parent } = run
    const cancels = record.data.cancels === undefined ? NO_RUNS : this.#named(record.data.cancels, parent)
    return { command: record.command, priority, parent, policy: record.category.conflict, pools: run.seats, cancels }
  }

  #named(cancels: readonly string[] | '*', parent: Run | undefined): Run[] {
    return this.runs().filter(
      (run) => !isAncestor(run, parent) && (cancels === '*' || cancels.includes(run.record.category.name)),
    )
  }

  /** A command that does not even reach the gates. */
  refuse(record: CommandRecord, input: unknown, reason: Problem, parent?: Run, cause?: Cause): Handle {
    return this.#refuse(new Run(++this.#seq, record, input, input, record.priority, parent, cause), reason)
  }

  /** A refusal is an outcome and a line in the log, and changes nothing else. */
  #refuse(run: Run, reason: Problem): Handle {
    run.seats = []
    run.status = 'ended'
    run.outcome = { status: 'refused', error: reason }
    this.#recordRefusal(run, reason)
    this.tell()
    return handleOf(run, this)
  }

  #recordRefusal(run: Run, reason: Problem): void {
    const { id, record, input, cause } = run
    this.log.record({ type: 'refused', run: id, command: record.command, goal: input, problem: reason, cause })
  }

  // ── reserve ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #register(run: Run): void {
    this.#runs.add(run)
    if (run.parent) {
      run.parent.children ??= new Set()
      run.parent.children.add(run)
    }
  }

  /** Its victims are told to end only now, when it owns its reservation; it starts when they have stopped. */
  #displace(run: Run, victims: readonly Run[]): void {
    for (const pool of run.seats) pool.heirs.add(run)
    run.victims = new Set(victims)
    this.#heirs.add(run)
    for (const victim of victims) this.interrupt(victim, 'preempted')
    this.tell()
  }

  /** An heir takes the seats that it was promised. */
  #promote(heir: Run): void {
    this.#heirs.delete(heir)
    heir.victims = undefined
    for (const pool of heir.seats) pool.heirs.delete(heir)
    this.#start(heir)
  }

  /** Takes its seats. The body begins a microtask later, when its caller has the handle. */
  #start(run: Run): void {
    for (const pool of run.seats) pool.holders.add(run)
    run.status = 'starting'
    if (this.#launching) {
      this.#launching.push(run)
      return
    }
    this.#launching = [run]
    if (++this.#launched % BURST === 0) this.clock.turn(this.#launchAll)
    // Not `queueMicrotask`: Node makes an async resource for each.
    else void SETTLED.then(this.#launchAll)
  }

  #dequeue(run: Run): void {
    const { category } = run.record
    const queue = this.#queues.get(category)
    const at = queue?.indexOf(run) ?? -1
    if (at >= 0) queue?.splice(at, 1)
    if (queue?.length === 0) this.#queues.delete(category)
  }

  /** There is room, and yet others of its rank have waited longer for a seat of the same pool. */
  #waitsItsTurn(run: Run): boolean {
    const queue = this.#queues.get(run.record.category)
    return queue?.some((other) => other.seats[0] === run.seats[0] && other.priority >= run.priority) ?? false
  }

  #enqueue(run: Run): Handle {
    const { category, command } = run.record
    const queue = this.#queues.get(category) ?? []
    if (queue.length >= category.queueLength) {
      const facts = { command, category: category.name, length: queue.length }
      return this.#refuse(run, problem('TENDON_QUEUE_FULL', facts))
    }
    run.status = 'queued'
    this.#register(run)
    // By priority, then first come: it goes behind everyone who is not below it.
    const at = queue.findIndex((other) => other.priority < run.priority)
    queue.splice(at < 0 ? queue.length : at, 0, run)
    this.#queues.set(category, queue)
    this.#deadlines.join(run, category.queueTimeout, this.clock.now())
    this.log.record({ type: 'queued', run: run.id, command, category: category.name, cause: run.cause })
    this.tell()
    return handleOf(run, this)
  }

  // ── launch ───────────────────────────────────────────────────────────────────────────────────────────────────────

  readonly #launchAll = (): void => {
    const runs = this.#launching ?? NO_RUNS
    this.#launching = undefined
    for (const run of runs) if (!run.ending) this.#launch(run)
  }

  #launch(run: Run): void {
    const { record } = run
    run.status = 'running'
    const { id, input, parent } = run
    const { at } = this.log.record({
      seq: 0,
      at: 0,
      type: 'started',
      run: id,
      command: record.command,
      goal: input,
      parent: parent?.id,
      cause: run.cause,
    })
    this.#deadlines.join(run, record.deadline, at)
    // Nothing else may happen for a long time; without listeners the turn would be for nobody.
    if (this.log.listeners > 0) this.tell()
    if (run.parent) this.#borrow(run)
    try {
      if (record.data.during !== undefined) this.#enter(run, record.data.during)
      this.#takeBody(run, record.data.run(new BodyContext(run, this) as never))
    } catch (error) {
      this.#bodyThrew(run, error)
    }
  }

  /** While a run has borrowed a claim, the access of the ancestor that lent it pauses. */
  #borrow(run: Run): void {
    run.borrows = true
    for (const lender of lendersOf(run)) if (lender.borrowers++ === 0) lender.grant?.pause()
  }

  #giveBack(run: Run): void {
    if (!run.borrows) return
    run.borrows = false
    for (const lender of lendersOf(run)) if (--lender.borrowers === 0) lender.grant?.resume()
  }

  #enter(run: Run, during: string): void {
    const before = this.operational
    this.transition(run, during)
    run.stateBefore = before
    this.#holding.push(run)
  }

  #takeBody(run: Run, body: unknown): void {
    if (body instanceof Promise) {
      body.then(
        (value) => this.#bodyReturned(run, value),
        (error) => this.#bodyThrew(run, error),
      )
    } else if (isGenerator(body)) this.#drive(run, body)
    else if (isAsyncGenerator(body)) throw new TendonError(problem('TENDON_BODY_KIND', { command: run.record.command }))
    else if (isThenable(body)) this.#takeBody(run, Promise.resolve(body))
    else this.#bodyReturned(run, body)
  }

  /** A generator body: its strands belong to the run, and forks do not outlive it. */
  #drive(run: Run, body: OpGenerator<unknown>): void {
    const group = new StrandGroup({
      name: run.record.command,
      table: this.table,
      limit: this.limits.strands,
      inboxSize: this.limits.inbox,
      turn: (fn) => this.clock.turn(fn),
      stale: (op) => {
        this.staleCompletions++
        this.log.record({ type: 'dropped', what: `completion of ${op}`, run: run.id, count: this.staleCompletions })
        this.tell()
      },
    })
    run.strands = group
    this.#strandOwners.set(group, run)
    const ended = (main: StrandEnd): void => {
      const [unjoined] = group.unjoined
      const end = main.ok && unjoined ? unjoined : main
      const report = (): void => (end.ok ? this.#bodyReturned(run, end.value) : this.#bodyThrew(run, end.error))
      if (group.size === 0) return report()
      // What it forked ends with it, and has the grace period for that.
      if (!run.ending) this.#end(run, end.ok ? success(end.value) : failure(run.record.command, end.error))
      void group.cancelled().then(report)
    }
    group.start(body, ended)
  }

  runOf(strand: Strand): Run {
    return this.#strandOwners.get(strand.group) as Run
  }

  startChild(parent: Run, name: string, command: Command, goal: unknown): Handle {
    const record = this.#parts.recordFor(name, command, parent.record.lifecycle)
    if (parent.bodyOver || parent.motionForbidden) {
      const facts = { command: parent.record.command, reason: 'it is over, or its cleanup may not move anything' }
      return this.refuse(record, goal, problem('TENDON_RUN_CANCELED', facts), parent)
    }
    return this.execute(record, goal, parent)
  }

  // ── while it runs ────────────────────────────────────────────────────────────────────────────────────────────────

  /** Changes the operational state on behalf of a run, or throws. */
  transition(run: Run, target: string): void {
    const { state } = this.#parts
    if (!state.canGo(target)) throw new TendonError(this.#badTransition(run, target))
    this.#go(target, run.id)
  }

  #go(target: string, by: string): void {
    const { state } = this.#parts
    const from = state.operational
    if (from === target) return
    state.send({ type: 'GO', to: target })
    this.log.record({ type: 'transition', from, to: target, by })
    this.tell()
  }

  #badTransition(run: Run, target: string): Problem {
    const { state } = this.#parts
    const states = [...state.states]
    return problem('TENDON_BAD_TRANSITION', { command: run.record.command, target, state: state.operational, states })
  }

  grant(run: Run): JointGrant {
    if (!run.grant) {
      const { hardware } = this.#parts
      const names = run.seats.filter((seat) => seat.kind === 'claim').map((seat) => seat.name)
      run.grant = hardware.grant(
        names.filter((name) => hardware.jointNames.includes(name)),
        run.id,
      )
      if (run.borrowers > 0) run.grant.pause()
    }
    return run.grant
  }

  /** Decelerates the joints that a run claims; true when they were read standing still. */
  async halt(run: Run): Promise<boolean> {
    const { joints } = this.grant(run)
    return (await this.#stillMoving(joints)).length === 0
  }

  joint(name: string): JointReading {
    return this.#parts.hardware.joint(name)
  }

  send(run: Run, message: unknown): boolean {
    if (run.ended) return false
    const schema = run.record.data.message
    const checked = schema ? validated(schema, message) : { value: message }
    if (!checked || !('value' in checked)) {
      this.log.record({ type: 'dropped', what: 'message', run: run.id, count: 1 })
      this.tell()
      return false
    }
    run.inbox ??= new RunInbox(this.limits.inbox)
    const before = run.inbox.dropped
    run.inbox.put(checked.value)
    if (run.inbox.dropped > before) {
      this.log.record({ type: 'dropped', what: 'message', run: run.id, count: run.inbox.dropped })
      this.tell()
    }
    return true
  }

  late(run: Run, call: string): void {
    this.log.record({ type: 'late_call', run: run.id, call })
    this.tell()
  }

  /** Something that a body registered threw: one failure of its run. */
  threw(where: string, run: Run, error: unknown): void {
    this.log.record({ type: 'user_code_threw', where, run: run.id, message: describe(error) })
    this.tell()
    if (run.status === 'running')
      this.#end(run, { status: 'failed', error: threw(run.record.command, error), crashed: true })
  }

  turn(fn: () => void): Timer {
    return this.clock.turn(fn)
  }

  // ── interrupt ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Tells a run to end. The first reason is the outcome's; a later one can only take motion away from its cleanup. */
  interrupt(run: Run, reason: CancelReason): void {
    if (this.#isFirst(run, reason)) this.#end(run, { status: 'canceled', reason })
  }

  /**
   * Interrupts every run that a safety act concerns (a shutdown: every run), and gives them. The outcome of all is
   * decided first, then all handlers are called, and only then the rest is done: the last run hears of a stop almost as
   * soon as the first.
   */
  interruptAll(reason: CancelReason): readonly Run[] {
    // A copy: what a listener starts in reply is judged in the new state and belongs to it.
    const concerned = this.runs().filter((run) => reason === 'shutdown' || run.record.data.onSafety !== 'continue')
    const ending = { status: 'canceled', reason } as const
    const told: Run[] = []
    const works: (Scope | undefined)[] = []
    for (const run of concerned) {
      if (!this.#isFirst(run, reason)) continue
      told.push(run)
      works.push(this.#decide(run, ending))
    }
    told.forEach((run, i) => {
      this.#tellBody(run, works[i])
    })
    told.forEach((run, i) => {
      this.#windDown(run, works[i])
    })
    return concerned
  }

  /** Ends the runs of joints whose bus is gone: for them it is a failure, not only a stop. */
  failHolders(joints: readonly string[], error: Problem): void {
    const holds = (run: Run): boolean => run.seats.some(({ kind, name }) => kind === 'claim' && joints.includes(name))
    for (const run of this.runs())
      if (run.status === 'running' && holds(run) && this.#isFirst(run, 'safety'))
        this.#end(run, { status: 'failed', error, crashed: false })
  }

  /** Whether nothing has ended this run yet. A later reason can still take motion away from its cleanup. */
  #isFirst(run: Run, reason: CancelReason): boolean {
    if (run.ended || run.settling) return false
    if (reason === 'safety' || reason === 'shutdown') run.motionForbidden = true
    return run.ending === undefined
  }

  /** Takes a run out of `running` (or out of the wait for it) with this ending. */
  #end(run: Run, ending: Ending): void {
    const work = this.#decide(run, ending)
    this.#tellBody(run, work)
    this.#windDown(run, work)
  }

  /** Its ending stands. Gives the scope of its work; cleanup has one of its own, made when it first needs it. */
  #decide(run: Run, ending: Ending): Scope | undefined {
    run.ending = ending
    if (run.status !== 'running') return undefined
    run.status = 'stopping'
    const work = run.scope
    run.scope = undefined
    return work
  }

  #tellBody(run: Run, work: Scope | undefined): void {
    work?.interrupt(Interrupted.by(reasonOf(run.ending)), (error) => this.#cleanupThrew(run, error))
  }

  /** The rest of an interrupt; from here on the grace period bounds the cleanup. */
  #windDown(run: Run, work: Scope | undefined): void {
    if (run.bodyOver) return
    this.#deadlines.leave(run)
    if (run.status !== 'stopping') return this.#withdraw(run)
    const reason = reasonOf(run.ending)
    const told =
      run.ending?.status === 'canceled' && this.log.record({ seq: 0, at: 0, type: 'interrupted', run: run.id, reason })
    this.#deadlines.join(run, run.record.grace, told ? told.at : this.clock.now())
    this.#interruptChildren(run, reason)
    run.inbox?.end(Interrupted.by(reason))
    work?.release((error) => this.#cleanupThrew(run, error))
    run.strands?.cancel()
    this.tell()
  }

  #interruptChildren(run: Run, reason: CancelReason): void {
    const handedDown = reason === 'safety' || reason === 'shutdown' || reason === 'deadline' ? reason : 'parent'
    for (const child of run.children ?? NO_RUNS) this.interrupt(child, handedDown)
  }

  /** A run that never started: nothing to stop. */
  #withdraw(run: Run): void {
    this.#dequeue(run)
    this.#heirs.delete(run)
    run.bodyOver = true
    run.settling = true
    this.#settle(run, NO_JOINTS)
  }

  #cleanupThrew(run: Run, error: unknown): void {
    if (!isInterruption(error))
      this.log.record({ type: 'user_code_threw', where: 'cleanup', run: run.id, message: describe(error) })
  }

  /** A deadline came: of a queued run, of a running one, or the end of the grace of a stopping one. */
  #due(run: Run): void {
    if (run.status === 'queued') {
      const { command, category } = run.record
      const facts = { command, category: category.name, waited: category.queueTimeout }
      this.#refuseWaiting(run, problem('TENDON_QUEUE_TIMEOUT', facts))
    } else if (run.status === 'running') this.interrupt(run, 'deadline')
    else if (run.status === 'stopping') this.#cutOff(run)
  }

  /** The body ignored the interrupt: its access is taken away, and what it does from now on counts for nothing. */
  #cutOff(run: Run): void {
    if (run.bodyOver) return
    run.cutOff = true
    run.abandoned = true
    this.abandoned++
    this.log.record({ type: 'cut_off', run: run.id })
    this.#bodyIsOver(run)
  }

  // ── finish: the body has ended or was cut off ────────────────────────────────────────────────────────────────────

  #bodyReturned(run: Run, value: unknown): void {
    if (this.#bodyIsLate(run)) return
    run.ending ??= success(value)
    this.#bodyIsOver(run)
  }

  #bodyThrew(run: Run, error: unknown): void {
    if (this.#bodyIsLate(run)) return
    if (run.ending && !isOwnEnd(run.ending, error)) this.#cleanupThrew(run, error)
    run.ending ??= failure(run.record.command, error)
    this.#bodyIsOver(run)
  }

  /** A body that was cut off has returned at last, or one reports a second time. */
  #bodyIsLate(run: Run): boolean {
    if (!run.bodyOver) return false
    this.log.record({ type: 'late_end', run: run.id })
    this.tell()
    this.#takeBack(run)
    return true
  }

  /** A body that was given up has ended after all, or nothing of it is left. */
  #takeBack(run: Run): void {
    if (!run.abandoned) return
    run.abandoned = false
    this.abandoned--
  }

  /** Takes the run's access away, then waits for its children and its joints, and settles. */
  #bodyIsOver(run: Run): void {
    run.bodyOver = true
    run.status = 'stopping'
    this.#deadlines.leave(run)
    if (run.abandoned) run.scope?.end(Interrupted.by('requested'), (error) => this.#cleanupThrew(run, error))
    else run.scope?.release((error) => this.#cleanupThrew(run, error))
    run.revoked = true
    // A generator that was cut off is gone; only what it waited for may still be under way.
    const withdrawn = run.strands?.dispose()
    if (run.abandoned) void withdrawn?.then(() => this.#takeBack(run))
    this.#interruptChildren(run, run.ending?.status === 'canceled' ? run.ending.reason : 'parent')
    this.#finish(run)
  }

  /** Called again when a child ends, until there is none left. */
  #finish(run: Run): void {
    if (run.settling || (run.children && run.children.size > 0)) return
    run.settling = true
    if (!run.grant) return this.#settle(run, NO_JOINTS)
    run.grant.revoke()
    const settle = (moving: readonly string[]): void => this.#settle(run, moving)
    void this.#stillMoving(run.grant.joints).then(settle)
  }

  /** Halts these joints, or waits for the safety act that is stopping them; gives those not confirmed. Never rejects. */
  async #stillMoving(joints: readonly string[]): Promise<readonly string[]> {
    if (joints.length === 0) return NO_JOINTS
    const verdict = this.#parts.safetyVerdict()
    if (verdict) {
      const unconfirmed = await verdict
      return joints.filter((joint) => unconfirmed.has(joint))
    }
    try {
      // The hardware has a bound of its own; this one is for drivers that break theirs.
      const halt = this.#parts.hardware.halt(joints)
      const report = await within(this.clock, this.limits.haltTimeout + 1, halt, () => undefined)
      return report ? report.moving : joints
    } catch {
      return joints
    }
  }

  // ── settle ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Record, transition, release, answer, in this order and in one step; then, in a later turn, the queue. */
  #settle(run: Run, moving: readonly string[]): void {
    const next = run.ending?.status === 'succeeded' ? run.ending.next : undefined
    const outcome = this.#outcomeOf(run, next, moving)
    const target = this.#targetOf(run, outcome.status === 'succeeded' ? next : undefined)
    run.status = 'ended'
    run.outcome = outcome
    this.log.record({
      seq: 0,
      at: 0,
      type: 'ended',
      run: run.id,
      command: run.record.command,
      status: outcome.status as 'succeeded',
      reason: outcome.status === 'canceled' ? outcome.reason : undefined,
      problem: 'error' in outcome ? outcome.error : undefined,
      transition: target,
      stopConfirmed: moving.length === 0,
    })
    if (target !== undefined) this.#go(target, run.id)
    this.#release(run)
    if (run.ending?.status === 'failed' && run.ending.crashed && run.record.data.onCrash === 'disarm')
      this.#parts.disarmAfterCrash(run)
    run.answer()
    this.tell()
  }

  #outcomeOf(run: Run, next: Next | undefined, moving: readonly string[]): Outcome {
    const ending = run.ending as NonNullable<Run['ending']>
    const partial = run.partial ? { partial: run.partial.value } : undefined
    if (ending.status === 'canceled') {
      const { reason } = ending
      return { status: 'canceled', reason, stopConfirmed: moving.length === 0, cutOff: run.cutOff, ...partial }
    }
    if (ending.status === 'failed') return { status: 'failed', error: ending.error, ...partial }
    const { command } = run.record
    if (moving.length > 0)
      return { status: 'failed', error: problem('TENDON_HALT_NOT_CONFIRMED', { command, joints: moving }), ...partial }
    if (next && !this.#parts.state.canGo(next.state))
      return { status: 'failed', error: this.#badTransition(run, next.state), ...partial }
    const checked = checkResult(command, run.record.data.result, ending.value)
    return checked.status === 'failed' ? { ...checked, ...partial } : checked
  }

  /** The state that this end brings: what the body returned, otherwise the way out of `during`. */
  #targetOf(run: Run, next: Next | undefined): string | undefined {
    const back = run.stateBefore === undefined ? undefined : this.#leave(run, run.stateBefore)
    return next ? next.state : back
  }

  /** The way out of `during`. A run that entered its own state from this one holds on, and inherits the way out. */
  #leave(run: Run, before: string): string | undefined {
    const held = run.record.data.during
    const at = this.#holding.indexOf(run)
    this.#holding.splice(at, 1)
    const heir = this.#holding.slice(at).find((later) => later.stateBefore === held)
    if (heir) heir.stateBefore = before
    return heir === undefined && this.operational === held && before !== held ? before : undefined
  }

  #release(run: Run): void {
    this.#runs.delete(run)
    for (const pool of run.seats) pool.leave(run)
    const { parent } = run
    if (!parent) return
    parent.children?.delete(run)
    this.#giveBack(run)
    if (parent.bodyOver) this.#finish(parent)
  }

  // ── pump ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Something changed: what waits is looked at, and listeners hear of it, in a later turn. */
  tell(): void {
    this.#turn ??= this.clock.turn(() => {
      this.#turn = undefined
      this.#pump()
    })
  }

  /** What waits for others: heirs, queues, `whenFree`; then listeners, who hear of it all last. */
  #pump(): void {
    for (const heir of this.#heirs) this.#tryHeir(heir)
    for (const queue of this.#queues.values()) this.#pumpQueue(queue)
    if (this.closing) this.#free.close()
    else this.#free.tell((category) => this.queued(category))
    this.#deadlines.sweep()
    this.log.publish()
    if (this.#runs.size === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }

  #tryHeir(heir: Run): void {
    for (const victim of heir.victims ?? NO_RUNS) if (!victim.ended) return
    if (heir.seats.some((pool) => pool.holders.size >= pool.limit)) return
    const against = againstState(this, heir.record)
    if (against) this.#refuseWaiting(heir, against)
    else this.#promote(heir)
  }

  /**
   * In order: nobody overtakes the first one that waits for the same seats, or a run that needs much would wait for
   * ever. A child waits for the seat that its ancestor lends, and so behind nobody who waits for that ancestor to end.
   */
  #pumpQueue(queue: readonly Run[]): void {
    const blocked = new Set<Pool | undefined>()
    for (const run of [...queue]) {
      if (run.status !== 'queued' || blocked.has(run.seats[0])) continue
      const against = againstState(this, run.record)
      const decision = against ? undefined : judgeSeats(this.#seatRequest(run))
      if (decision?.verdict === 'queue') blocked.add(run.seats[0])
      else if (!decision || decision.verdict === 'refuse')
        this.#refuseWaiting(run, (decision?.problem ?? against) as Problem)
      else {
        this.#dequeue(run)
        this.#deadlines.leave(run)
        run.status = 'pending'
        if (decision.verdict === 'displace') this.#displace(run, decision.victims as readonly Run[])
        else this.#start(run)
      }
    }
  }

  /** A run that waited and may not start after all. */
  #refuseWaiting(run: Run, reason: Problem): void {
    this.#dequeue(run)
    this.#heirs.delete(run)
    this.#deadlines.leave(run)
    run.ending = { status: 'failed', error: reason, crashed: false }
    run.bodyOver = true
    run.settling = true
    run.status = 'ended'
    run.outcome = { status: 'refused', error: reason }
    this.#recordRefusal(run, reason)
    this.#release(run)
    run.answer()
    this.tell()
  }

  // ── asked from outside ───────────────────────────────────────────────────────────────────────────────────────────

  cancel(run: Run): Promise<Outcome> {
    this.interrupt(run, 'requested')
    return run.result
  }

  /** Resolves when a command of this category could be admitted at once; as many callers at a time as there are seats. */
  whenFree(category: Category, signal?: AbortSignal): Promise<void> {
    this.tell()
    return this.#free.wait(category, signal)
  }

  queued(category: Category): number {
    return this.#queues.get(category)?.length ?? 0
  }

  /** Resolves when no run is live. */
  whenIdle(): Promise<void> {
    if (this.#runs.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  /** After the last run: lets go of timers and waiters, and tells listeners the rest. */
  end(): void {
    this.#free.close()
    this.#turn?.cancel()
    this.#turn = undefined
    this.#deadlines.sweep()
    this.log.publish()
  }

  /** What is held beyond the runs themselves, for leak tests: all zero at rest. */
  leftovers(): Readonly<Record<string, number>> {
    return {
      runs: this.#runs.size,
      seats: this.#seatMap.taken,
      heirs: this.#heirs.size,
      queues: this.#queues.size,
      topics: this.topics.size,
      free: this.#free.size,
      holding: this.#holding.length,
    }
  }
}

const SETTLED = Promise.resolve()
const NO_RUNS: readonly Run[] = []
const NO_JOINTS: readonly string[] = []

/** The ancestors whose claims a run borrows; not always its parent, which may hold none of them. */
function lendersOf(run: Run): ReadonlySet<Run> {
  const lenders = new Set<Run>()
  for (const { kind, lender } of run.seats) if (kind === 'claim' && lender) lenders.add(lender as Run)
  return lenders
}

/** The schema of a message is user code too; one that throws lets nothing through. */
function validated(schema: NonNullable<CommandRecord['data']['message']>, message: unknown) {
  try {
    return validate(schema, message)
  } catch {
    return undefined
  }
}
