import type { Mimic } from '../device/joint.ts'
import type { JointReading } from './contract.ts'

/** What a joint reads that follows another: as old, as fresh and as loaded as the other is. */
export function mimicReading({ multiplier = 1, offset = 0 }: Mimic, other: JointReading): JointReading {
  if (other.status === 'unknown') return other
  return { ...other, position: multiplier * other.position + offset, velocity: multiplier * other.velocity }
}
