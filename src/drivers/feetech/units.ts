import type { Radians, RadiansPerSecond, RadiansPerSecondSquared } from '../../base/units.ts'

/** Steps of one turn of the shaft. */
export const STEPS_PER_TURN = 4096
/** The raw position in the middle of the travel: our zero. */
export const CENTRE = 2048
/** What the position registers can hold. */
const LARGEST_POSITION = 30_719
/** The largest value of the goal velocity register, in steps per second. */
const LARGEST_VELOCITY = 3400
/** Firmware 3.10 makes 50 of everything above it, silently: about 7.67 rad/s^2. */
export const LARGEST_ACCELERATION = 50

const STEPS_PER_RADIAN = STEPS_PER_TURN / (2 * Math.PI)
const ACCELERATION_UNIT = 100

/** Raw position of an angle, rounded to a step. Not clamped: see `isRawPosition`. */
export const toRawPosition = (angle: Radians): number => Math.round(CENTRE + angle * STEPS_PER_RADIAN)
export const toAngle = (raw: number): Radians => (raw - CENTRE) / STEPS_PER_RADIAN
/** Whether the register can hold it; false for NaN and infinities. */
export const isRawPosition = (raw: number): boolean => Math.abs(raw) <= LARGEST_POSITION

/**
 * Raw goal velocity of a pace. Never 0 for a slow one, because 0 means "as fast as it can"; absent = 0, which is just
 * that. Above the servo's own maximum it is the maximum.
 */
export function toRawVelocity(velocity: RadiansPerSecond | undefined): number {
  if (velocity === undefined) return 0
  return clamp(Math.round(Math.abs(velocity) * STEPS_PER_RADIAN), 1, LARGEST_VELOCITY)
}
/** Raw goal velocity of a speed in velocity mode, with its sign; 0 stands. Above the servo's own maximum it is the maximum. */
export const toRawSpeed = (speed: RadiansPerSecond): number =>
  clamp(Math.round(speed * STEPS_PER_RADIAN), -LARGEST_VELOCITY, LARGEST_VELOCITY)
export const toVelocity = (raw: number): RadiansPerSecond => raw / STEPS_PER_RADIAN

/** Raw acceleration, from 1 (0 would mean "without limit") up to what the register holds; the firmware takes less. */
export function toRawAcceleration(acceleration: RadiansPerSecondSquared): number {
  return clamp(Math.round((acceleration * STEPS_PER_RADIAN) / ACCELERATION_UNIT), 1, 254)
}

/** Share of the largest torque, -1..1, of the load register. */
export const toLoad = (raw: number): number => raw / 1000
export const toVolts = (raw: number): number => raw / 10
export const toAmperes = (raw: number): number => raw * 0.0065

const clamp = (value: number, min: number, max: number): number => Math.min(Math.max(value, min), max)
