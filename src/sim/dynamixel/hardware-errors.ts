import { STEP } from '../mechanics/motion.ts'
import type { Memory } from './memory.ts'
import { ALARM } from './registers.ts'

/** What a servo senses of itself. */
export interface Sensed {
  /** Share of the largest torque, whichever way. */
  readonly load: number
  /** Degrees Celsius. */
  readonly temperature: number
  readonly volts: number
}

/** What its registers say. */
export interface ErrorLimits {
  readonly temperature: number
  readonly minVolts: number
  readonly maxVolts: number
  /** Which errors switch the motor off (register 63). */
  readonly shutdown: number
}

/** What these registers hold. */
export function errorLimitsOf(memory: Memory): ErrorLimits {
  return {
    temperature: memory.get('maxTemperature'),
    minVolts: memory.get('minVoltage') / 10,
    maxVolts: memory.get('maxVoltage') / 10,
    shutdown: memory.get('shutdown'),
  }
}

/** Ours, not measured: what counts as a load that is too much, and for how many steps it may last. */
const OVERLOAD = 0.8
const OVERLOAD_STEPS = Math.round(2 / STEP)

/**
 * The hardware errors of one servo (register 70). One that shuts the motor down stays until the servo restarts, as the
 * maker says. Others go when their cause does, but for an overload; that is our reading.
 */
export class HardwareErrors {
  #latched = 0
  #overloaded = 0

  /** Whether a count towards an error is running, so that time alone may change the state. */
  get counting(): boolean {
    return this.#overloaded > 0
  }

  /** One step under these values. Returns whether the motor is to be switched off now. */
  step(sensed: Sensed, limits: ErrorLimits): boolean {
    const beyond = sensed.load >= OVERLOAD && (this.#latched & ALARM.overload) === 0
    this.#overloaded = beyond ? this.#overloaded + 1 : 0
    if (this.#overloaded >= OVERLOAD_STEPS) this.trip(ALARM.overload)
    return this.look(sensed, limits)
  }

  /** The same without a step: what is wrong at this moment. */
  look(sensed: Sensed, limits: ErrorLimits): boolean {
    this.#latched |= wrong(sensed, limits) & limits.shutdown
    return this.shutDown(limits)
  }

  /** Whether one of them keeps the motor off. */
  shutDown({ shutdown }: ErrorLimits): boolean {
    return (this.#latched & shutdown) !== 0
  }

  /** What register 70 shows. */
  status(sensed: Sensed, limits: ErrorLimits): number {
    return this.#latched | wrong(sensed, limits)
  }

  trip(alarm: number): void {
    this.#latched |= alarm
    this.#overloaded = 0
  }

  /** As after a restart. */
  reset(): void {
    this.#latched = 0
    this.#overloaded = 0
  }
}

function wrong({ temperature, volts }: Sensed, limits: ErrorLimits): number {
  const voltage = volts < limits.minVolts || volts > limits.maxVolts ? ALARM.voltage : 0
  return voltage | (temperature > limits.temperature ? ALARM.temperature : 0)
}
