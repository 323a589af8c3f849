import type { Radians, Seconds } from '../base/units.ts'
import type { JointReading } from '../motion/contract.ts'
import type { TimedMotion } from './retime.ts'

/** How far a joint was from where it should have been. */
export interface TrackingError {
  readonly max: Radians
  readonly mean: Radians
}

/** Compares what joints measured with where a motion has them at the time of the reading. */
export class TrackingErrors {
  readonly #motion: TimedMotion
  readonly #tallies: { max: Radians; sum: Radians; count: number; last: Seconds }[]

  constructor(motion: TimedMotion) {
    this.#motion = motion
    this.#tallies = motion.joints.map(() => ({ max: 0, sum: 0, count: 0, last: Number.NEGATIVE_INFINITY }))
  }

  /** Looks at each joint once for each new, fresh reading. The motion is at `t` now. */
  look(read: (joint: string) => JointReading, now: Seconds, t: Seconds): void {
    for (const [j, joint] of this.#motion.joints.entries()) {
      const reading = read(joint)
      const tally = this.#tallies[j]
      if (!tally || reading.status !== 'fresh' || reading.at <= tally.last) continue
      tally.last = reading.at
      const wanted = this.#motion.at(t - (now - reading.at))[j] ?? reading.position
      const error = Math.abs(reading.position - wanted)
      tally.max = Math.max(tally.max, error)
      tally.sum += error
      tally.count++
    }
  }

  /** By joint; one that was never read has no error, and is not in it. */
  summary(): Record<string, TrackingError> {
    return Object.fromEntries(
      this.#motion.joints.flatMap((joint, j) => {
        const tally = this.#tallies[j]
        return tally && tally.count > 0 ? [[joint, { max: tally.max, mean: tally.sum / tally.count }]] : []
      }),
    )
  }
}
