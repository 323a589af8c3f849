import type { Radians, RadiansPerSecond, RadiansPerSecondSquared, Seconds } from '../base/units.ts'
import {
  accelerationOf,
  type JointPace,
  type JointSpec,
  type StopPolicy,
  toJoint,
  toJointVelocity,
  toleranceOf,
  toServo,
} from '../device/joint.ts'
import type { ServoSample, ServoSetpoint } from '../device/servo-bus.ts'
import type { JointReading } from './contract.ts'
import type { HardwareLimits } from './limits.ts'
import { StandstillDetector } from './still.ts'
import { BrakingRamp, type Profile } from './trajectory.ts'

/**
 * `limp` no power is wanted; `idle` holds its setpoint; `following` a planned profile; `streaming` setpoints from a
 * run; `braking` on its way to rest; `frozen` a stop has taken it, until the next arming.
 */
export type AxisMode = 'limp' | 'idle' | 'following' | 'streaming' | 'braking' | 'frozen'

/** Setpoint frames are not acknowledged, so a joint that came to rest is told so this many times more. */
const REPEATS = 3
/** The servo's speed register lies this much above the needed speed, so that it never falls behind by rounding. */
const HEADROOM = 1.2
/** A joint that lags makes up for it within about this time. */
const CATCH_UP: Seconds = 0.1
/** Never ask a servo for less: it would take for ever over the last steps, and some take 0 for "as fast as you can". */
const SLOWEST: RadiansPerSecond = 0.1

interface Follow {
  readonly profile: Profile
  elapsed: Seconds
}

interface Stream {
  readonly target: Radians
  readonly pace: RadiansPerSecond
  readonly expires: Seconds
}

/** One joint with a servo: what it was told, what was read of it, and what it is told next. Knows nothing of runs. */
export class Axis {
  readonly name: string
  readonly bus: string
  readonly id: number
  readonly spec: JointSpec
  readonly policy: StopPolicy
  readonly tolerance: Radians
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
  #setpoint: Radians | undefined
  #velocity: RadiansPerSecond = 0
  #acceptedAt: Seconds = Number.NEGATIVE_INFINITY
  #drive: Follow | undefined
  #stream: Stream | undefined
  /** While braking from a stream: its last setpoint. */
  #bound: Radians | undefined
  #repeats = 0
  #sample: ServoSample | undefined

  /** `paceNow`: where its speed and acceleration come from parameters; never above those of `spec`. */
  constructor(
    name: string,
    spec: JointSpec,
    servo: { bus: string; id: number },
    limits: HardwareLimits,
    paceNow?: () => JointPace,
  ) {
    this.name = name
    this.spec = spec
    this.bus = servo.bus
    this.id = servo.id
    this.policy = spec.stop ?? 'park'
    this.#paceNow = paceNow
    this.#pace = { velocity: spec.velocity, acceleration: accelerationOf(spec) }
    this.tolerance = toleranceOf(spec)
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

  /** Its setpoint moves, or will move by itself at the next tick. */
  get isMoving(): boolean {
    return this.#mode === 'following' || this.#mode === 'streaming' || this.#mode === 'braking'
  }

  /** The joint angle that was last written, or that it was powered up at. */
  get setpoint(): Radians | undefined {
    return this.#setpoint
  }

  /** How fast the setpoint moves, with its sign. */
  get velocity(): RadiansPerSecond {
    return this.#velocity
  }

  /** A planned profile has been written to its end. */
  get profileEnded(): boolean {
    return this.#drive !== undefined && this.#drive.elapsed >= this.#drive.profile.duration
  }

  /** The newest reading of its servo, in angles of the servo. */
  get sample(): ServoSample | undefined {
    return this.#sample
  }

  /** The newest measured joint angle. */
  get measured(): Radians | undefined {
    return this.#sample && toJoint(this.spec, this.#sample.position)
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
    }
  }

  /** It holds: where it has just been powered up, or where a stop froze it, when it never lost its power. */
  engage(): void {
    this.#rest('idle', this.#mode === 'frozen' ? this.#setpoint : (this.measured ?? this.#setpoint))
    // The driver has just told it where to hold; nothing needs saying again.
    this.#repeats = 0
  }

  /** It has no power, or is losing it: no setpoint until it is engaged again. */
  letGo(): void {
    this.cutOnStop = true
    this.heldSince = undefined
    this.#rest('limp', this.#setpoint)
  }

  /** A stop froze it at this angle of its servo, or took its power. */
  stopped(frozenAt: Radians | undefined): void {
    if (frozenAt === undefined) this.letGo()
    else this.#rest('frozen', toJoint(this.spec, frozenAt))
  }

  /** Follows a profile from its present setpoint. Only from `idle`. */
  follow(profile: Profile): void {
    this.#mode = 'following'
    this.#drive = { profile, elapsed: 0 }
  }

