import type { Radians, RadiansPerSecond, Seconds } from '../base/units.ts'
import type { RecordingSample } from './joint-recording.ts'

/** How far around a sample its neighbours count, less and less towards the ends. */
const REACH: Seconds = 0.12

/** How well a reading is known. */
export interface Uncertainty {
  /** The step of the encoder. */
  readonly position: Radians
  /** How much earlier than it was heard it may have been read. */
  readonly time: Seconds
}

/**
 * Takes the steps of the encoder and the jitter of the bus out of recorded positions: each becomes that of the parabola
 * which fits it and its neighbours in time best, but is moved by no more than a reading is known to: `position`, and the
 * way that the joint makes in `time`. The first and the last stay as they are. Without it a slow turn is a staircase, and
 * every stair an acceleration that a player would have to slow down for.
 */
export function smooth(samples: readonly RecordingSample[], known: Uncertainty): RecordingSample[] {
  return samples.map((row, i): RecordingSample => {
    if (i === 0 || i === samples.length - 1) return row
    const near = neighboursOf(samples, i)
    const [t, ...positions] = row
    const smoothed = positions.map((q, j) => {
      const { value, slope } = near.fit(j + 1)
      const most = known.position + known.time * Math.abs(slope)
      return Math.min(Math.max(value, q - most), q + most)
    })
    return [t, ...smoothed]
  })
}

interface Parabola {
  /** At the sample itself. */
  readonly value: Radians
  readonly slope: RadiansPerSecond
}

/** The samples around one, for weighted least squares: time counts from the one in the middle, in units of `REACH`. */
function neighboursOf(samples: readonly RecordingSample[], middle: number): { fit(column: number): Parabola } {
  const [at = 0] = samples[middle] ?? []
  const near: { readonly tau: number; readonly weight: number; readonly row: RecordingSample }[] = []
  const take = (row: RecordingSample | undefined): boolean => {
    if (!row || Math.abs(row[0] - at) > REACH) return false
    const tau = (row[0] - at) / REACH
    near.push({ tau, weight: (1 - Math.abs(tau) ** 3) ** 3, row })
    return true
  }
  for (let i = middle; take(samples[i]); i--);
  for (let i = middle + 1; take(samples[i]); i++);
  const moment = (power: number): number => near.reduce((sum, { tau, weight }) => sum + weight * tau ** power, 0)
  const [s0, s1, s2, s3, s4] = [moment(0), moment(1), moment(2), moment(3), moment(4)]
  // Cramer's rule for [[s0 s1 s2] [s1 s2 s3] [s2 s3 s4]] x = [b0 b1 b2].
  const [m00, m01, m02] = [s2 * s4 - s3 * s3, s1 * s4 - s2 * s3, s1 * s3 - s2 * s2]
  const [m11, m12] = [s0 * s4 - s2 * s2, s0 * s3 - s1 * s2]
  const determinant = s0 * m00 - s1 * m01 + s2 * m02
  return {
    fit: (column) => {
      const own = samples[middle]?.[column] ?? 0
      // Three lie on a parabola, and less are not enough for one.
      if (near.length <= 3) return { value: own, slope: 0 }
      let [b0, b1, b2] = [0, 0, 0]
      for (const { tau, weight, row } of near) {
        const q = weight * ((row[column] ?? 0) - own)
        b0 += q
        b1 += q * tau
        b2 += q * tau * tau
      }
      const value = own + (b0 * m00 - b1 * m01 + b2 * m02) / determinant
      return { value, slope: (-b0 * m01 + b1 * m11 - b2 * m12) / determinant / REACH }
    },
  }
}
