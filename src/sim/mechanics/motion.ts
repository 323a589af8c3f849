import type { Seconds } from '../../base/units.ts'

/** The fixed step of the integration. Results depend on it and on nothing else: not on who reads how often. */
export const STEP: Seconds = 0.001

/** What the registers ask of the motor. Positions in raw steps of the shaft itself (actual, not present). */
export interface Drive {
  readonly powered: boolean
  /** `position` goes to `target`; `velocity` turns at `velocity` for as long as it lasts. */
  readonly kind: 'position' | 'velocity'
  readonly target: number
  /** step/s: a limit in position mode, a signed goal in velocity mode. */
  readonly velocity: number
  /** step/s^2. */
  readonly acceleration: number
  /** Share of the largest torque that the motor may give, 0..1; more where several motors turn one shaft. */
  readonly authority: number
}

/** What the shaft is attached to. */
export interface Body {
  /** Load on the shaft beyond its friction, as a signed share of the largest torque; positive pulls to larger positions. */
  readonly gravity: number
  /** Mechanical ends, in raw steps. */
  readonly min: number
  readonly max: number
  /** Held by something that the motor cannot move. */
  readonly jammed: boolean
  /** Step/s at which the motor's full drag is reached. Default 3400, an STS3215's. */
  readonly rated?: number
}

// First-order models with constants of ours: plausible for an STS3215, measured on none.
/** Share of the torque that turning takes at all, and what full speed adds to it. */
export const FRICTION = 0.05
const DRAG = 0.1
/** Position error at which the position loop gives all its torque. */
const FULL_TORQUE_ERROR = 100
/** Where a body does not say how fast its motor is. */
const RATED_VELOCITY = 3400
/** What the sensed load follows its cause with. */
const LOAD_LAG: Seconds = 0.02
/** Limp: how the gear's friction stops a turning shaft (step/s^2), and how a load of 1 makes it fall. */
const GEAR_BRAKE = 20_000
const FALL_ACCELERATION = 8000
const FALL_VELOCITY = 2000
/** Loads closer than this to their cause are equal to it, so that a shaft comes to rest for good. */
const LOAD_EPSILON = 1e-3

const clamp = (value: number, limit: number): number => Math.max(-limit, Math.min(limit, value))
const toward = (value: number, goal: number, most: number): number => value + clamp(goal - value, most)

/** A shaft with its motor: position, velocity and load, advanced one `STEP` at a time. */
export class Motion {
  /** Raw steps, with fraction. */
  position: number
  /** step/s. */
  velocity = 0
  /** Share of the largest torque that the motor gives, signed. */
  load = 0

  constructor(position: number) {
    this.position = position
  }

  /** Advances by one `STEP`. Returns whether the shaft has come to rest: more steps of the same would change nothing. */
  step(drive: Drive, body: Body): boolean {
    const cause = this.#turn(drive, body)
    this.#lag(cause)
    return this.velocity === 0 && this.load === cause && this.#settled(drive, body)
  }

  /** Moves the shaft, and returns the load that this takes. */
  #turn(drive: Drive, body: Body): number {
    if (!drive.powered) {
      this.#fall(body)
      return 0
    }
    if (body.jammed || drive.authority <= FRICTION) return this.#push(drive)
    if (drive.kind === 'position') this.#approach(drive)
    else this.#cruise(drive)
    return this.#blockedAtEnd(drive, body) ? this.#push(drive) : this.#effort(drive, body)
  }

  /** One step of a trapezoid: the fastest speed from which the rest of the way still suffices to stop. */
  #approach({ target, velocity: limit, acceleration }: Drive): void {
    const side = target >= this.position ? 1 : -1
    const way = side * (target - this.position)
    const speed = side * this.velocity
    const change = acceleration * STEP
    if (speed >= 0 && speed <= change && way <= (speed * STEP) / 2) {
      this.position = target
      this.velocity = 0
      return
    }
    const root = Math.sqrt(Math.max(0, STEP ** 2 / 4 + (2 * way - speed * STEP) / acceleration))
    const wished = Math.min(limit, Math.max(0, acceleration * (root - STEP / 2)))
    this.#run(side * toward(speed, wished, change))
    // The last step of a stop from rounding: what is left is less than any encoder sees.
    if (Math.abs(target - this.position) < 1e-6 && Math.abs(this.velocity) <= change) {
      this.position = target
      this.velocity = 0
    }
  }

  #cruise({ velocity, acceleration }: Drive): void {
    this.#run(toward(this.velocity, velocity, acceleration * STEP))
  }

  #fall(body: Body): void {
    const { gravity } = body
    const wished = body.jammed ? 0 : gravity * FALL_VELOCITY
    const rate = gravity === 0 || body.jammed ? GEAR_BRAKE : Math.abs(gravity) * FALL_ACCELERATION
    this.#run(toward(this.velocity, wished, rate * STEP))
    this.#stopAtEnds(body)
  }

  /** Turns at the mean of the old and the new velocity, which is exact for a constant acceleration. */
  #run(velocity: number): void {
    this.position += ((this.velocity + velocity) / 2) * STEP
    this.velocity = velocity
  }

  /** Against something that does not give way: no motion, torque by the position error. */
  #push(drive: Drive): number {
    this.velocity = 0
    const error = drive.kind === 'position' ? drive.target - this.position : drive.velocity
    return clamp(error / FULL_TORQUE_ERROR, drive.authority)
  }

  #effort(drive: Drive, body: Body): number {
    const turning =
      this.velocity === 0 ? 0 : FRICTION + (DRAG * Math.abs(this.velocity)) / (body.rated ?? RATED_VELOCITY)
    return clamp(Math.sign(this.velocity) * turning - body.gravity, drive.authority)
  }

  #lag(cause: number): void {
    this.load += (cause - this.load) * (STEP / LOAD_LAG)
    if (Math.abs(cause - this.load) < LOAD_EPSILON) this.load = cause
  }

  #stopAtEnds({ min, max }: Body): boolean {
    if (this.position > min && this.position < max) return false
    const outward = this.position <= min ? this.velocity <= 0 : this.velocity >= 0
    if (!outward) return false
    this.position = Math.max(min, Math.min(max, this.position))
    this.velocity = 0
    return true
  }

  #blockedAtEnd(drive: Drive, body: Body): boolean {
    return this.#stopAtEnds(body) && (drive.kind === 'velocity' || drive.target !== this.position)
  }

  #settled(drive: Drive, body: Body): boolean {
    if (!drive.powered) return body.gravity === 0 || body.jammed || this.#pressed(body, body.gravity)
    if (body.jammed || drive.authority <= FRICTION) return true
    if (drive.kind === 'velocity') return drive.velocity === 0 || this.#pressed(body, drive.velocity)
    return drive.target === this.position || this.#pressed(body, drive.target - this.position)
  }

  /** Whether it is at an end, and what pushes it pushes it there. */
  #pressed({ min, max }: Body, push: number): boolean {
    return (this.position <= min && push < 0) || (this.position >= max && push > 0)
  }
}
