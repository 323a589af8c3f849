import type { Cause } from '../base/cause.ts'
import type { Outcome } from '../base/outcome.ts'
import type { RunStatus } from '../define/handle.ts'
import type { Occupant, Pool } from '../gate/pool.ts'
import type { JointGrant } from '../motion/contract.ts'
import type { CommandRecord } from './command-record.ts'
import type { Deadlined, DeadlineQueue } from './deadlines.ts'
import type { Ending } from './ending.ts'
import type { Feedback } from './feedback.ts'
import type { RunInbox } from './inbox.ts'
import type { Scope } from './scope.ts'
import type { StrandGroup } from './strand.ts'

/**
 * One execution of a command. It is a record with no behaviour of its own: `runtime/dispatch.ts` moves it on. Fields
 * that few runs need are made when they are needed, because there may be a hundred thousand of these.
 */
export class Run implements Occupant, Deadlined {
  readonly seq: number
  readonly record: CommandRecord
  /** The goal as the caller gave it, and as the schema handed it on. */
  readonly input: unknown
  readonly goal: unknown
  readonly priority: number
  readonly parent: Run | undefined
  /** Who asked for it and why, where the caller said so. */
  readonly cause: Cause | undefined
  seats: readonly Pool[] = NO_SEATS
  status: RunStatus = 'pending'
  ending: Ending | undefined = undefined
  outcome: Outcome | undefined = undefined

  due = 0
  earlier: Deadlined | undefined = undefined
  later: Deadlined | undefined = undefined
  waitsIn: DeadlineQueue | undefined = undefined

  /** Its neighbours among the live runs. */
  older: Run | undefined = undefined
  newer: Run | undefined = undefined
  /** The next one in its chain of the table by id. */
  beside: Run | undefined = undefined

  /** Runs that must stop before this one may start. */
  victims: Set<Run> | undefined = undefined
  children: Set<Run> | undefined = undefined
  scope: Scope | undefined = undefined
  strands: StrandGroup | undefined = undefined
  grant: JointGrant | undefined = undefined
  feedback: Feedback<unknown> | undefined = undefined
  inbox: RunInbox<unknown> | undefined = undefined
  partial: { readonly value: unknown } | undefined = undefined
  /** The state to go back to, when `during` took the robot to another. */
  stateBefore: string | undefined = undefined

  /** The body has returned, or was cut off: nothing that it still does counts. */
  bodyOver = false
  /** The body ignored the interrupt, and its access was taken away. */
  cutOff = false
  /** The body was cut off, and has not returned since. */
  abandoned = false
  /** Its access to the robot is gone. */
  revoked = false
  /** A stop, disarm or shutdown came: cleanup must not move anything. */
  motionForbidden = false
  settling = false
  /** Live runs that have borrowed a claim of this one: its own access to joints pauses meanwhile. */
  borrowers = 0
  /** It has borrowed claims and has not given them back. */
  borrows = false

  #id: string | undefined = undefined
  #promise: Promise<Outcome> | undefined = undefined
  #resolve: ((outcome: Outcome) => void) | undefined = undefined
  #watchers: Set<(outcome: Outcome) => void> | undefined = undefined

  constructor(
    seq: number,
    record: CommandRecord,
    input: unknown,
    goal: unknown,
    priority: number,
    parent: Run | undefined,
    cause: Cause | undefined,
  ) {
    this.seq = seq
    this.record = record
    this.input = input
    this.goal = goal
    this.priority = priority
    this.parent = parent
    this.cause = cause
  }

  /** Made when it is first read. */
  get id(): string {
    this.#id ??= `${this.record.command}-${this.seq}`
    return this.#id
  }

  get ended(): boolean {
    return this.outcome !== undefined
  }

  /** The one promise of the outcome that all awaiters share. */
  get result(): Promise<Outcome> {
    if (!this.#promise) {
      this.#promise =
        this.outcome !== undefined
          ? Promise.resolve(this.outcome)
          : new Promise((resolve) => {
              this.#resolve = resolve
            })
    }
    return this.#promise
  }

  /** Calls `watcher` when the run ends; the function that is returned forgets it. */
  watch(watcher: (outcome: Outcome) => void): () => void {
    this.#watchers ??= new Set()
    this.#watchers.add(watcher)
    return () => this.#watchers?.delete(watcher)
  }

  /** Answers everyone who waits. Called once, by the flow, when the robot already is what the outcome says. */
  answer(): void {
    const outcome = this.outcome as Outcome
    this.#resolve?.(outcome)
    this.#resolve = undefined
    const watchers = this.#watchers
    this.#watchers = undefined
    if (watchers) for (const watcher of watchers) watcher(outcome)
    this.feedback?.end()
  }
}

const NO_SEATS: readonly Pool[] = []
