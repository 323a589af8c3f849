import { isDeepStrictEqual } from 'node:util'
import type { Seconds } from '../base/units.ts'
import type { Framing } from '../framing/framing.ts'
import { Random } from '../sim/random.ts'
import { fail, must, seenIn } from './conformance.ts'
import { type Played, Player } from './framing-play.ts'
import { hex } from './hex.ts'

/** What a fuzz run does. */
export interface FuzzOptions {
  /** Good frames on the wire; noise is made of parts of them as well. At least one. */
  readonly good: readonly Uint8Array[]
  /** Bytes of the longest frame on the wire. */
  readonly max: number
  /** How many bytes to go through. Default 100 000; hundreds of millions are fine. */
  readonly bytes?: number | undefined
  /** The same seed makes the same bytes. Default 1. */
  readonly seed?: number | undefined
  /** Seconds of silence that end a frame, where silence does. */
  readonly gap?: Seconds | undefined
  /** How many good frames may be lost after noise. Default 1: the one that the noise runs into. */
  readonly lost?: number | undefined
  /**
   * In how many rounds noise may pass the framing's own check by chance and swallow the good frames behind it. Default
   * 0; a check of 16 bits lets one candidate in 65 536 through, so that long runs need `bytes / 65_536`.
   */
  readonly chance?: number | undefined
}

/** What a fuzz run has seen. */
export interface FuzzReport {
  readonly bytes: number
  readonly frames: number
  readonly bad: number
  readonly rounds: number
  /** Rounds whose good frames were swallowed by a frame that noise had made by chance. */
  readonly spoiled: number
}

/**
 * Sends noise, damaged and good frames in rounds through two decoders that live as long as the run, cut in different
 * ways. Throws, with seed and round, when one throws, when they do not agree, or when good frames behind the noise of a
 * round are not found.
 */
export async function fuzzFraming<Frame>(framing: Framing<Frame>, options: FuzzOptions): Promise<FuzzReport> {
  const { bytes: budget = 100_000, seed = 1, chance = 0 } = options
  const random = new Random(seed)
  const [one, other] = [new Player(framing), new Player(framing)]
  const tail = await tailOf(framing, options)
  let [bytes, frames, bad, rounds, spoiled] = [0, 0, 0, 0, 0]
  try {
    while (bytes < budget) {
      rounds++
      const noise = noiseOf(random, options)
      await sent(one, [noise, ...tail.parts], random)
      await sent(other, [noise, ...tail.parts])
      must(isDeepStrictEqual(one.events, other.events), 'other chunks, other frames')
      if (!endsWith(one.frames, tail.frames)) {
        const byChance = ++spoiled <= chance && !one.frames.every((frame) => isOneOf(frame, tail.all))
        must(byChance, `good frames were not found behind ${hex(noise.subarray(-64))}`)
      }
      bytes += noise.length + tail.length
      frames += one.frames.length
      bad += one.bad
      one.events.length = other.events.length = 0
    }
  } catch (thrown) {
    fail(`round ${rounds} of seed ${seed}: ${seenIn(thrown)}`)
  } finally {
    one.decoder.close?.()
    other.decoder.close?.()
  }
  return { bytes, frames, bad, rounds, spoiled }
}

interface Tail<Frame> {
  readonly parts: Played[]
  readonly all: readonly Frame[]
  /** What must come out of it, whatever was before. */
  readonly frames: readonly Frame[]
  readonly length: number
}

/** Good frames of twice the longest length, so that whatever noise pretends to begin has ended. */
async function tailOf<Frame>(framing: Framing<Frame>, options: FuzzOptions): Promise<Tail<Frame>> {
  const { lost = 1 } = options
  const wires = flushOf(options)
  const parts = wires.flatMap((wire) => spaced(wire, options.gap))
  const player = new Player(framing)
  await player.play(parts)
  const expected = player.frames
  player.decoder.close?.()
  return {
    parts,
    all: expected,
    frames: expected.slice(lost),
    length: wires.reduce((sum, wire) => sum + wire.length, 0),
  }
}

/** Good frames, over and over, until whatever a decoder still waits for must have ended, and three more. */
export function flushOf({ good, max }: Pick<FuzzOptions, 'good' | 'max'>): Uint8Array[] {
  const wires: Uint8Array[] = []
  let length = 0
  while (length < 2 * max || wires.length < 4) {
    const wire = good[wires.length % good.length]
    if (!wire || wire.length === 0) fail('a suite needs good frames, and none is empty on the wire')
    wires.push(wire)
    length += wire.length
  }
  return wires
}

/** A frame on the wire, and the silence behind it where there must be one. */
export const spaced = (wire: Uint8Array, gap: Seconds | undefined): Played[] =>
  gap === undefined ? [wire] : [wire, gap]

/** Whether some of `list` is the same as `one`. */
export const isOneOf = <T>(one: T, list: readonly T[]): boolean => list.some((other) => isDeepStrictEqual(one, other))

/** Whether `list` ends with exactly these. */
export function endsWith<T>(list: readonly T[], end: readonly T[]): boolean {
  return isDeepStrictEqual(list.slice(list.length - end.length), end)
}

async function sent<Frame>(player: Player<Frame>, parts: readonly Played[], random?: Random): Promise<void> {
  try {
    await player.play(parts, random && ((bytes) => cutAtRandom(bytes, random)))
  } catch (thrown) {
    const noise = parts[0] instanceof Uint8Array ? hex(parts[0].subarray(0, 64)) : ''
    fail(`the decoder threw ${seenIn(thrown)} over ${noise}`)
  }
}

/** Chunks of 0 to 16 bytes. */
export function* cutAtRandom(bytes: Uint8Array, random: Random): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const size = random.below(17)
    yield bytes.subarray(at, at + size)
    at += size
  }
}

/** Random bytes, bytes that frames are made of, and frames that are whole, cut, or changed, in any order. */
function noiseOf(random: Random, { good, max }: FuzzOptions): Uint8Array {
  const wish = 1 + random.below(4 * max)
  const parts: number[] = []
  while (parts.length < wish) {
    const wire = good[random.below(good.length)] ?? new Uint8Array()
    const kind = random.below(5)
    if (kind === 0) parts.push(...Array.from({ length: 1 + random.below(16) }, () => random.below(256)))
    else if (kind === 1) parts.push(...wire)
    else if (kind === 2) parts.push(...wire.subarray(random.below(wire.length), 1 + random.below(wire.length)))
    else if (kind === 3) parts.push(...changed(wire, random))
    else parts.push(...new Array<number>(1 + random.below(8)).fill(wire[random.below(wire.length)] ?? 0))
  }
  return Uint8Array.from(parts)
}

/** The frame with one byte that is another. */
function changed(wire: Uint8Array, random: Random): Uint8Array {
  const bytes = wire.slice()
  const at = random.below(bytes.length)
  bytes[at] = random.otherByte(bytes[at] ?? 0)
  return bytes
}
