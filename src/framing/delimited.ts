import { badArgument } from '../base/argument.ts'
import type { Checksum } from './checksum.ts'
import { checkCap, type Decoder, type FrameSink, type TwoWayFraming } from './framing.ts'

/** How packets of bytes between delimiters look on this port. */
export interface PacketOptions {
  /** Largest payload in bytes, without its checksum. */
  readonly max: number
  /** The checksum behind each payload. Default none: then the framing itself notices few kinds of damage. */
  readonly check?: Checksum | undefined
  /**
   * What becomes of everything up to the first delimiter after opening, which on a live port is the rest of a packet:
   * `keep` treats it as a packet, `drop` drops it silently, `count` counts it as bad: `partial`. Default: `keep` where
   * a checksum judges it, `drop` where nothing would.
   */
  readonly firstFrame?: 'keep' | 'drop' | 'count' | undefined
}

/** How payloads are written so that the delimiter does not occur in them. */
export interface Stuffing {
  readonly kind: string
  readonly delimiter: number
  /** Most bytes that a payload of `length` becomes. */
  stuffedLength(length: number): number
  /** Without delimiters. */
  stuff(payload: Uint8Array): Uint8Array
  /** The payload as a new array, or the short reason why these bytes are none. */
  unstuff(bytes: Uint8Array): Uint8Array | string
}

/**
 * Packets between delimiters. Empty ones are ignored, so that any number of delimiters may stand between two. Bad
 * reasons: that of `unstuff`; `length` once for each packet over the cap, which is skipped up to its delimiter;
 * `checksum`; `partial` where it was asked for.
 */
export function packets(stuffing: Stuffing, options: PacketOptions): TwoWayFraming<Uint8Array> {
  const { check, firstFrame = check ? 'keep' : 'drop' } = options
  const max = checkCap('max', options.max)
  const full: FullOptions = { max, check, firstFrame }
  return {
    kind: stuffing.kind,
    create: () => new PacketDecoder(stuffing, full),
    encode(payload) {
      if (payload.length === 0 || payload.length > max)
        throw badArgument(`${stuffing.kind}().encode()`, 'payload length', payload.length, `1 to ${max} bytes`)
      const stuffed = stuffing.stuff(check ? check.append(payload) : payload)
      // A delimiter in front as well: it ends whatever noise the line had before.
      const bytes = new Uint8Array(stuffed.length + 2).fill(stuffing.delimiter)
      bytes.set(stuffed, 1)
      return bytes
    },
  }
}

interface FullOptions {
  readonly max: number
  readonly check: Checksum | undefined
  readonly firstFrame: 'keep' | 'drop' | 'count'
}

class PacketDecoder implements Decoder<Uint8Array> {
  readonly #stuffing: Stuffing
  readonly #options: FullOptions
  readonly #bytes: Uint8Array
  #length = 0
  #skipping = false
  #first = true

  constructor(stuffing: Stuffing, options: FullOptions) {
    this.#stuffing = stuffing
    this.#options = options
    this.#bytes = new Uint8Array(stuffing.stuffedLength(options.max + (options.check?.size ?? 0)))
  }

  push(chunk: Uint8Array, emit: FrameSink<Uint8Array>): void {
    for (let at = 0; at < chunk.length; ) {
      const end = chunk.indexOf(this.#stuffing.delimiter, at)
      this.#append(chunk.subarray(at, end === -1 ? chunk.length : end), emit)
      if (end === -1) return
      this.#finish(emit)
      at = end + 1
    }
  }

  #append(part: Uint8Array, emit: FrameSink<Uint8Array>): void {
    if (this.#skipping) return
    if (this.#length + part.length > this.#bytes.length) {
      this.#skipping = true
      this.#length = 0
      if (!this.#partial) emit.bad('length')
      return
    }
    this.#bytes.set(part, this.#length)
    this.#length += part.length
  }

  get #partial(): boolean {
    return this.#first && this.#options.firstFrame !== 'keep'
  }

  #finish(emit: FrameSink<Uint8Array>): void {
    const some = this.#length > 0 || this.#skipping
    if (this.#partial) {
      if (some && this.#options.firstFrame === 'count') emit.bad('partial')
    } else if (some && !this.#skipping) this.#deliver(this.#bytes.subarray(0, this.#length), emit)
    this.#first = false
    this.#skipping = false
    this.#length = 0
  }

  #deliver(stuffed: Uint8Array, emit: FrameSink<Uint8Array>): void {
    const { max, check } = this.#options
    const packet = this.#stuffing.unstuff(stuffed)
    if (typeof packet === 'string') emit.bad(packet)
    else if (check && !check.ends(packet)) emit.bad('checksum')
    else {
      const payload = packet.subarray(0, packet.length - (check?.size ?? 0))
      if (payload.length > max) emit.bad('length')
      else emit.frame(payload)
    }
  }
}
