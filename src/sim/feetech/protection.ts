import { STEP } from '../mechanics/motion.ts'
import { ALARM } from './registers.ts'

/** What the protection registers say. */
export interface ProtectionLimits {
  /** Share of the largest torque, and for how many steps, until the overload alarm. */
  readonly overload: number
  readonly overloadSteps: number
  /** Amperes, and for how many steps, until the current alarm. */
  readonly current: number
  readonly currentSteps: number
  /** Degrees Celsius. */
  readonly temperature: number
}

/** Steps in one unit (10 ms) of the protection-time registers. */
export const STEPS_PER_UNIT = Math.round(0.01 / STEP)

/**
 * The servo's own protection. An alarm that has tripped stays until torque is switched off or power is cycled; whether
 * real firmware clears it sooner is unchecked. Overload weakens the motor to the protection torque, over-current and
 * over-temperature unload it, each only where register 19 says so: that is for the servo to apply.
 */
export class Protection {
  /** Alarm bits that have tripped. */
  #tripped = 0
  #overloaded = 0
  #overcurrent = 0

  get tripped(): number {
    return this.#tripped
  }

  /** Whether a count towards an alarm is running, so that time alone may change the state. */
  get counting(): boolean {
    return this.#overloaded > 0 || this.#overcurrent > 0
  }

  /** One step under these values. Returns whether an alarm has just tripped. */
  step(load: number, current: number, temperature: number, limits: ProtectionLimits): boolean {
    const before = this.#tripped
    this.#overloaded = this.#count(
      ALARM.overload,
      this.#overloaded,
      Math.abs(load) >= limits.overload,
      limits.overloadSteps,
    )
    this.#overcurrent = this.#count(ALARM.current, this.#overcurrent, current > limits.current, limits.currentSteps)
    if (temperature > limits.temperature) this.#tripped |= ALARM.temperature
    return this.#tripped !== before
  }

  /** Trips an alarm at once. */
  trip(alarm: number): void {
    this.#tripped |= alarm
  }

  reset(): void {
    this.#tripped = 0
    this.#overloaded = 0
    this.#overcurrent = 0
  }

  #count(alarm: number, count: number, beyond: boolean, limit: number): number {
    if (!beyond || (this.#tripped & alarm) !== 0) return 0
    if (count + 1 < limit) return count + 1
    this.#tripped |= alarm
    return 0
  }
}
