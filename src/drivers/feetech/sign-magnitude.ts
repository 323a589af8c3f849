import { badArgument } from '../../base/argument.ts'

/**
 * Signed register values of the STS family: the top bit is the sign, the bits below it the magnitude; not two's
 * complement. `signBit` is its number: 15 for positions and velocities, 11 for the offset, 10 for load and time.
 */

/** Throws `TENDON_ARGUMENT_INVALID` for a value that is no integer or whose magnitude does not fit below the sign bit. */
export function encodeSignMagnitude(value: number, signBit: number): number {
  const sign = 2 ** signBit
  const magnitude = Math.abs(value)
  if (!Number.isInteger(value) || magnitude >= sign)
    throw badArgument('encodeSignMagnitude()', 'value', value, `an integer that fits a sign and ${signBit} bits`)
  return value < 0 ? sign + magnitude : magnitude
}

/** Bits above the sign bit mean nothing and are ignored; minus zero is zero. */
export function decodeSignMagnitude(raw: number, signBit: number): number {
  const sign = 2 ** signBit
  const magnitude = raw % sign
  const negative = Math.floor(raw / sign) % 2 === 1
  return negative && magnitude !== 0 ? -magnitude : magnitude
}
