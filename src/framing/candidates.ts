import type { Decoder, FrameSink } from './framing.ts'

/** How a frame without a delimiter is recognised: by how it begins, how long it then is, and its own check. */
export interface Shape<Frame> {
  /** Bytes of the longest frame; what a decoder keeps. */
  readonly max: number
  /**
   * The length of a frame that begins with these bytes; `undefined` while they are too few to say; 0 when no frame
   * begins so. It sees at least one byte, and a longer beginning each time.
   */
  readonly lengthOf: (head: Uint8Array) => number | undefined
  /** Whether these bytes of the right length are a frame. They are lent, for as long as the call lasts. */
  readonly check: (frame: Uint8Array) => boolean
  /** What is delivered of a checked frame; the array is its own. */
  readonly frameOf: (frame: Uint8Array) => Frame
}

/**
 * Finds such frames. A candidate that fails its check gives up its first byte only and the rest is looked through again,
 * so that a false beginning hides no good frame that fits into it. Bad reasons: `checksum` for a candidate that fails,
 * not counting those that begin inside one that failed before; `noise` once for each run of other bytes between frames.
 */
export class CandidateDecoder<Frame> implements Decoder<Frame> {
  readonly #shape: Shape<Frame>
  /** Twice the longest frame, so that what is dropped at the front is moved away only now and then. */
  readonly #bytes: Uint8Array
  #start = 0
  #end = 0
  /** How long the frame at the front must be, once that is known. */
  #wanted: number | undefined
  /** How many bytes at the front belong to a candidate that has failed. */
  #faulty = 0
  #inNoise = false

  constructor(shape: Shape<Frame>) {
    this.#shape = shape
    this.#bytes = new Uint8Array(2 * shape.max)
  }

  push(chunk: Uint8Array, emit: FrameSink<Frame>): void {
    for (const byte of chunk) {
      if (this.#end === this.#bytes.length) this.#moveToFront()
      this.#bytes[this.#end++] = byte
      this.#settle(emit)
    }
  }

  #moveToFront(): void {
    this.#bytes.copyWithin(0, this.#start, this.#end)
    this.#end -= this.#start
    this.#start = 0
  }

  /** Judges what stands at the front until more bytes are needed: never more than the longest frame has. */
  #settle(emit: FrameSink<Frame>): void {
    while (this.#end > this.#start) {
      this.#wanted ??= this.#measure()
      if (this.#wanted === undefined || this.#wanted > this.#end - this.#start) return
      if (this.#wanted === 0) this.#noise(emit)
      else this.#judge(this.#wanted, emit)
    }
  }

  #measure(): number | undefined {
    const { max } = this.#shape
    const head = this.#bytes.subarray(this.#start, this.#end)
    const length = attempt(this.#shape.lengthOf, head, 0)
    if (length === undefined) return head.length < max ? undefined : 0
    return Number.isInteger(length) && length > 0 && length <= max ? length : 0
  }

  #judge(length: number, emit: FrameSink<Frame>): void {
    const frame = this.#bytes.subarray(this.#start, this.#start + length)
    this.#inNoise = false
    if (attempt(this.#shape.check, frame, false)) {
      const own = frame.slice()
      this.#drop(length)
      emit.frame(this.#shape.frameOf(own))
      return
    }
    if (this.#faulty === 0) {
      emit.bad('checksum')
      this.#faulty = length
    }
    this.#drop(1)
  }

  #noise(emit: FrameSink<Frame>): void {
    if (this.#faulty === 0 && !this.#inNoise) {
      emit.bad('noise')
      this.#inNoise = true
    }
    this.#drop(1)
  }

  #drop(count: number): void {
    this.#start += count
    this.#faulty = Math.max(0, this.#faulty - count)
    this.#wanted = undefined
  }
}

/** What people wrote may throw over bytes that they did not think of; such bytes are no frame. */
export function attempt<T>(judge: (bytes: Uint8Array) => T, bytes: Uint8Array, otherwise: T): T {
  try {
    return judge(bytes)
  } catch {
    return otherwise
  }
}
