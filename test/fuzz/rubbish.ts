import { isDeepStrictEqual } from 'node:util'
import { expect, it } from 'vitest'
import { Random } from '../../src/sim/random.ts'

/** Bytes for each decoder. TENDON_FUZZ_BYTES changes it, TENDON_SEED takes other bytes. */
export const BUDGET = Number(process.env.TENDON_FUZZ_BYTES ?? 100_000_000)
export const SEED = Number(process.env.TENDON_SEED ?? 1)
/** A check of 16 bits lets one candidate in 65 536 through; one of noise can be as long as the longest frame. */
export const CRC16 = 1 / 1000

/** Something that finds frames in bytes. */
export interface Subject {
  /** Makes one; what it finds it gives to `found`. */
  open(found: (frame: unknown) => void): Opened
  /** Good frames on the wire. */
  readonly wires: readonly Uint8Array[]
  /** Bytes of the longest frame on the wire. */
  readonly max: number
  /** How many of the good frames behind noise may be lost. Default 1: the one that the noise runs into. */
  readonly lost?: number
  /**
   * In what share of the rounds noise may pass the framing's own check and swallow the good frames behind it. Default 0.
   * A frame of an eight-bit checksum is too short to hide more than the one that may be lost.
   */
  readonly byChance?: number
  /** Noise may make a frame among the good ones by chance, and hides none: every candidate is followed. */
  readonly mayAdd?: boolean
}

export interface Opened {
  push(chunk: Uint8Array): void
  /** The silence that ends a frame, where silence does. */
  silence?(): Promise<void>
  close?(): void
}

interface Seen {
  readonly bytes: number
  readonly frames: number
  readonly rounds: number
  /** Rounds whose good frames were swallowed by a frame that noise had made by chance. */
  readonly swallowed: number
}

/** The most that is given in one piece: what a read of a busy port returns. */
const LONGEST_CHUNK = 4096
/** Bytes of noise in one round, so that most of the run is noise and the decoder has to come back a hundred thousand times. */
const NOISE = 1000
/** Frames that are remembered of a round; a decoder that finds more in so few bytes would be making them up. */
const MOST_FRAMES = 4 * NOISE

/**
 * Sends `budget` bytes of noise, of frames that are cut or changed, and of good frames through one decoder, in chunks of
 * any size. Throws when it throws, when it finds more than there can be, or when the good frames at the end of a round
 * do not all come out: the decoder has stalled, or has lost its way. The same seed makes the same bytes.
 */
async function fuzz(subject: Subject, budget: number, seed = 1): Promise<Seen> {
  const random = new Random(seed)
  const { lost = 1, byChance = 0, mayAdd = false } = subject
  const isThere = mayAdd ? endsAmong : endsWith
  const end = endOf(subject)
  const expected = (await framesOf(subject, end)).slice(lost)
  if (expected.length < 2) throw new Error('there are too few good frames to see anything by')
  let found: unknown[] = []
  let [bytes, frames, rounds, swallowed] = [0, 0, 0, 0]
  const decoder = subject.open((frame) => {
    found.push(frame)
    if (found.length > MOST_FRAMES) throw new Error(`more than ${MOST_FRAMES} frames in one round`)
  })
  const noise = new Uint8Array(NOISE + 2 * subject.max)
  try {
    while (bytes < budget) {
      rounds++
      const length = fill(noise, random, subject)
      bytes += length
      push(decoder, noise.subarray(0, length), random)
      await decoder.silence?.()
      for (const wire of end) {
        bytes += wire.length
        push(decoder, wire, random)
        await decoder.silence?.()
      }
      frames += found.length
      if (!isThere(found, expected)) {
        swallowed++
        if (swallowed > 3 + byChance * rounds) throw new Error('the good frames behind the noise were not found')
      }
      found = []
    }
  } catch (thrown) {
    throw new Error(`round ${rounds} of seed ${seed}, after ${bytes} bytes: ${String(thrown)}`, { cause: thrown })
  } finally {
    decoder.close?.()
  }
  if (byChance === 0 && swallowed > 0) throw new Error(`${swallowed} rounds of ${rounds} lost their good frames`)
  return { bytes, frames, rounds, swallowed }
}

/** Whether the last of `found` are exactly these. */
const endsWith = (found: readonly unknown[], expected: readonly unknown[]): boolean =>
  isDeepStrictEqual(found.slice(found.length - expected.length), expected)

/** Whether these are all there, in order, when the others at the end of `found` are left out. */
function endsAmong(found: readonly unknown[], expected: readonly unknown[]): boolean {
  let left = expected.length
  for (let at = found.length - 1; at >= 0 && left > 0 && found.length - at < 2 * expected.length; at--)
    if (isDeepStrictEqual(found[at], expected[left - 1])) left--
  return left === 0
}

/** Good frames, over and over, until whatever noise pretended to begin has ended, and three more. */
function endOf({ wires, max }: Subject): Uint8Array[] {
  const end: Uint8Array[] = []
  for (let length = 0; length < 2 * max || end.length < 4; length += end.at(-1)?.length ?? 0)
    end.push(wires[end.length % wires.length] as Uint8Array)
  return end
}

async function framesOf(subject: Subject, wires: readonly Uint8Array[]): Promise<unknown[]> {
  const frames: unknown[] = []
  const decoder = subject.open((frame) => frames.push(frame))
  for (const wire of wires) {
    decoder.push(wire)
    await decoder.silence?.()
  }
  decoder.close?.()
  return frames
}

/** The chunk is overwritten after it was given, as a port may do. */
const lent = new Uint8Array(LONGEST_CHUNK)

function push(decoder: Opened, bytes: Uint8Array, random: Random): void {
  for (let at = 0; at < bytes.length; ) {
    const size = Math.min(1 + random.below(random.chance(0.5) ? 17 : LONGEST_CHUNK), bytes.length - at)
    const chunk = lent.subarray(0, size)
    chunk.set(bytes.subarray(at, at + size))
    decoder.push(chunk)
    chunk.fill(0xa5)
    at += size
  }
}

/** Random bytes, bytes that frames are made of, and frames that are whole, cut, or changed, in any order. */
function fill(noise: Uint8Array, random: Random, { wires, max }: Subject): number {
  let at = 0
  while (at < NOISE) {
    const wire = wires[random.below(wires.length)] as Uint8Array
    const kind = random.below(6)
    if (kind < 2) {
      const many = Math.min(1 + random.below(48), max)
      for (let i = 0; i < many; i++) noise[at++] = random.below(256)
    } else if (kind === 2) {
      const from = random.below(wire.length)
      noise.set(wire.subarray(from, from + 1 + random.below(wire.length)), at)
      at += wire.length - from
    } else if (kind === 3) {
      noise.fill(wire[random.below(wire.length)] as number, at, at + 8)
      at += 8
    } else {
      noise.set(wire, at)
      if (kind === 4) {
        const place = at + random.below(wire.length)
        noise[place] = random.otherByte(noise[place] as number)
      }
      at += wire.length
    }
  }
  return Math.min(at, noise.length)
}

/** One test for each of these. */
export function fuzzAll(subjects: Readonly<Record<string, Subject>>): void {
  it.each(Object.keys(subjects))(
    '%s: nothing throws, nothing stalls, good frames behind it are found',
    async (name) => {
      const subject = subjects[name] as Subject
      const seen = await fuzz(subject, BUDGET, SEED)
      console.log(`${name}: ${JSON.stringify(seen)}`)
      expect(seen.bytes).toBeGreaterThanOrEqual(BUDGET)
      expect(seen.frames).toBeGreaterThan(3 * seen.rounds)
    },
  )
}
