import type { Radians, RadiansPerSecond, RadiansPerSecondSquared, Seconds } from '../base/units.ts'

/** Where a setpoint is and how fast it goes there, at one instant. */
export interface MotionPoint {
  readonly position: Radians
  readonly velocity: RadiansPerSecond
}

/** A motion of one joint over time: `sample(0)` is its start, `sample(duration)` and later exactly its end, at rest. */
export interface Profile {
  readonly duration: Seconds
  readonly end: Radians
  sample(t: Seconds): MotionPoint
}

/** What a profile is made from. Limits are positive magnitudes. */
export interface JointMotion {
  readonly from: Radians
  readonly to: Radians
  readonly velocity: RadiansPerSecond
  readonly acceleration: RadiansPerSecondSquared
}

/**
 * Rest to rest in the shortest time that the limits allow: constant acceleration, constant speed, constant
 * deceleration; without the middle part when the way is short. With `duration` it is stretched evenly in time, which
 * only lowers its speed and acceleration. A `duration` below the shortest possible is taken as the shortest.
 */
export class TrapezoidProfile implements Profile {
  readonly duration: Seconds
  readonly end: Radians
  readonly #start: Radians
  readonly #sign: number
  readonly #distance: number
  readonly #acceleration: number
  readonly #ramp: Seconds
  readonly #peak: RadiansPerSecond
  readonly #shortest: Seconds

  constructor({ from, to, velocity, acceleration }: JointMotion, duration: Seconds = 0) {
    this.#start = from
    this.end = to
    this.#sign = Math.sign(to - from)
    this.#distance = Math.abs(to - from)
    this.#acceleration = acceleration
    this.#ramp = Math.min(velocity / acceleration, Math.sqrt(this.#distance / acceleration))
    this.#peak = acceleration * this.#ramp
    // A way so short that its speed underflows takes no time: it ends where it begins.
    const cruise = this.#peak > 0 ? Math.max(0, this.#distance / this.#peak - this.#ramp) : 0
    this.#shortest = 2 * this.#ramp + cruise
    this.duration = Math.max(this.#shortest, duration)
  }

  sample(t: Seconds): MotionPoint {
    if (t >= this.duration) return { position: this.end, velocity: 0 }
    if (t <= 0 || this.#peak === 0) return { position: this.#start, velocity: 0 }
    const pace = this.#shortest / this.duration
    const { way, speed } = this.#at(t * pace)
    return { position: this.#start + this.#sign * way, velocity: this.#sign * speed * pace }
  }

  #at(t: Seconds): { way: number; speed: number } {
    const left = this.#shortest - t
    const a = this.#acceleration
    if (t < this.#ramp) return { way: (a * t * t) / 2, speed: a * t }
    if (left < this.#ramp) return { way: this.#distance - (a * left * left) / 2, speed: a * left }
    return { way: (this.#peak * this.#ramp) / 2 + this.#peak * (t - this.#ramp), speed: this.#peak }
  }
}

/** One profile for each joint, all of the same duration: the shortest that the slowest of them allows. */
export function planTogether(joints: readonly JointMotion[]): TrapezoidProfile[] {
  const duration = Math.max(0, ...joints.map((joint) => new TrapezoidProfile(joint).duration))
  return joints.map((joint) => new TrapezoidProfile(joint, duration))
}

/** From a moving setpoint to rest at the acceleration limit, the shortest way there is. */
export class BrakingRamp implements Profile {
  readonly duration: Seconds
  readonly end: Radians
  readonly #start: Radians
  readonly #velocity: RadiansPerSecond
  readonly #deceleration: number

  constructor(position: Radians, velocity: RadiansPerSecond, acceleration: RadiansPerSecondSquared) {
    this.duration = Math.abs(velocity) / acceleration
    this.#start = position
    this.#velocity = velocity
    this.#deceleration = Math.sign(velocity) * acceleration
    this.end = position + (velocity * this.duration) / 2
  }

  sample(t: Seconds): MotionPoint {
    if (t >= this.duration) return { position: this.end, velocity: 0 }
    const since = Math.max(0, t)
    return {
      position: this.#start + this.#velocity * since - (this.#deceleration * since * since) / 2,
      velocity: this.#velocity - this.#deceleration * since,
    }
  }
}

/** How far a joint travels when it brakes from `velocity`. */
export const brakingDistance = (velocity: RadiansPerSecond, acceleration: RadiansPerSecondSquared): Radians =>
  (velocity * velocity) / (2 * acceleration)
