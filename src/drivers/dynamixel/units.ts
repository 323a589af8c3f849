import type { Radians, RadiansPerSecond, RadiansPerSecondSquared, Seconds } from '../../base/units.ts'

/** Steps of one turn of the shaft. */
export const STEPS_PER_TURN = 4096
/** The raw position in the middle of the travel: our zero. */
export const CENTRE = 2048
/** What a position register can hold in the modes of more than one turn: 256 turns either way. */
export const LARGEST_TURNED = 256 * STEPS_PER_TURN - 1

const STEPS_PER_RADIAN = STEPS_PER_TURN / (2 * Math.PI)
const TURN = 2 * Math.PI
/** 0.229 revolutions a minute. */
const VELOCITY_UNIT: RadiansPerSecond = (0.229 * TURN) / 60
/** 214.577 revolutions a minute squared. */
const ACCELERATION_UNIT: RadiansPerSecondSquared = (214.577 * TURN) / 3600
/** Most that the profile registers take. */
const LARGEST_PROFILE = 32_767
/** Of the bus watchdog. */
export const WATCHDOG_UNIT: Seconds = 0.02
export const LONGEST_WATCHDOG = 127

/** Raw position of an angle, rounded to a step. Not clamped. */
export const toRawPosition = (angle: Radians): number => Math.round(CENTRE + angle * STEPS_PER_RADIAN)
export const toAngle = (raw: number): Radians => (raw - CENTRE) / STEPS_PER_RADIAN

/** Raw speed of a shaft, with its sign, rounded. Not clamped. */
export const toRawSpeed = (speed: RadiansPerSecond): number => Math.round(speed / VELOCITY_UNIT)
export const toSpeed = (raw: number): RadiansPerSecond => raw * VELOCITY_UNIT

/**
 * Raw profile velocity of a pace. Never 0 for a slow one, because 0 means "as fast as it can"; absent = 0, which is
 * just that.
 */
export function toRawPace(velocity: RadiansPerSecond | undefined): number {
  if (velocity === undefined) return 0
  return clamp(toRawSpeed(Math.abs(velocity)), 1, LARGEST_PROFILE)
}

/** Raw profile acceleration, from 1 (0 would mean "without limit") up to what the register holds. */
export function toRawAcceleration(acceleration: RadiansPerSecondSquared): number {
  return clamp(Math.round(acceleration / ACCELERATION_UNIT), 1, LARGEST_PROFILE)
}

/** Units of the bus watchdog, rounded up, so that it never trips sooner than asked. */
export const toRawWatchdog = (duration: Seconds): number => Math.ceil(duration / WATCHDOG_UNIT - 1e-9)

/** Share of the largest torque of the load register. */
export const toLoad = (raw: number): number => raw / 1000
export const toVolts = (raw: number): number => raw / 10

const clamp = (value: number, min: number, max: number): number => Math.min(Math.max(value, min), max)
