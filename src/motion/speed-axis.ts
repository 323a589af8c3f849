import type { Radians, RadiansPerSecond, Seconds } from '../base/units.ts'
import { toServoVelocity } from '../device/joint.ts'
import type { ServoSample, ServoSpeed } from '../device/servo-bus.ts'
import { Axis, type AxisMode, REPEATS } from './axis.ts'
import type { HardwareLimits } from './limits.ts'

const TURN: Radians = 2 * Math.PI
/** Told to turn at least this many times as fast as what counts as standing still, a wheel that stands is stalled. */
const CLEARLY_TOLD = 2

/** A wheel that stood still although it was told to turn, in units of the joint. */
export interface Stall {
  readonly told: RadiansPerSecond
  readonly measured: RadiansPerSecond
}

/**
 * A joint that turns at speeds: the speed that it was told, which moves towards the one asked for by no more than its
 * acceleration allows in a tick. A servo in velocity mode turns on for ever when nobody speaks to it, so every way out
 * of a stream ends at speed 0.
 */
export class SpeedAxis extends Axis {
  #speed: RadiansPerSecond = 0
  #target: RadiansPerSecond = 0
  #expires: Seconds = Number.NEGATIVE_INFINITY
  #repeats = 0
  /** The angle of the shaft, whole turns included. */
  #travelled: Radians | undefined
  #stalledSince: Seconds | undefined
  #stall: Stall | undefined

  /** The speed that was last written. */
  get speed(): RadiansPerSecond {
    return this.#speed
  }

  /** Turns at this speed from now on, reached within the acceleration limit, and brakes when `ttl` has passed. */
  drive(speed: RadiansPerSecond, now: Seconds, ttl: Seconds): void {
    this.mode = 'streaming'
    this.#target = speed
    this.#expires = now + ttl
  }

  /** That it has stalled since the last call of this; told once. */
  takeStall(): Stall | undefined {
    const stall = this.#stall
    this.#stall = undefined
    return stall
  }

  /**
   * Its encoder counts one turn and begins again; the way that the shaft has turned goes on. A gap in the readings of
   * more than half a turn loses whole turns, which matters to nobody who reads speeds.
   */
  override take(sample: ServoSample): void {
    const way = sample.position - (this.#travelled ?? sample.position)
    const position = (this.#travelled ?? sample.position) + way - TURN * Math.round(way / TURN)
    // A reading that is no number must not spoil all that follow it.
    if (Number.isFinite(position)) this.#travelled = position
    super.take({ ...sample, position })
  }

  /** It stands, with power: the driver has told it speed 0 before it gave it power. */
  engage(): void {
    this.#rest('idle')
    this.#repeats = 0
  }

  brake(): void {
    if (this.mode === 'streaming') this.mode = 'braking'
  }

  /** It went on turning while the host did not run; nobody has watched where to, so it ends here. */
  restAfterStall(): void {
    if (this.isMoving) this.#rest('idle')
  }

  /** Gives up when it does not turn: a blocked motor only gets hot. Returns what it has just given up on. */
  watch(now: Seconds, { stillVelocity, stallTime }: HardwareLimits): Stall | undefined {
    const told = Math.abs(toServoVelocity(this.spec, this.#speed)) > CLEARLY_TOLD * stillVelocity
    const stands = this.misses === 0 && Math.abs(this.sample?.velocity ?? Number.NaN) <= stillVelocity
    if (!(told && stands && this.isMoving)) this.#stalledSince = undefined
    else this.#stalledSince ??= now
    if (this.#stalledSince === undefined || now - this.#stalledSince < stallTime) return undefined
    this.#stall = { told: this.#speed, measured: this.velocityMeasured ?? 0 }
    this.#rest('idle')
    return this.#stall
  }

  /** One tick on: the speed to write now; undefined when there is nothing to say. */
  advance(now: Seconds, tick: Seconds): ServoSpeed | undefined {
    if (this.mode === 'limp' || this.mode === 'frozen') return undefined
    if (this.mode === 'streaming' && now >= this.#expires) this.brake()
    if (!this.isMoving && this.#repeats === 0) return undefined
    if (!this.isMoving) this.#repeats--
    this.#step(tick)
    const frame = { id: this.id, speed: toServoVelocity(this.spec, this.#speed) }
    if (this.mode === 'braking' && this.#speed === 0) this.#rest('idle')
    return frame
  }

  #step(tick: Seconds): void {
    const wanted = this.mode === 'streaming' ? this.#target : 0
    const most = this.acceleration * tick
    const before = this.#speed
    const way = wanted - before
    this.#speed = Math.abs(way) <= most ? wanted : before + Math.sign(way) * most
    if (this.#speed !== 0 || before !== 0) this.still.reset()
  }

  /** Where it is frozen does not matter, for it is told speed 0; it must only be a place. */
  freezePoint(): Radians {
    return this.servoSetpoint
  }

  get servoSetpoint(): Radians {
    const at = this.#travelled ?? 0
    return at - TURN * Math.round(at / TURN)
  }

  protected settle(mode: AxisMode): void {
    this.#rest(mode)
  }

  protected freeze(): void {
    this.#rest('frozen')
  }

  #rest(mode: AxisMode): void {
    if (this.#speed !== 0) this.still.reset()
    this.mode = mode
    this.#speed = 0
    this.#target = 0
    this.#stalledSince = undefined
    this.#repeats = REPEATS
  }
}
