import { isDeepStrictEqual } from 'node:util'
import type { Seconds } from '../base/units.ts'
import type { Framing, TwoWayFraming } from '../framing/framing.ts'
import { Random } from '../sim/random.ts'
import { type ConformanceCheck, fail, must } from './conformance.ts'
import { cutAtRandom, endsWith, flushOf, fuzzFraming, isOneOf, spaced } from './framing-fuzz.ts'
import { type Played, Player, played, single } from './framing-play.ts'
import { hex } from './hex.ts'
import { memoryGrowth } from './memory-growth.ts'

/** What the suite must know of a framing. */
export interface FramingSubject<Frame> {
  /** Frames that it carries; at least two that differ. */
  readonly good: readonly Frame[]
  /** Bytes of the longest frame on the wire: what bounds the decoder's memory. */
  readonly max: number
  /**
   * Whether the framing itself notices any one changed byte of a frame, as those with a checksum do. Default true. Say
   * false for plain text lines and for packets without a checksum.
   */
  readonly checked?: boolean | undefined
  /** Seconds of silence that end a frame, where silence does. */
  readonly gap?: Seconds | undefined
  /** How many good frames may be lost behind noise. Default 1: the one that the noise runs into. */
  readonly lost?: number | undefined
  /** How many bytes of noise the fuzz goes through. Default 100 000. */
  readonly bytes?: number | undefined
  /** Of everything that is left to chance. Default 1. */
  readonly seed?: number | undefined
}

/**
 * What every framing must prove: frames come out as they went in, whatever the chunks; damage is counted, never
 * delivered, and hides no later frame; no byte makes it throw; memory stays flat; nothing is shared or left behind.
 * A framing without an `encode` of its own needs one here.
 */
export function framingConformance<Frame>(
  framing: TwoWayFraming<Frame>,
  subject: FramingSubject<Frame>,
): ConformanceCheck[]
export function framingConformance<Frame>(
  framing: Framing<Frame>,
  subject: FramingSubject<Frame> & { encode(frame: Frame): Uint8Array },
): ConformanceCheck[]
export function framingConformance<Frame>(
  framing: Framing<Frame>,
  subject: FramingSubject<Frame> & { encode?(frame: Frame): Uint8Array },
): ConformanceCheck[] {
  const suite = new FramingSuite(framing, subject)
  const check = (fact: string, run: () => Promise<void>): ConformanceCheck => ({
    name: `${framing.kind}: ${fact}`,
    run,
  })
  return [
    check('frames come out as they went in', () => suite.carries()),
    check('the same frames and counts come out however the bytes are cut', () => suite.ignoresChunks()),
    check('a damaged frame is counted and never delivered', () => suite.noticesDamage()),
    check('good frames are found behind a frame that was cut', () => suite.outlivesCuts()),
    check('no bytes make it throw, and good frames are found behind them', () => suite.outlivesNoise()),
    check('what it keeps stays bounded when no frame ever ends', () => suite.staysBounded()),
    check('two decoders share nothing', () => suite.sharesNothing()),
    check('a decoder that is closed delivers nothing and leaves no timer', () => suite.ends()),
  ]
}

class FramingSuite<Frame> {
  readonly #framing: Framing<Frame>
  readonly #subject: FramingSubject<Frame>
  readonly #wires: readonly Uint8Array[]
  readonly #lost: number

  constructor(framing: Framing<Frame>, subject: FramingSubject<Frame> & { encode?(frame: Frame): Uint8Array }) {
    this.#framing = framing
    this.#subject = subject
    this.#lost = subject.lost ?? 1
    const encode = subject.encode ?? (framing as Partial<TwoWayFraming<Frame>>).encode
    if (!encode) fail(`${framing.kind} has no encode of its own: give one to the suite`)
    this.#wires = subject.good.map((frame) => encode.call(framing, frame))
    const [first, ...others] = subject.good
    must(
      others.some((frame) => !isDeepStrictEqual(frame, first)),
      'the suite needs at least two good frames that differ',
    )
  }

