import { badArgument } from '../base/argument.ts'
import type { Radians, Seconds } from '../base/units.ts'
import type { JointPace } from '../device/joint.ts'
import type { JointRecording } from './joint-recording.ts'
import { type SegmentBounds, Spline } from './spline.ts'

/** A recording with a time law that every joint can follow. */
export interface TimedMotion {
  readonly joints: readonly string[]
  readonly duration: Seconds
  /** How much longer it takes than it was asked to: 1 where every joint can follow at the wished speed. */
  readonly stretch: number
  /** When each sample of the recording is passed. */
  readonly times: readonly Seconds[]
  /** The positions at `t`, in the order of `joints`: the first sample before the start, the last one after the end. */
  at(t: Seconds): readonly Radians[]
}

/** The fastest that a recording may be asked to be played. */
export const MOST_SPEED = 10

/**
 * Plays a recording at `speed` times its pace, and slower where a joint could not follow: on the way through the samples
 * no joint ever exceeds its velocity or its acceleration, the first and last instants included, where it starts from
 * rest and comes to rest. Only time is stretched: the path is the recorded one, through every sample. Pure.
 * `limits`: the largest speed and acceleration of each joint, above 0. Throws `TENDON_ARGUMENT_INVALID`.
 *
 * How: with `u` the recorded time, `s = du/dt` the pace, `x = s^2` and `a = s ds/du` the change of pace, a joint moves
 * at q' s and accelerates by q'' x + q' a. Between two samples q' and q'' are bounded, which caps `x`; a pass forward and one
 * back then bound how `x` may rise and fall. In between `x` is linear in `u`, so the pace changes evenly in time.
 */
export function retime(
  { joints, samples }: Pick<JointRecording, 'joints' | 'samples'>,
  limits: Readonly<Record<string, JointPace>>,
  { speed = 1 }: { readonly speed?: number } = {},
): TimedMotion {
  if (!(speed > 0 && speed <= MOST_SPEED))
    throw badArgument('retime()', 'speed', speed, `a factor above 0, at most ${MOST_SPEED}`)
  if (samples.length < 2) throw badArgument('retime()', 'recording', samples.length, 'one of at least two samples')
  const recorded = samples.map(([t]) => t)
  const splines = joints.map(
    (_, column) =>
      new Spline(
        recorded,
        samples.map((row) => row[column + 1] ?? 0),
      ),
  )
  const allowed = joints.map((joint) => limitsOf(limits, joint))
  const segments = recorded.slice(1).map((end, i) => ({
    h: end - (recorded[i] ?? 0),
    bounds: splines.map((spline) => spline.bounds(i)),
  }))
  const squares = pacesSquared(segments, allowed, speed)
  return new Retimed(joints, recorded, splines, squares, speed)
}

function limitsOf(limits: Readonly<Record<string, JointPace>>, joint: string): JointPace {
  const found = limits[joint]
  if (found && found.velocity > 0 && found.acceleration > 0) return found
  throw badArgument('retime()', `limits.${joint}`, found, '{ velocity, acceleration }, both above 0')
}

interface Segment {
  readonly h: Seconds
  readonly bounds: readonly SegmentBounds[]
}

/** The largest square of the pace at each sample, so that no joint exceeds its limits on either side of it. */
function pacesSquared(segments: readonly Segment[], limits: readonly JointPace[], speed: number): number[] {
  const caps = segments.map(({ bounds }) => capOf(bounds, limits, speed))
  const x = Array.from({ length: segments.length + 1 }, (_, i) =>
    Math.min(caps[i - 1] ?? Number.POSITIVE_INFINITY, caps[i] ?? Number.POSITIVE_INFINITY),
  )
  const limit = (i: number, segment: Segment | undefined, neighbour: number): void => {
    if (segment) x[i] = Math.min(x[i] ?? 0, highestAfter(segment, limits, x[neighbour] ?? 0))
  }
  for (let i = 1; i < x.length; i++) limit(i, segments[i - 1], i - 1)
  for (let i = x.length - 2; i >= 0; i--) limit(i, segments[i], i + 1)
  return x
}

/** The highest constant square of the pace in one segment. */
function capOf(bounds: readonly SegmentBounds[], limits: readonly JointPace[], speed: number): number {
  let cap = speed * speed
  for (const [j, { velocity, acceleration }] of bounds.entries()) {
    const most = limits[j]
    if (!most) continue
    if (velocity > 0) cap = Math.min(cap, (most.velocity / velocity) ** 2)
    if (acceleration > 0) cap = Math.min(cap, most.acceleration / acceleration)
  }
  return cap
}

/** How high the square may be at the other end of a segment: what changes of pace take is not left for the curve. */
function highestAfter({ h, bounds }: Segment, limits: readonly JointPace[], x: number): number {
  let highest = Number.POSITIVE_INFINITY
  for (const [j, { velocity, acceleration }] of bounds.entries()) {
    const most = limits[j]?.acceleration ?? 0
    if (velocity > 0) highest = Math.min(highest, (x * velocity + 2 * h * most) / (velocity + 2 * h * acceleration))
  }
  // By rounding it could come out lower than x, which would slow down for nothing.
  return Math.max(highest, x)
}

class Retimed implements TimedMotion {
  readonly joints: readonly string[]
  readonly times: readonly Seconds[]
  readonly duration: Seconds
  readonly stretch: number
  readonly #recorded: readonly Seconds[]
  readonly #splines: readonly Spline[]
  readonly #squares: readonly number[]

  constructor(
    joints: readonly string[],
    recorded: readonly Seconds[],
    splines: readonly Spline[],
    squares: readonly number[],
    speed: number,
  ) {
    this.joints = joints
    this.#recorded = recorded
    this.#splines = splines
    this.#squares = squares
    const [first = 0] = recorded
    const wished = recorded.map((u) => (u - first) / speed)
    // Sums of segments round; a recording that is not stretched keeps its very times.
    this.times = squares.every((x) => x === speed * speed) ? wished : timesOf(recorded, squares)
    this.duration = this.times.at(-1) ?? 0
    this.stretch = this.duration / (wished.at(-1) ?? 0)
  }

  at(t: Seconds): readonly Radians[] {
    const i = segmentAt(this.times, t)
    const [u0 = 0, u1 = 0] = [this.#recorded[i], this.#recorded[i + 1]]
    const [x0 = 0, x1 = 0] = [this.#squares[i], this.#squares[i + 1]]
    const since = Math.max(0, t - (this.times[i] ?? 0))
    const change = (x1 - x0) / (2 * (u1 - u0))
    const u = u0 + Math.sqrt(x0) * since + (change * since * since) / 2
    // By rounding the end could fall short of the last sample.
    const at = t >= this.duration ? u1 : Math.min(u, u1)
    return this.#splines.map((spline) => spline.at(i, at))
  }
}

/** When each sample is passed: a segment at an evenly changing pace takes its length by the mean of both paces. */
function timesOf(recorded: readonly Seconds[], squares: readonly number[]): Seconds[] {
  let t = 0
  return recorded.map((u, i) => {
    const [x0, x1 = 0] = [squares[i - 1], squares[i]]
    if (x0 !== undefined) t += (2 * (u - (recorded[i - 1] ?? 0))) / (Math.sqrt(x0) + Math.sqrt(x1))
    return t
  })
}

/** The index of the segment in which `t` lies; the first or the last one outside of them. */
function segmentAt(times: readonly Seconds[], t: Seconds): number {
  let [low, high] = [0, times.length - 2]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((times[middle] ?? 0) <= t) low = middle
    else high = middle - 1
  }
  return low
}
