import fc from 'fast-check'
import { deg } from 'tendon'
import { describe, expect, it } from 'vitest'
import type { RecordingSample } from '../../src/recording/joint-recording.ts'
import { smooth } from '../../src/recording/smooth.ts'

const RATE = 50
const BY = deg(0.1)
const KNOWN = { position: BY, time: 0.005 }
/** One step of a 12-bit encoder. */
const STEP = (2 * Math.PI) / 4096

/** A turn as an encoder reads it. */
const read = (q: (t: number) => number, seconds: number): RecordingSample[] =>
  Array.from({ length: Math.round(seconds * RATE) + 1 }, (_, i) => [i / RATE, Math.round(q(i / RATE) / STEP) * STEP])

const accelerations = (samples: readonly RecordingSample[]): number[] =>
  samples
    .slice(2)
    .map(([, q = 0], i) => Math.abs(q - 2 * (samples[i + 1]?.[1] ?? 0) + (samples[i]?.[1] ?? 0)) * RATE ** 2)

describe('smooth', () => {
  it('moves no position by more than it may, no end, and no time', () => {
    const positions = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 2, maxLength: 60 })
    fc.assert(
      fc.property(positions, (qs) => {
        const samples = qs.map((q, i): RecordingSample => [i / RATE, q])
        const made = smooth(samples, { position: BY, time: 0 })
        expect(made.map(([t]) => t)).toEqual(samples.map(([t]) => t))
        for (const [i, [, q = 0]] of samples.entries())
          expect(Math.abs((made[i]?.[1] ?? Number.NaN) - q)).toBeLessThanOrEqual(BY + 1e-12)
        expect([made[0], made.at(-1)]).toEqual([samples[0], samples.at(-1)])
      }),
      { seed: 20_260_302, numRuns: 200 },
    )
  })

  it('takes the stairs out of a slow turn: what is left of its acceleration is less than a sixth', () => {
    const stairs = read((t) => deg(5) * t, 4)
    const inside = smooth(stairs, KNOWN).slice(10, -10)
    expect(Math.max(...accelerations(stairs))).toBeGreaterThan(3.8)
    expect(Math.max(...accelerations(inside))).toBeLessThan(3.8 / 6)
  })

  it('keeps what is round as round as it was: the crest of a swing stays within half a step', () => {
    const swing = (t: number): number => deg(30) * Math.sin(Math.PI * t) ** 2
    // Every third reading was missed for a while: what counts is when the others were, not how many.
    const samples = smooth(
      read(swing, 3).filter((_, i) => i < 30 || i > 120 || i % 3 > 0),
      KNOWN,
    )
    const crest = samples.reduce((most, [, q = 0]) => Math.max(most, q), 0)
    expect(Math.abs(crest - deg(30))).toBeLessThan(STEP / 2)
  })

  it('takes out that readings were up to 4 ms older than they say', () => {
    const turn = (t: number): number => deg(60) * Math.sin(t) ** 2
    const late = (i: number): number => 0.004 * Math.abs(Math.sin(1e3 * i))
    const jittered = Array.from({ length: 151 }, (_, i): RecordingSample => [i / RATE, turn(i / RATE - late(i))])
    const inside = smooth(jittered, KNOWN).slice(10, -10)
    expect(Math.max(...accelerations(jittered))).toBeGreaterThan(8)
    expect(Math.max(...accelerations(inside))).toBeLessThan(4)
    for (const [t, q = Number.NaN] of inside) expect(Math.abs(q - turn(t - 0.0025))).toBeLessThan(deg(0.2))
  })
})
