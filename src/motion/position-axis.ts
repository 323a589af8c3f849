import type { Radians, RadiansPerSecond, Seconds } from '../base/units.ts'
import { type JointSpec, toJoint, toleranceOf, toServo } from '../device/joint.ts'
import type { ServoSetpoint } from '../device/servo-bus.ts'
import { Axis, type AxisMode, type AxisPlace, REPEATS } from './axis.ts'
import { BrakingRamp, type Profile } from './trajectory.ts'

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

/** A joint that goes to angles and holds them: the setpoint that it was told, and how it moves on. */
export class PositionAxis extends Axis {
  readonly tolerance: Radians
  #setpoint: Radians | undefined
  #velocity: RadiansPerSecond = 0
  #acceptedAt: Seconds = Number.NEGATIVE_INFINITY
  #drive: Follow | undefined
  #stream: Stream | undefined
  /** While braking from a stream: its last setpoint. */
  #bound: Radians | undefined
  #repeats = 0

  constructor(name: string, spec: JointSpec, place: AxisPlace) {
    super(name, spec, place)
    this.tolerance = toleranceOf(spec)
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

  /** It holds: where it has just been powered up, or where a stop froze it, when it never lost its power. */
  engage(): void {
    this.#rest('idle', this.mode === 'frozen' ? this.#setpoint : (this.measured ?? this.#setpoint))
    // The driver has just told it where to hold; nothing needs saying again.
    this.#repeats = 0
  }

  protected settle(mode: AxisMode): void {
    this.#rest(mode, this.#setpoint)
  }

  protected freeze(at: Radians): void {
    this.#rest('frozen', toJoint(this.spec, at))
  }

  /** Follows a profile from its present setpoint. Only from `idle`. */
  follow(profile: Profile): void {
    this.mode = 'following'
    this.#drive = { profile, elapsed: 0 }
  }

  /** Goes to a streamed setpoint at the pace at which setpoints arrive, and brakes when `ttl` has passed. */
  stream(target: Radians, now: Seconds, tick: Seconds, ttl: Seconds, defaultTtl: Seconds): void {
    const elapsed = Math.max(tick, this.streamElapsed(now, defaultTtl))
    const way = Math.abs(target - (this.#setpoint ?? target))
    this.mode = 'streaming'
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
    if (this.mode !== 'following' && this.mode !== 'streaming') return
    this.#bound = this.#stream?.target
    this.#stream = undefined
    this.mode = 'braking'
    this.#drive = {
      profile: new BrakingRamp(this.#setpoint ?? 0, this.#velocity, this.acceleration),
      elapsed: 0,
    }
  }

  /** The host missed ticks: the servo has reached its setpoint and rests there, whatever was planned. */
  restAfterStall(): void {
    if (this.isMoving) this.#rest('idle', this.#setpoint)
  }

  /** It pushes against something: the setpoint comes back to where the joint is, so that it no longer pushes. */
  restWhereMeasured(): void {
    if (this.mode === 'limp' || this.mode === 'frozen') return
    this.#rest('idle', this.measured ?? this.#setpoint)
  }

  /** A move has arrived: holds its goal. */
  arrive(): void {
    if (this.mode === 'following') this.#rest('idle', this.#setpoint)
  }

  /** One tick on: the setpoint to write now, at most `tick` ahead of the last one; undefined when there is none. */
  advance(now: Seconds, tick: Seconds): ServoSetpoint | undefined {
    const before = this.#setpoint
    if (before === undefined || this.mode === 'limp' || this.mode === 'frozen') return undefined
    if (this.#stream && now >= this.#stream.expires) this.brake()
    if (!this.isMoving && this.#repeats === 0) return undefined
    const next = this.#step(before, tick)
    this.#setpoint = next
    if (next !== before) this.still.reset()
    if (this.mode === 'braking' && this.profileEnded) this.#rest('idle', next)
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
    return this.mode === 'braking' ? this.#insideLimits(before, position) : position
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
    this.mode = mode
    this.#setpoint = setpoint
    this.#velocity = 0
    this.#drive = undefined
    this.#stream = undefined
    this.#repeats = REPEATS
  }

  /** Where a stop freezes its servo, in angles of the servo: a young reading, else the last setpoint, else any reading. */
  freezePoint(now: Seconds, maxAge: Seconds): Radians | undefined {
    const at = this.sample && Number.isFinite(this.sample.position) ? this.sample : undefined
    if (at && now - at.at <= maxAge) return at.position
    return this.servoSetpoint ?? at?.position
  }

  /** The last setpoint in angles of the servo. */
  get servoSetpoint(): Radians | undefined {
    return this.#setpoint === undefined ? undefined : toServo(this.spec, this.#setpoint)
  }
}
