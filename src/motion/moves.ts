import { onAbort } from '../base/on-abort.ts'
import { TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { Radians, Seconds } from '../base/units.ts'
import { boundOf, toJointVelocity, unitOf } from '../device/joint.ts'
import type { Axis } from './axis.ts'
import type { MoveOptions, MoveResult } from './contract.ts'
import type { ControlLoop, TickListener } from './control-loop.ts'
import type { PositionAxis } from './position-axis.ts'
import type { Rig } from './rig.ts'
import { brakingDistance, planTogether } from './trajectory.ts'

/** A joint and where it is to go. */
export interface MoveTarget {
  readonly axis: PositionAxis
  readonly goal: Radians
}

/** What a move is to do, for whom. The caller has checked the goal. */
export interface MoveOrder {
  readonly run: string
  readonly targets: readonly [first: MoveTarget, ...rest: MoveTarget[]]
  readonly options: MoveOptions
  readonly signal: AbortSignal | undefined
  /** Called when it has ended, however it did. */
  readonly onEnd: (move: Move) => void
}

/** Readings within tolerance that are this little short of the settle time count: sums of ticks are not exact. */
const ROUNDING: Seconds = 1e-6

/**
 * One joint-space move: joints that still move are brought to rest, then all leave together and arrive together. It
 * ends once: by measured arrival, by a stall, by its signal, or because something else took its joints.
 */
export class Move implements TickListener {
  readonly run: string
  /** Settles when the move ends. */
  readonly result: Promise<MoveResult>
  readonly #rig: Rig
  readonly #targets: readonly MoveTarget[]
  readonly #options: MoveOptions
  #forgetSignal: (() => void) | undefined
  /** One loop gives the beat, also when joints of several buses move, so that progress is told once a tick. */
  readonly #loop: ControlLoop
  readonly #startedAt: Seconds
  readonly #onEnd: (move: Move) => void
  #resolve: (result: MoveResult) => void = () => {}
  #reject: (reason: unknown) => void = () => {}
  #phase: 'resting' | 'following' | 'ended' = 'resting'
  #way: Radians = 0
  #plannedEnd: Seconds | undefined
  #hasLimits = false
  #insideSince: Seconds | undefined
  readonly #lagSince = new Map<PositionAxis, Seconds>()

  /** Starts at once, and takes the place of older moves of the same joints. */
  constructor(rig: Rig, { run, targets, options, signal, onEnd }: MoveOrder) {
    const [first] = targets
    this.run = run
    this.#rig = rig
    this.#targets = targets
    this.#options = options
    this.#onEnd = onEnd
    this.#startedAt = rig.env.clock.now()
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    for (const { axis } of targets) {
      axis.owner?.replaced(axis)
      axis.owner = this
      axis.brake()
    }
    this.#loop = rig.channelOf(first.axis).loop
    this.#loop.add(this)
    this.#forgetSignal = signal && onAbort(signal, () => this.fail(signal.reason))
    this.#plan()
  }

  /** A newer motion took one of its joints; the others brake. */
  replaced(by: Axis): void {
    const joints = this.#targets.map(({ axis }) => axis.name)
    this.fail(new TendonError(problem('TENDON_MOVE_REPLACED', { joints })), by)
  }

  /** Ends it with this reason; its joints, `spared` apart, brake within their limits. After the end it does nothing. */
  fail(reason: unknown, spared?: Axis): void {
    if (this.#phase === 'ended') return
    this.#end()
    for (const { axis } of this.#targets) if (axis !== spared) axis.brake()
    this.#reject(reason)
  }

  /** Whether it drives one of these joints. */
  needs(axes: readonly Axis[]): boolean {
    return this.#targets.some(({ axis }) => axes.includes(axis))
  }

  tick(now: Seconds): void {
    if (this.#phase === 'following' && this.#targets.some(({ axis }) => axis.mode !== 'following')) this.#restart()
    if (this.#phase === 'resting') this.#plan()
    if (this.#phase !== 'following') return
    const stalled = this.#stalled(now)
    if (stalled) this.#failStalled(stalled)
    else if (this.#hasArrived(now)) this.#arrive(now)
    else this.#progress(this.#fraction())
  }

  /** Plans from where the setpoints rest; until all do, it waits for the next tick. */
  #plan(): void {
    if (this.#targets.some(({ axis }) => axis.mode !== 'idle')) return
    // Once: a move that begins anew on its way keeps the limits that it left with.
    if (!this.#hasLimits) for (const { axis } of this.#targets) axis.takeLimits()
    this.#hasLimits = true
    const speed = this.#options.speed ?? 1
    const motions = this.#targets.map(({ axis, goal }) => ({
      from: axis.setpoint ?? goal,
      to: goal,
      velocity: axis.velocityLimit * speed,
      acceleration: axis.acceleration,
    }))
    const profiles = planTogether(motions)
    this.#way ||= motions.reduce((sum, { from, to }) => sum + Math.abs(to - from), 0)
    for (const [i, { axis }] of this.#targets.entries()) {
      const profile = profiles[i]
      if (profile) axis.follow(profile)
    }
    this.#phase = 'following'
  }

  /** A joint was put to rest under way (the host missed ticks): all come to rest, then the rest of the way is planned. */
  #restart(): void {
    for (const { axis } of this.#targets) axis.brake()
    this.#phase = 'resting'
    this.#plannedEnd = undefined
    this.#insideSince = undefined
    this.#lagSince.clear()
  }

  /** The joint that has lagged for too long, or the worst one when the move takes too long to arrive. */
  #stalled(now: Seconds): MoveTarget | undefined {
    const { stallTime, arriveTimeout } = this.#rig.env.limits
    for (const target of this.#targets) {
      if (!this.#lags(target.axis)) this.#lagSince.delete(target.axis)
      else if (!this.#lagSince.has(target.axis)) this.#lagSince.set(target.axis, now)
      const since = this.#lagSince.get(target.axis)
      if (since !== undefined && now - since >= stallTime - ROUNDING) return target
    }
    if (this.#plannedEnd === undefined || now - this.#plannedEnd < arriveTimeout) return undefined
    return this.#targets.reduce((worst, target) => (this.#error(target) > this.#error(worst) ? target : worst))
  }

  /**
   * Further behind than a servo is that follows on a ramp of its own: one that turns this fast needs that much way to
   * stop, and keeps it; twice that, because its ramp may be softer than ours. A blocked one does not turn, so nothing
   * explains its lag.
   */
  #lags(axis: PositionAxis): boolean {
    const { measured, sample, setpoint } = axis
    if (measured === undefined || sample === undefined || setpoint === undefined) return false
    const { stallLag, rate } = this.#rig.env.limits
    const speed = Math.min(Math.abs(toJointVelocity(axis.spec, sample.velocity)), axis.velocityLimit)
    // The setpoint lies a tick ahead, and the reading is of the tick before.
    const latency = (2 * Math.abs(axis.velocity)) / rate
    return (
      Math.abs(setpoint - measured) >
      boundOf(axis.spec, stallLag) + latency + 2 * brakingDistance(speed, axis.acceleration)
    )
  }

  #error({ axis, goal }: MoveTarget): number {
    return Math.abs((axis.measured ?? goal) - goal)
  }

  #failStalled({ axis, goal }: MoveTarget): void {
    const at = axis.measured ?? axis.setpoint ?? goal
    axis.restWhereMeasured()
    this.fail(new TendonError(problem('TENDON_JOINT_STALLED', { joint: axis.name, at, goal, unit: unitOf(axis.spec) })))
  }

  /** Every joint has been read within its tolerance for the settle time, after the last setpoint was its goal. */
  #hasArrived(now: Seconds): boolean {
    if (!this.#targets.every(({ axis }) => axis.profileEnded)) return false
    this.#plannedEnd ??= now
    const readAt = Math.min(...this.#targets.map(({ axis }) => axis.sample?.at ?? Number.NEGATIVE_INFINITY))
    if (readAt < this.#plannedEnd) return false
    if (this.#targets.some((target) => this.#error(target) > target.axis.tolerance)) {
      this.#insideSince = undefined
      return false
    }
    this.#insideSince ??= readAt
    return readAt - this.#insideSince >= this.#rig.env.limits.settleTime - ROUNDING
  }

  #arrive(now: Seconds): void {
    this.#progress(1)
    if (this.#phase !== 'following') return
    this.#end()
    for (const { axis } of this.#targets) axis.arrive()
    const position = Object.fromEntries(this.#targets.map(({ axis, goal }) => [axis.name, axis.measured ?? goal]))
    const estimated = this.#targets.some(({ axis }) => axis.sample?.estimated)
    this.#resolve({ position, duration: now - this.#startedAt, ...(estimated && { estimated: true as const }) })
  }

  /** Share of the planned way that the setpoints have gone; 1 is said only on arrival. */
  #fraction(): number {
    if (this.#way === 0) return 0
    const left = this.#targets.reduce((sum, { axis, goal }) => sum + Math.abs(goal - (axis.setpoint ?? goal)), 0)
    return Math.min(Math.max(1 - left / this.#way, 0), 0.999)
  }

  #progress(fraction: number): void {
    try {
      this.#options.onProgress?.({ fraction })
    } catch (error) {
      this.fail(error)
    }
  }

  #end(): void {
    this.#phase = 'ended'
    this.#forgetSignal?.()
    this.#loop.remove(this)
    for (const { axis } of this.#targets) if (axis.owner === this) axis.owner = undefined
    this.#onEnd(this)
  }
}
