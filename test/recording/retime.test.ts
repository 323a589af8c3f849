import fc from 'fast-check'
import { type JointPace, retime, type TimedMotion } from 'tendon'
import { describe, expect, it } from 'vitest'
import type { RecordingSample } from '../../src/recording/joint-recording.ts'

interface Motion {
  readonly joints: string[]
  readonly samples: RecordingSample[]
}

/** Anything that a hand could do, and much that it could not: jumps, rests, gaps in time. */
const wild = (most: number): fc.Arbitrary<Motion> =>
  fc.integer({ min: 1, max: 3 }).chain((joints) =>
    fc
      .array(
        fc.record({
          gap: fc.double({ min: 0.005, max: 0.2, noNaN: true }),
          steps: fc.array(fc.oneof(fc.double({ min: -most, max: most, noNaN: true }), fc.constant(0)), {
            minLength: joints,
            maxLength: joints,
          }),
        }),
        { minLength: 1, maxLength: 40 },
      )
      .map((rows) => {
        let row: RecordingSample = [0, ...Array<number>(joints).fill(0)]
        const samples = [row]
        for (const { gap, steps } of rows) {
          const [t, ...at] = row
          row = [t + gap, ...at.map((angle, j) => angle + (steps[j] ?? 0))]
          samples.push(row)
        }
        return { joints: names(joints), samples }
      }),
  )

/** Steady turns that begin and end at once: what is fast must have been slowed down in time, and may be fast again soon. */
const runs: fc.Arbitrary<Motion> = fc
  .array(
    fc.record({
      length: fc.integer({ min: 4, max: 30 }),
      speeds: fc.tuple(...[0, 1].map(() => fc.constantFrom(0, 0, 0.5, 1, -1, 3))),
    }),
    { minLength: 2, maxLength: 6 },
  )
  .map((turns) => {
    let row: RecordingSample = [0, 0, 0]
    const samples = [row]
    for (const { length, speeds } of turns)
      for (let i = 0; i < length; i++) {
        const [t, ...at] = row
        row = [t + 0.02, ...at.map((angle, j) => angle + 0.02 * (speeds[j] ?? 0))]
        samples.push(row)
      }
    return { joints: names(2), samples }
  })

const names = (count: number): string[] => ['pan', 'lift', 'jaw'].slice(0, count)

const limits = fc.record({
  velocity: fc.double({ min: 0.1, max: 10, noNaN: true }),
  acceleration: fc.double({ min: 0.1, max: 50, noNaN: true }),
})
const allLimits = fc.record({ pan: limits, lift: limits, jaw: limits })
const speeds = fc.double({ min: 0.1, max: 10, noNaN: true })

/** Every position on a grid of `dt`, at rest before and after. */
function onGrid(motion: TimedMotion, dt: number): number[][] {
  const count = Math.ceil(motion.duration / dt) + 2
  return Array.from({ length: count + 2 }, (_, i) => [...motion.at((i - 2) * dt)])
}

/** The largest speed and acceleration of one joint, as differences on a grid. */
function extremes(rows: readonly number[][], joint: number, dt: number): { velocity: number; acceleration: number } {
  const at = rows.map((row) => row[joint] ?? Number.NaN)
  const speed = at.slice(1).map((q, i) => (q - (at[i] ?? 0)) / dt)
  const change = speed.slice(1).map((v, i) => (v - (speed[i] ?? 0)) / dt)
  return { velocity: most(speed), acceleration: most(change) }
}

const most = (values: readonly number[]): number => values.reduce((max, value) => Math.max(max, Math.abs(value)), 0)

const config = { seed: 20_260_301, numRuns: 200 }

