import type { Radians } from '../base/units.ts'
import type { ServoScale } from './family.ts'

/** Angle of a servo's shaft as its raw position, with fraction. */
export function toRaw({ zero, turn }: ServoScale, angle: Radians): number {
  return zero + (angle * turn) / (2 * Math.PI)
}

/** The inverse. */
export function fromRaw({ zero, turn }: ServoScale, raw: number): Radians {
  return ((raw - zero) * 2 * Math.PI) / turn
}