  /** Goes to a streamed setpoint at the pace at which setpoints arrive, and brakes when `ttl` has passed. */
  stream(target: Radians, now: Seconds, tick: Seconds, ttl: Seconds, defaultTtl: Seconds): void {
    const elapsed = Math.max(tick, this.streamElapsed(now, defaultTtl))
    const way = Math.abs(target - (this.#setpoint ?? target))
    this.#mode = 'streaming'
    this.#drive = undefined
    this.#stream = { target, pace: Math.min(this.velocityLimit, way / elapsed), expires: now + ttl }
    this.#acceptedAt = now
  }

  /** Time since the last streamed setpoint that may count towards the next one: pauses do not save up for a jump. */
  streamElapsed(now: Seconds, cap: Seconds): Seconds {
    return Math.min(now - this.#acceptedAt, cap)
  }

  /**
   * Leaves what it follows for the shortest way to rest that its acceleration limit allows; a streamed setpoint is
   * never passed, even where that stops the joint sooner than the ramp would: nobody asked for more.
   */
  brake(): void {
    if (this.#mode !== 'following' && this.#mode !== 'streaming') return
    this.#bound = this.#stream?.target
    this.#stream = undefined
    this.#mode = 'braking'
    this.#drive = {
      profile: new BrakingRamp(this.#setpoint ?? 0, this.#velocity, this.acceleration),
      elapsed: 0,
    }
  }

  /** The host missed ticks: the servo has reached its setpoint and rests there, whatever was planned. */
  restAtSetpoint(): void {
    if (this.isMoving) this.#rest('idle', this.#setpoint)
  }

  /** It pushes against something: the setpoint comes back to where the joint is, so that it no longer pushes. */
  restWhereMeasured(): void {
    if (this.#mode === 'limp' || this.#mode === 'frozen') return
    this.#rest('idle', this.measured ?? this.#setpoint)
  }

  /** A move has arrived: holds its goal. */
  arrive(): void {
    if (this.#mode === 'following') this.#rest('idle', this.#setpoint)
  }

  /** One tick on: the setpoint to write now, at most `tick` ahead of the last one; undefined when there is none. */
  advance(now: Seconds, tick: Seconds): ServoSetpoint | undefined {
    const before = this.#setpoint
    if (before === undefined || this.#mode === 'limp' || this.#mode === 'frozen') return undefined
    if (this.#stream && now >= this.#stream.expires) this.brake()
    if (!this.isMoving && this.#repeats === 0) return undefined
    const next = this.#step(before, tick)
    this.#setpoint = next
    if (next !== before) this.still.reset()
    if (this.#mode === 'braking' && this.profileEnded) this.#rest('idle', next)
    return this.#frame(next, Math.abs(next - before) / tick)
  }

  #step(before: Radians, tick: Seconds): Radians {
    if (this.#stream) return this.#stepStream(this.#stream, before, tick)
    if (this.#drive) return this.#stepProfile(this.#drive, before, tick)
    this.#repeats--
    return before
  }

  #stepStream({ target, pace }: Stream, before: Radians, tick: Seconds): Radians {
    const step = pace * tick
    const next = Math.abs(target - before) <= step ? target : before + Math.sign(target - before) * step
    this.#velocity = (next - before) / tick
    return next
  }

  #stepProfile(drive: Follow, before: Radians, tick: Seconds): Radians {
    drive.elapsed += tick
    const { position, velocity } = drive.profile.sample(drive.elapsed)
    this.#velocity = velocity
    return this.#mode === 'braking' ? this.#insideLimits(before, position) : position
  }

  #insideLimits(before: Radians, position: Radians): Radians {
    const [min, max] = this.spec.position
    const bound = this.#bound
    const low = bound === undefined ? min : Math.min(bound, before)
    const high = bound === undefined ? max : Math.max(bound, before)
    return Math.min(Math.max(position, Math.min(low, before)), Math.max(high, before))
  }

  #frame(position: Radians, speed: RadiansPerSecond): ServoSetpoint {
    const lag = Math.abs(position - (this.measured ?? position))
    const wanted = Math.max(speed * HEADROOM, lag / CATCH_UP, SLOWEST)
    const velocity = Math.min(wanted, this.velocityLimit) * (this.spec.gear ?? 1)
    return { id: this.id, position: toServo(this.spec, position), velocity }
  }

  #rest(mode: AxisMode, setpoint: Radians | undefined): void {
    if (setpoint !== this.#setpoint) this.still.reset()
    this.#mode = mode
    this.#setpoint = setpoint
    this.#velocity = 0
    this.#drive = undefined
    this.#stream = undefined
    this.#repeats = REPEATS
  }

  /** Where a stop freezes its servo, in angles of the servo: a young reading, else the last setpoint, else any reading. */
  freezePoint(now: Seconds, maxAge: Seconds): Radians | undefined {
    const at = this.#sample && Number.isFinite(this.#sample.position) ? this.#sample : undefined
    if (at && now - at.at <= maxAge) return at.position
    return this.servoSetpoint ?? at?.position
  }

  /** The last setpoint in angles of the servo. */
  get servoSetpoint(): Radians | undefined {
    return this.#setpoint === undefined ? undefined : toServo(this.spec, this.#setpoint)
  }

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
