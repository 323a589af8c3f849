import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Played, Player, played } from '../../src/testing/framing-play.ts'
import { fuzzFraming } from '../../src/testing/index.ts'
import { catalogue, type Entry } from './catalogue.ts'
import { chunked } from './decode.ts'

/*
 * Shrinking finds the smallest stream that a decoder gets wrong; the seeded fuzz goes through many bytes. TENDON_FUZZ_BYTES
 * makes it go through more of them.
 */
const BUDGET = Number(process.env.TENDON_FUZZ_BYTES ?? 100_000)

/** Noise, and frames that are whole, cut, or have a byte changed. */
function streams({ wires, max }: Entry): fc.Arbitrary<Uint8Array> {
  const wire = fc.constantFrom(...wires)
  const place = fc.nat({ max: 10_000 })
  const piece = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: Math.min(2 * max, 80) }),
    wire,
    fc.tuple(wire, place).map(([bytes, at]) => bytes.slice(at % bytes.length)),
    fc.tuple(wire, place).map(([bytes, at]) => bytes.slice(0, at % bytes.length)),
    fc.tuple(wire, place, fc.integer({ min: 1, max: 255 })).map(([bytes, at, flip]) => {
      const index = at % bytes.length
      return bytes.with(index, (bytes[index] as number) ^ flip)
    }),
  )
  return fc.array(piece, { maxLength: 12 }).map((pieces) => Uint8Array.from(pieces.flatMap((bytes) => [...bytes])))
}

/** Good frames, so many that whatever was begun before must be over; all but the first must come out. */
function ending({ wires, good, max, gap }: Entry): { parts: Played[]; frames: unknown[] } {
  const shortest = Math.min(...wires.map((wire) => wire.length))
  const count = Math.ceil((2 * max) / shortest) + 3
  const turns = Array.from({ length: count }, (_, i) => i % wires.length)
  const parts = turns.flatMap((at) => [wires[at] as Uint8Array, ...(gap === undefined ? [] : [gap])])
  return { parts, frames: turns.slice(1).map((at) => good[at]) }
}

describe.each(Object.entries(catalogue))('any bytes for %s', (_, entry) => {
  const { framing } = entry
  const end = ending(entry)
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 })

  test('in any chunks give the same frames and counts, and good frames behind them are found', async () => {
    await fc.assert(
      fc.asyncProperty(streams(entry), sizes, async (noise, cuts) => {
        const whole = await played(framing, [noise, ...end.parts])
        const cut = await played(framing, [noise, ...end.parts], (bytes) => chunked(bytes, cuts))
        expect(cut.events).toEqual(whole.events)
        expect(whole.frames.slice(-end.frames.length)).toEqual(end.frames)
      }),
      { numRuns: entry.gap === undefined ? 80 : 25 },
    )
  })

  test(`of a seeded run of ${BUDGET} bytes leave it as it should be`, { timeout: 60_000 + BUDGET / 10 }, async () => {
    const bytes = entry.gap === undefined ? BUDGET : BUDGET / 10
    const { wires: good, max, gap } = entry
    const report = await fuzzFraming(framing, { good, max, gap, bytes, seed: 11, chance: BUDGET / 65_536 })
    expect(report.bytes).toBeGreaterThanOrEqual(bytes)
    expect(Math.min(report.frames, report.bad)).toBeGreaterThan(5)
  })
})

const checked = Object.entries(catalogue).filter(([, entry]) => entry.checked)

describe.each(checked)('random bytes for %s', (_, entry) => {
  test('give no more frames than chance allows', async () => {
    const { framing, good } = entry
    const bytes = fc.uint8Array({ minLength: 200, maxLength: 400 })
    let strange = 0
    await fc.assert(
      fc.asyncProperty(bytes, async (noise) => {
        const player = new Player(framing)
        player.push(noise)
        strange += player.frames.filter((frame) => !good.some((one) => isDeepStrictEqual(one, frame))).length
        player.decoder.close?.()
      }),
      { numRuns: 100, seed: 5 },
    )
    // 30 000 random bytes: a check of 16 bits lets one candidate in 65 536 through, and few bytes begin one.
    expect(strange).toBeLessThanOrEqual(1)
  })
})
