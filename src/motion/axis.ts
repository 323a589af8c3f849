import type { Radians, RadiansPerSecond, RadiansPerSecondSquared, Seconds } from '../base/units.ts'
import {
  accelerationOf,
  type JointPace,
  type JointSpec,
  type StopPolicy,
  toJoint,
  toJointVelocity,
} from '../device/joint.ts'
import type { ServoSample } from '../device/servo-bus.ts'
import type { JointReading } from './contract.ts'
import type { HardwareLimits } from './limits.ts'
import { StandstillDetector } from './still.ts'

/**
 * `limp` no power is wanted; `idle` holds its setpoint; `following` a planned profile; `streaming` setpoints from a
 * run; `braking` on its way to rest; `frozen` a stop has taken it, until the next arming.
 */
export type AxisMode = 'limp' | 'idle' | 'following' | 'streaming' | 'braking' | 'frozen'

/** Setpoint frames are not acknowledged, so a joint that came to rest is told so this many times more. */
export const REPEATS = 3

/** Where a joint's servo is, and its limits that come from parameters: never above those of the spec. */
export interface AxisPlace {
  readonly bus: string
  readonly id: number
  readonly limits: HardwareLimits
  readonly paceNow?: (() => JointPace) | undefined
}

/**
 * One joint with a servo: whether it has power, what was read of it, and what it may do next. What it is told is the
 * matter of `PositionAxis` or `SpeedAxis`. Knows nothing of runs.
 */
export abstract class Axis {
  readonly name: string
  readonly bus: string
  readonly id: number
  readonly spec: JointSpec
  readonly policy: StopPolicy
  readonly still: StandstillDetector

  /** What was last read of the torque register; `unknown` while it is being changed, too. */
  power: 'unknown' | 'on' | 'off' = 'unknown'
  /** Since when its power is meant to stay on: readings from before that may still be on their way. */
  heldSince: Seconds | undefined
  /** A stop must take its power and not freeze it: it has none, is losing it, or has only just got it. */
  cutOnStop = true
  /** Ticks since the last answer. */
  silentTicks = 0
  /** Reads in a row that it did not answer. */
  misses = 0
  /** Faults of this joint are not reported now: one has been, or a stop or an arming has it in hand and will tell. */
  faulted = true
  /** The latest motion plan that drives it, so that a newer one can end it. */
  owner: { replaced(by: Axis): void } | undefined
  /** Who streamed the newest setpoint. */
  feeder: object | undefined

  readonly #paceNow: (() => JointPace) | undefined
  #pace: JointPace
  #mode: AxisMode = 'limp'
  #sample: ServoSample | undefined

  constructor(name: string, spec: JointSpec, { bus, id, limits, paceNow }: AxisPlace) {
    this.name = name
    this.spec = spec
    this.bus = bus
    this.id = id
    this.policy = spec.stop ?? 'park'
    this.#paceNow = paceNow
    this.#pace = { velocity: spec.velocity, acceleration: accelerationOf(spec) }
    this.still = new StandstillDetector(limits)
  }

  /** The largest speed and acceleration of the motion under way, or of the last one. */
  get velocityLimit(): RadiansPerSecond {
    return this.#pace.velocity
  }

  get acceleration(): RadiansPerSecondSquared {
    return this.#pace.acceleration
  }

  /** A motion begins: it has the limits of now, unless it goes on from one that has not come to rest. */
  takeLimits(): void {
    if (this.#paceNow && this.#mode === 'idle') this.#pace = this.#paceNow()
  }

  get mode(): AxisMode {
    return this.#mode
  }

  protected set mode(mode: AxisMode) {
    this.#mode = mode
  }

  /** Its setpoint moves, or will move by itself at the next tick. */
  get isMoving(): boolean {
    return this.#mode === 'following' || this.#mode === 'streaming' || this.#mode === 'braking'
  }

  /** The newest reading of its servo, in angles of the servo. */
  get sample(): ServoSample | undefined {
    return this.#sample
  }

  /** The newest measured joint angle. */
  get measured(): Radians | undefined {
    return this.#sample && toJoint(this.spec, this.#sample.position)
  }

  /** The newest measured speed of the joint. */
  get velocityMeasured(): RadiansPerSecond | undefined {
    return this.#sample && toJointVelocity(this.spec, this.#sample.velocity)
  }

  /** Takes a reading. */
  take(sample: ServoSample): void {
    this.#sample = sample
    this.silentTicks = 0
    this.misses = 0
    this.still.take(sample)
  }

  /** What the rest of the runtime sees; older than `maxAge`, or with an answer missing since, it is stale. */
  reading(now: Seconds, maxAge: Seconds): JointReading {
    const sample = this.#sample
    if (!sample) return { status: 'unknown' }
    const sense = this.spec.direction ?? 1
    return {
      status: this.misses > 0 || now - sample.at > maxAge ? 'stale' : 'fresh',
      position: toJoint(this.spec, sample.position),
      velocity: toJointVelocity(this.spec, sample.velocity),
      load: sample.load * sense,
      at: sample.at,
      ...(sample.estimated && { estimated: true as const }),
    }
  }

  /** It holds: where it has just been powered up, or where a stop froze it, when it never lost its power. */
  abstract engage(): void

  /** It has no power, or is losing it: no setpoint until it is engaged again. */
  letGo(): void {
    this.cutOnStop = true
    this.heldSince = undefined
    this.settle('limp')
  }

  /** A stop froze it, at this angle of its servo where it holds one, or took its power. */
  stopped(frozenAt: Radians | undefined): void {
    if (frozenAt === undefined) this.letGo()
    else this.freeze(frozenAt)
  }

  /** Leaves what it does for the shortest way to rest that its acceleration limit allows. */
  abstract brake(): void

  /** The host missed ticks: whatever was planned, it rests. */
  abstract restAfterStall(): void

  /** Where a stop freezes its servo, in angles of the servo; undefined = nobody knows, and so it is cut. */
  abstract freezePoint(now: Seconds, maxAge: Seconds): Radians | undefined

  /** Where its servo has been told to rest, in angles of the servo. */
  abstract get servoSetpoint(): Radians | undefined

  protected abstract settle(mode: AxisMode): void
  protected abstract freeze(at: Radians): void

  /** It has not answered for longer than lost replies explain. */
  isSilent(now: Seconds, { silence, missBudget }: HardwareLimits): boolean {
    return this.silentTicks > missBudget && (this.#sample === undefined || now - this.#sample.at >= silence)
  }

  /** Its bus is gone: what was read of it is old from now on. */
  lost(): void {
    this.silentTicks = Number.POSITIVE_INFINITY
    this.misses++
    this.still.reset()
  }
}
