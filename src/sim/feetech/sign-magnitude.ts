/**
 * Signed register values of Feetech servos: the magnitude in the low bits and a sign bit above it, not two's
 * complement, as the vendor's protocol manual has it. `bit` is the number of the sign bit: 15 position and velocity, 11
 * offset, 10 load.
 */
export function toSignMagnitude(value: number, bit: number): number {
  const limit = (1 << bit) - 1
  const magnitude = Math.min(Math.abs(Math.round(value)), limit)
  return value < 0 && magnitude > 0 ? magnitude | (1 << bit) : magnitude
}

/** The inverse. Bits above the sign bit are ignored; "minus zero" is 0. */
export function fromSignMagnitude(raw: number, bit: number): number {
  const magnitude = raw & ((1 << bit) - 1)
  return (raw & (1 << bit)) !== 0 && magnitude > 0 ? -magnitude : magnitude
}
