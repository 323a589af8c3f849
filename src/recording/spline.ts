import type { Radians, RadiansPerSecond, RadiansPerSecondSquared, Seconds } from '../base/units.ts'

/** How fast and how sharply a curve turns between two samples, at most. */
export interface SegmentBounds {
  readonly velocity: RadiansPerSecond
  readonly acceleration: RadiansPerSecondSquared
}

/**
 * A smooth curve through samples: a monotone cubic (Fritsch and Butland), which between two samples never leaves the
 * range of the two, so that it passes no limit that they keep. It starts and ends at rest.
 */
export class Spline {
  readonly #times: readonly Seconds[]
  readonly #values: readonly Radians[]
  readonly #slopes: readonly RadiansPerSecond[]

  /** At least two samples, times ascending. */
  constructor(times: readonly Seconds[], values: readonly Radians[]) {
    this.#times = times
    this.#values = values
    this.#slopes = slopesOf(times, values)
  }

  /** The value at time `t` between samples `segment` and `segment + 1`. */
  at(segment: number, t: Seconds): Radians {
    const { start, h, from, to, left, right } = this.#segment(segment)
    const s = (t - start) / h
    if (s <= 0) return from
    if (s >= 1) return to
    const value =
      from * (1 + 2 * s) * (1 - s) ** 2 +
      h * left * s * (1 - s) ** 2 +
      to * s * s * (3 - 2 * s) -
      h * right * s * s * (1 - s)
    // Rounding may pass the end of a flat piece.
    return Math.min(Math.max(value, Math.min(from, to)), Math.max(from, to))
  }

  /** The largest speed and acceleration, as magnitudes, between samples `segment` and `segment + 1`. */
  bounds(segment: number): SegmentBounds {
    const { h, from, to, left, right } = this.#segment(segment)
    const mean = (to - from) / h
    // The slope is a parabola over s = 0..1: left + b s + a s^2.
    const a = 3 * (left + right - 2 * mean)
    const b = 2 * (3 * mean - 2 * left - right)
    const vertex = a === 0 ? 0 : -b / (2 * a)
    const turn = vertex > 0 && vertex < 1 ? left + b * vertex + a * vertex * vertex : left
    return {
      velocity: Math.max(Math.abs(left), Math.abs(right), Math.abs(turn)),
      acceleration: Math.max(Math.abs(b), Math.abs(b + 2 * a)) / h,
    }
  }

  #segment(i: number) {
    const [start = 0, end = 0] = [this.#times[i], this.#times[i + 1]]
    const [from = 0, to = 0] = [this.#values[i], this.#values[i + 1]]
    const [left = 0, right = 0] = [this.#slopes[i], this.#slopes[i + 1]]
    return { start, h: end - start, from, to, left, right }
  }
}

/** The slope at each sample: 0 at the ends and where the values turn round, else a mean of the slopes on both sides. */
function slopesOf(times: readonly Seconds[], values: readonly Radians[]): RadiansPerSecond[] {
  const widths = times.slice(1).map((t, i) => t - (times[i] ?? 0))
  const secants = widths.map((h, i) => ((values[i + 1] ?? 0) - (values[i] ?? 0)) / h)
  return times.map((_, i) => {
    const [before, after] = [secants[i - 1], secants[i]]
    if (before === undefined || after === undefined || before * after <= 0) return 0
    const [h0 = 0, h1 = 0] = [widths[i - 1], widths[i]]
    const [w0, w1] = [2 * h1 + h0, h1 + 2 * h0]
    return (w0 + w1) / (w0 / before + w1 / after)
  })
}
