/**
 * Units at the edges. Inside Tendon every quantity is SI: radians, metres, seconds, volts; a number that enters in
 * another unit says so by the function that made it.
 */

/** An angle in radians. */
export type Radians = number
/** An angular velocity in radians per second. */
export type RadiansPerSecond = number
/** An angular acceleration in radians per second squared. */
export type RadiansPerSecondSquared = number
/** A duration, or a point on a monotonic clock, in seconds. */
export type Seconds = number
/** A length in metres. */
export type Metres = number

/** Degrees to radians: `deg(180)` is pi. */
export const deg = (degrees: number): Radians => (degrees * Math.PI) / 180
/** Degrees per second to radians per second. */
export const degPerSec = (degrees: number): RadiansPerSecond => deg(degrees)
/** Radians per second, written out for readers: `radPerSec(3)` is 3. */
export const radPerSec = (radiansPerSecond: number): RadiansPerSecond => radiansPerSecond
/** Degrees per second squared to radians per second squared. */
export const degPerSec2 = (degrees: number): RadiansPerSecondSquared => deg(degrees)
/** Radians, written out for readers: `rad(1.2)` is 1.2. */
export const rad = (radians: number): Radians => radians
/** Radians to degrees, for people to read. */
export const toDegrees = (radians: Radians): number => (radians * 180) / Math.PI
/** Seconds, written out for readers: `seconds(10)` is 10. */
export const seconds = (value: number): Seconds => value
/** Milliseconds to seconds: `ms(500)` is 0.5. */
export const ms = (milliseconds: number): Seconds => milliseconds / 1000
/** Minutes to seconds. */
export const minutes = (value: number): Seconds => value * 60
/** Millimetres to metres. */
export const mm = (millimetres: number): Metres => millimetres / 1000