describe('retime', () => {
  it('never lets a joint exceed its velocity or acceleration, from rest to rest, on any grid of ticks', () => {
    fc.assert(
      fc.property(
        fc.oneof(wild(2), runs),
        allLimits,
        speeds,
        fc.constantFrom(0.02, 0.005, 0.0137),
        (motion, limits, speed, dt) => {
          const timed = retime(motion, limits, { speed })
          // A motion of an hour on a grid of milliseconds would say no more.
          fc.pre(timed.duration / dt < 20_000)
          const rows = onGrid(timed, dt)
          for (const [j, joint] of motion.joints.entries()) {
            const allowed = limits[joint as 'pan'] satisfies JointPace
            const { velocity, acceleration } = extremes(rows, j, dt)
            expect(velocity).toBeLessThanOrEqual(allowed.velocity * (1 + 1e-6))
            // Second differences of positions lose digits that the positions have.
            expect(acceleration).toBeLessThanOrEqual(allowed.acceleration * (1 + 1e-6) + (1e-14 / dt / dt) * 10)
          }
        },
      ),
      config,
    )
  })

  it('passes every sample, in order, the first at 0 and the last at its end', () => {
    fc.assert(
      fc.property(wild(2), allLimits, speeds, ({ joints, samples }, limits, speed) => {
        const timed = retime({ joints, samples }, limits, { speed })
        expect([timed.times[0], timed.times.at(-1), timed.times.length]).toEqual([0, timed.duration, samples.length])
        for (const [i, [, ...positions]] of samples.entries()) {
          const t = timed.times[i] ?? Number.NaN
          if (i > 0) expect(t).toBeGreaterThan(timed.times[i - 1] ?? Number.NaN)
          const at = timed.at(t)
          const off = positions.map((position, j) => Math.abs((at[j] ?? Number.NaN) - position))
          expect(Math.max(...off)).toBeLessThan(1e-7)
        }
        expect(timed.at(0)).toEqual(samples[0]?.slice(1))
        expect(timed.at(timed.duration)).toEqual(samples.at(-1)?.slice(1))
        expect(timed.at(-1)).toEqual(samples[0]?.slice(1))
        expect(timed.at(timed.duration + 1)).toEqual(samples.at(-1)?.slice(1))
      }),
      config,
    )
  })

  it('keeps the very times of a recording that is within the limits already', () => {
    fc.assert(
      fc.property(wild(1e-4), ({ joints, samples }) => {
        const generous = { velocity: 0.5, acceleration: 100 }
        const timed = retime({ joints, samples }, { pan: generous, lift: generous, jaw: generous })
        expect(timed.stretch).toBe(1)
        expect(timed.times).toEqual(samples.map(([t]) => t))
      }),
      config,
    )
  })

  it('never leaves the range between two samples, so that no position limit is passed', () => {
    fc.assert(
      fc.property(wild(2), allLimits, ({ joints, samples }, limits) => {
        const timed = retime({ joints, samples }, limits)
        let outside = 0
        for (const [i, from] of samples.slice(0, -1).entries()) {
          const to = samples[i + 1] ?? from
          const [t0 = 0, t1 = 0] = [timed.times[i], timed.times[i + 1]]
          for (const share of [0.1, 0.35, 0.5, 0.8]) {
            const at = timed.at(t0 + share * (t1 - t0))
            for (const j of joints.keys()) {
              const [a = 0, b = 0, q = Number.NaN] = [from[j + 1], to[j + 1], at[j]]
              if (!(q >= Math.min(a, b) && q <= Math.max(a, b))) outside++
            }
          }
        }
        expect(outside).toBe(0)
      }),
      config,
    )
  })

  it('is as fast as asked, and never faster: the stretch is at least 1', () => {
    fc.assert(
      fc.property(wild(2), allLimits, speeds, (motion, limits, speed) => {
        const timed = retime(motion, limits, { speed })
        const wished = (motion.samples.at(-1)?.[0] ?? 0) / speed
        expect(timed.stretch).toBeGreaterThanOrEqual(1 - 1e-12)
        expect(timed.duration).toBeCloseTo(timed.stretch * wished, 6)
      }),
      config,
    )
  })

  it('stretches only where it must: a slow beginning keeps its pace before a sudden turn', () => {
    const slow = Array.from({ length: 101 }, (_, i): RecordingSample => [i / 50, 0.2 * Math.sin(i / 40) ** 2])
    const [t = 0, at = 0] = slow.at(-1) ?? []
    const sudden: RecordingSample[] = [
      [t + 0.02, at],
      [t + 0.04, at + 0.5],
      [t + 0.06, at + 1],
    ]
    const timed = retime({ joints: ['pan'], samples: [...slow, ...sudden] }, { pan: { velocity: 2, acceleration: 8 } })
    expect(timed.times[80]).toBeCloseTo(80 / 50, 2)
    expect(timed.duration - (timed.times[101] ?? 0)).toBeGreaterThan(0.4)
  })

  it.each([0, -1, Number.NaN, 11])('at speed %d is refused', (speed) => {
    const samples: RecordingSample[] = [
      [0, 0],
      [1, 1],
    ]
    const limits = { pan: { velocity: 1, acceleration: 1 } }
    expect(() => retime({ joints: ['pan'], samples }, limits, { speed })).toThrow('TENDON_ARGUMENT_INVALID')
  })

  it('without limits for a joint, or with less than two samples, is refused', () => {
    const samples: RecordingSample[] = [
      [0, 0],
      [1, 1],
    ]
    expect(() => retime({ joints: ['pan'], samples }, {})).toThrow('limits.pan')
    expect(() => retime({ joints: [], samples: samples.slice(1) }, {})).toThrow('two samples')
  })
})