  #stream(wires: readonly Uint8Array[] = this.#wires): Played[] {
    return wires.flatMap((wire) => spaced(wire, this.#subject.gap))
  }

  async carries(): Promise<void> {
    const { good } = this.#subject
    const player = await played(this.#framing, this.#stream([...this.#wires, ...this.#wires]))
    const wanted = [...good, ...good]
    must(player.bad === 0, () => `good frames counted as bad: ${JSON.stringify(player.events)}`)
    must(isDeepStrictEqual(player.frames, wanted), () => {
      const at = wanted.findIndex((frame, index) => !isDeepStrictEqual(frame, player.frames[index]))
      return `frame ${at} of ${wanted.length} (${hex(this.#wire(at))}) came out as ${show(player.frames[at])}`
    })
  }

  async ignoresChunks(): Promise<void> {
    const random = new Random(this.#subject.seed ?? 1)
    const noise = Uint8Array.from({ length: 40 }, () => random.below(256))
    const parts = this.#stream([...this.#wires, this.#wire(0).subarray(1), noise, ...this.#wires, this.#wire(1)])
    const whole = await played(this.#framing, parts)
    const cuts = [single, ...new Array(5).fill((bytes: Uint8Array) => cutAtRandom(bytes, random))]
    for (const cut of cuts) {
      const other = await played(this.#framing, parts, cut)
      must(
        isDeepStrictEqual(other.events, whole.events),
        () => `in one piece it gave ${show(whole.events)}, in others ${show(other.events)}`,
      )
    }
  }

  async noticesDamage(): Promise<void> {
    if (this.#subject.checked === false) return
    for (const wire of this.#wires)
      for (let at = 0; at < wire.length; at++)
        for (const flip of [0x01, 0x80]) {
          const damaged = wire.slice()
          damaged[at] = (wire[at] ?? 0) ^ flip
          const { frames, bad } = await this.#flushed(damaged)
          const what = `${hex(wire)} with byte ${at} changed to ${hex([damaged[at] ?? 0])}`
          must(bad > 0, `${what} was not counted as bad`)
          for (const frame of frames)
            must(isOneOf(frame, this.#subject.good), () => `${what} was delivered as ${show(frame)}`)
        }
  }

  async outlivesCuts(): Promise<void> {
    for (const wire of this.#wires)
      for (let end = 1; end < wire.length; end++) {
        await this.#flushed(wire.subarray(0, end))
        await this.#flushed(wire.subarray(end))
      }
  }

  async outlivesNoise(): Promise<void> {
    const { max, gap, bytes, seed, lost } = this.#subject
    await fuzzFraming(this.#framing, { good: this.#wires, max, gap, bytes, seed, lost })
  }

  async staysBounded(): Promise<void> {
    const { max, seed = 1 } = this.#subject
    const limit = 524_288 + 4 * max
    const random = new Random(seed)
    const mixed = Uint8Array.from({ length: 65_536 }, () => random.below(256))
    const first = this.#wire(0)[0] ?? 0
    const chunks = [mixed, ...[0x00, 0x41, 0xff, first].map((byte) => new Uint8Array(65_536).fill(byte))]
    for (const chunk of chunks) {
      const decoder = this.#framing.create({ clock: new Player(this.#framing).clock })
      const emit = { frame: () => {}, bad: () => {} }
      const grown = memoryGrowth(() => {
        for (let fed = 0; fed < 2 * limit; fed += chunk.length) decoder.push(chunk, emit)
      })
      decoder.close?.()
      must(grown < limit, `${2 * limit} bytes (${hex(chunk.subarray(0, 4))} ...) left ${grown} bytes in use`)
    }
  }

  async sharesNothing(): Promise<void> {
    const [one, other] = [new Player(this.#framing), new Player(this.#framing)]
    const wire = this.#wire(0)
    const half = Math.ceil(wire.length / 2)
    one.push(wire.subarray(0, half))
    await other.play(this.#stream())
    must(isDeepStrictEqual(other.frames, [...this.#subject.good]), 'half a frame in one decoder disturbed another')
    await one.play(this.#stream([wire.subarray(half)]))
    must(isDeepStrictEqual(one.frames, [this.#subject.good[0]]), 'a decoder lost its half frame to another')
    one.decoder.close?.()
    other.decoder.close?.()
  }

  async ends(): Promise<void> {
    const player = new Player(this.#framing)
    player.push(this.#wire(0))
    player.decoder.close?.()
    const delivered = player.events.length
    must(player.clock.pending === 0, `it left ${player.clock.pending} timers behind`)
    await player.clock.advance(60)
    must(player.events.length === delivered, 'it delivered after it was closed')
  }

  /** Damage, and then good frames until whatever it began must be over: all of them but the first must come. */
  async #flushed(damage: Uint8Array): Promise<Player<Frame>> {
    const { gap, max, good } = this.#subject
    const flush = flushOf({ good: this.#wires, max })
    const player = await played(this.#framing, this.#stream([damage, ...flush]))
    const wanted = flush.map((_, index) => good[index % good.length] as Frame).slice(this.#lost)
    must(
      endsWith(player.frames, wanted),
      `good frames were not found behind ${hex(damage)}${gap ? ' and a silence' : ''}`,
    )
    player.decoder.close?.()
    return player
  }

  #wire(index: number): Uint8Array {
    const { length } = this.#wires
    return this.#wires[((index % length) + length) % length] ?? fail('the suite needs good frames')
  }
}

function show(value: unknown): string {
  const text = JSON.stringify(value, (_key, inner) => (inner instanceof Uint8Array ? hex(inner) : inner)) ?? 'nothing'
  return text.length > 300 ? `${text.slice(0, 300)} ...` : text
}
