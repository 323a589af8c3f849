import type { Cause } from '../base/cause.ts'
import { within } from '../base/clock.ts'
import type { CancelReason } from '../base/outcome.ts'
import { type Problem, TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { Limits } from '../define/limits.ts'
import type { EventLog } from '../log/event-log.ts'
import type { Hardware, StopVerdict } from '../motion/contract.ts'
import type { CommandRecord } from '../run/command-record.ts'
import { problemOf } from '../run/handle.ts'
import type { StateEvent } from '../state/machine.ts'
import type { RobotState } from '../state/robot-state.ts'
import type { Dispatcher } from './dispatch.ts'

/** What `arm` resolves to: armed and verified, or everything that stood against it. */
export type ArmVerdict = { readonly armed: true } | { readonly armed: false; readonly problems: readonly Problem[] }

export type { Cause }

export interface LifecycleParts {
  readonly robot: string
  readonly dispatcher: Dispatcher
  readonly state: RobotState
  readonly hardware: Hardware
  readonly log: EventLog
  readonly limits: Limits
  readonly rest: CommandRecord | undefined
  readonly selfCheck: CommandRecord | undefined
  /** What a wired stop button has against arming. */
  readonly stopInputs: { against(): Problem | undefined }
}

/** A safety act under way, and what it has found by its end. */
interface Act {
  readonly verdict: Promise<StopVerdict>
  readonly unconfirmed: Promise<ReadonlySet<string>>
}

/**
 * Arming and everything that ends it. Safety acts go past every queue and gate: they call no user code, wait for no
 * body, and their first deed is the stop bytes.
 */
export class Lifecycle {
  readonly #parts: LifecycleParts
  #arming: Promise<ArmVerdict> | undefined
  #armAbort: AbortController | undefined
  #act: Act | undefined
  #retiring: Promise<StopVerdict> | undefined
  /** Faults so far: an acknowledgement is for those that the human could see. */
  #faults = 0
  /** The disarm of `close`: after it the ports are gone, and nothing may be begun that needs them. */
  #shutdown: Promise<StopVerdict> | undefined

  constructor(parts: LifecycleParts) {
    this.#parts = parts
  }

  // ── arming ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Resolves when every joint holds, verified, or with all that stood against it. A second call joins the first. */
  arm(): Promise<ArmVerdict> {
    if (this.#arming) return this.#arming
    const { state } = this.#parts
    if (state.safety === 'armed') return Promise.resolve({ armed: true })
    const against = this.#againstArming()
    if (against) return Promise.resolve(this.#notArmed([against]))
    this.#change({ type: 'ARM' }, 'arm', 'arm')
    const abort = new AbortController()
    this.#armAbort = abort
    this.#arming = this.#armUnder(abort.signal).finally(() => {
      this.#arming = undefined
      this.#armAbort = undefined
    })
    return this.#arming
  }

  #againstArming(): Problem | undefined {
    const { state, dispatcher, robot } = this.#parts
    if (dispatcher.closing) return problem('TENDON_CLOSED', { robot })
    if (state.latch) return problem('TENDON_LATCHED', { by: state.latch.by, reason: state.latch.reason })
    if (state.safety === 'fault') return problem('TENDON_IN_FAULT', { reason: dispatcher.fault })
    const button = this.#parts.stopInputs.against()
    if (button) return button
    if (this.#act || state.safety === 'disarming') return problem('TENDON_DISARMING', { safety: state.safety })
    const stopping = dispatcher.runs().filter((run) => run.status === 'stopping')
    return stopping.length > 0 ? problem('TENDON_RUNS_STOPPING', { runs: stopping.map((run) => run.id) }) : undefined
  }

  #notArmed(problems: readonly Problem[]): ArmVerdict {
    this.#parts.log.record({ type: 'arm_refused', problems })
    return { armed: false, problems }
  }

  async #armUnder(signal: AbortSignal): Promise<ArmVerdict> {
    const { hardware, state } = this.#parts
    const selfCheck = await this.#checkItself(signal)
    const problems = selfCheck ? [selfCheck] : await hardware.arm(signal)
    // From here to `openGate` nothing is awaited: a stop that came first is seen, one that comes later finds `armed`.
    if (signal.aborted || state.safety !== 'arming')
      return this.#notArmed(
        problems.length > 0 ? problems : [problem('TENDON_ARM_ABORTED', { reason: 'a stop came first' })],
      )
    if (problems.length === 0) {
      hardware.openGate()
      this.#change({ type: 'ARMED' }, 'arm', 'every joint holds')
      return { armed: true }
    }
    const powered = problems.find((found) => found.power === 'unknown')
    if (powered) this.#fault(powered, 'arm')
    else this.#change({ type: 'ARM_FAILED' }, 'arm', problems[0]?.code ?? '')
    return this.#notArmed(problems)
  }

  /** Runs the definition's own check, in its reserved slot; a stop ends it like any run. */
  async #checkItself(signal: AbortSignal): Promise<Problem | undefined> {
    const { selfCheck, dispatcher } = this.#parts
    if (!selfCheck) return undefined
    const outcome = await dispatcher.execute(selfCheck, undefined).result()
    if (outcome.status === 'succeeded' || signal.aborted) return undefined
    const { command } = selfCheck
    return problem('TENDON_SELF_CHECK_FAILED', { command, reason: problemOf(command, outcome).what })
  }

  // ── safety acts ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Takes power away and reads every servo back. Never refused. */
  disarm({
    cut = false,
    by = 'caller',
    reason = 'disarm',
  }: Cause & { readonly cut?: boolean } = {}): Promise<StopVerdict> {
    return this.#stop({ type: 'DISARM' }, 'safety', cut, by, reason)
  }

  /** Disarms, and latches: until `reset` the robot cannot be armed. Never refused. */
  stop({ by = 'caller', reason = 'stop' }: Cause = {}): Promise<StopVerdict> {
    // The bytes go out before anything else is done or recorded.
    this.#parts.hardware.stopNow()
    const { state, log, dispatcher } = this.#parts
    if (!state.latch) {
      state.send({ type: 'STOP', latch: { by, at: dispatcher.clock.now(), reason } })
      log.record({ type: 'latched', by, reason })
    }
    return this.#afterBytes({ type: 'DISARM' }, 'safety', false, by, reason)
  }

  /** The hardware reported something that only a human can clear. */
  faulted(found: Problem): void {
    const { log, state, hardware, dispatcher } = this.#parts
    this.#faults++
    const again = state.safety === 'fault'
    if (!again) hardware.stopNow()
    log.record({ type: 'fault', problem: found })
    dispatcher.tell()
    if (again) return
    // The act records its verdict itself, and never rejects.
    void this.#afterBytes({ type: 'FAULT' }, 'safety', false, 'hardware', found.what, found)
  }

  /**
   * A bus that was lost is open again, and its servos may have power. The stop is the first thing that they hear; what it
   * found is recorded as a verdict, and out of a fault only an acknowledgement leads.
   */
  busReturned(bus: string): void {
    // The act records its verdict itself, and never rejects.
    void this.#stop({ type: 'DISARM' }, 'safety', false, 'hardware', `the bus ${bus} is back`)
  }

  /** Lifts the latch. Writes no byte; the robot stays disarmed. */
  reset({ by = 'caller' }: Cause = {}): void {
    const { state, log, dispatcher } = this.#parts
    if (!state.latch) return
    state.send({ type: 'RESET' })
    log.record({ type: 'reset', by })
    dispatcher.tell()
  }

  /**
   * A human has looked. The stop is sent and verified anew: only a confirmed verdict leads from `fault` to `disarmed`, and
   * only when no other fault came meanwhile. Outside of a fault it is a disarm.
   */
  async acknowledge({ by = 'caller' }: Cause = {}): Promise<StopVerdict> {
    const { state, dispatcher } = this.#parts
    const acknowledged = state.safety === 'fault' ? this.#faults : undefined
    const verdict = await this.#stop({ type: 'DISARM' }, 'safety', false, by, 'acknowledge')
    if (verdict.confirmed && acknowledged === this.#faults) {
      dispatcher.fault = ''
      this.#change({ type: 'ACKNOWLEDGED' }, by, 'acknowledged')
    }
    return verdict
  }

  /** For `close`: the same as a disarm, under another name in the outcomes. */
  shutdown(): Promise<StopVerdict> {
    this.#shutdown = this.#stop({ type: 'DISARM' }, 'shutdown', false, 'close', 'close')
    return this.#shutdown
  }

  /** What the act that is under way has not confirmed, once it knows; undefined when none is. */
  get verdictUnderWay(): Promise<ReadonlySet<string>> | undefined {
    return this.#act?.unconfirmed
  }

  /** D12: gate and bytes, then state, then runs, then parking and the verdict. */
  #stop(event: StateEvent, end: CancelReason, cut: boolean, by: string, reason: string): Promise<StopVerdict> {
    this.#parts.hardware.stopNow()
    return this.#afterBytes(event, end, cut, by, reason)
  }

  #afterBytes(
    event: StateEvent,
    end: CancelReason,
    cut: boolean,
    by: string,
    reason: string,
    fault?: Problem,
  ): Promise<StopVerdict> {
    const { dispatcher, hardware } = this.#parts
    if (fault) dispatcher.fault = fault.what
    this.#change(event, by, reason)
    const act = this.#begin(hardware.finishStop({ cut }))
    this.#armAbort?.abort()
    if (fault?.code === 'TENDON_HARDWARE_LOST') dispatcher.failHolders(fault.facts.joints as readonly string[], fault)
    dispatcher.interruptAll(end)
    dispatcher.tell()
    return act.verdict
  }

  /** One act at a time has the verdict; later ones, whose bytes have gone out too, share it. */
  #begin(finished: Promise<StopVerdict>): Act {
    if (this.#act) return this.#act
    const verdict = finished.then((found) => this.#conclude(found))
    const unconfirmed = verdict.then((found) => new Set(notConfirmed(found)))
    this.#act = { verdict, unconfirmed }
    return this.#act
  }

  #conclude(verdict: StopVerdict): StopVerdict {
    const { state, log, robot, dispatcher } = this.#parts
    this.#act = undefined
    log.record({ type: 'verdict', confirmed: verdict.confirmed, joints: verdict.joints })
    // In a fault that stays one nothing else changes, and the verdict would wait for the next event to be told.
    dispatcher.tell()
    if (!verdict.confirmed)
      this.#fault(problem('TENDON_DISARM_NOT_CONFIRMED', { robot, joints: notConfirmed(verdict) }), 'verdict')
    else if (state.safety === 'disarming') this.#change({ type: 'DISARMED' }, 'verdict', 'every servo confirmed')
    return verdict
  }

  #fault(found: Problem, by: string): void {
    this.#faults++
    this.#parts.dispatcher.fault = found.what
    this.#parts.log.record({ type: 'fault', problem: found })
    this.#change({ type: 'FAULT' }, by, found.code)
  }

  #change(event: StateEvent, by: string, reason: string): void {
    const { state, log, dispatcher } = this.#parts
    const from = state.safety
    const operational = state.operational
    if (!state.send(event)) return
    log.record({ type: 'safety', from, to: state.safety, by, reason })
    if (state.operational !== operational)
      log.record({ type: 'transition', from: operational, to: state.operational, by })
    dispatcher.tell()
  }

  // ── retiring ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Ends all runs, goes to the rest pose while still armed, then disarms; a stop on the way disarms at once. */
  retire(cause: Cause = {}): Promise<StopVerdict> {
    this.#retiring ??= this.#retire(cause).finally(() => {
      this.#retiring = undefined
      this.#parts.dispatcher.retiring = false
    })
    return this.#retiring
  }

  async #retire({ by = 'caller', reason = 'retire' }: Cause): Promise<StopVerdict> {
    const { dispatcher, rest, limits } = this.#parts
    dispatcher.retiring = true
    if (rest && this.#parts.state.safety === 'armed')
      await within(dispatcher.clock, limits.retireCap, this.#goToRest(rest, { by, reason }), () => undefined)
    return this.#shutdown ?? this.disarm({ by, reason })
  }

  async #goToRest(rest: CommandRecord, cause: Cause): Promise<void> {
    const { dispatcher, state } = this.#parts
    await Promise.all(dispatcher.interruptAll('requested').map((run) => run.result))
    if (state.safety === 'armed' && !dispatcher.closing)
      await dispatcher.execute(rest, undefined, undefined, cause).result()
  }
}

const notConfirmed = (verdict: StopVerdict): string[] =>
  verdict.joints.filter((joint) => joint.verdict === 'not_confirmed').map((joint) => joint.joint)

/** For `await using`: a robot that may still have power must not be left without a word. */
export function requireConfirmed(robot: string, verdict: StopVerdict): void {
  if (!verdict.confirmed)
    throw new TendonError(problem('TENDON_DISARM_NOT_CONFIRMED', { robot, joints: notConfirmed(verdict) }))
}
