import type { FrameDecoder } from './line-request.ts'

/** A header that was seen, and where its packet would end: places in the bytes that go with it. */
export interface Candidate {
  readonly start: number
  readonly end: number
}

/** How the packets of a family look; each call gets the bytes that it speaks of, lent for as long as the call lasts. */
export interface PacketLook<Frame> {
  /** Bytes of the longest packet. */
  readonly longest: number
  /**
   * The candidate whose header is complete enough to be judged with the last of these `length` bytes; `rejected` for a
   * header that no packet can have; `undefined` where no header is.
   */
  headerAt(bytes: Uint8Array, length: number): Candidate | 'rejected' | undefined
  /** Whether its check is right, now that all of it is there. */
  isWhole(bytes: Uint8Array, candidate: Candidate): boolean
  frameAt(bytes: Uint8Array, candidate: Candidate): Frame
}

/**
 * Finds packets in a stream of bytes, in chunks of any size. Each possible header is a candidate, and all candidates are
 * followed at once. So a header made of noise that claims a long packet hides nothing: the good one behind it is found
 * when its own last byte comes, and the result does not depend on how the bytes were cut. What is kept is bounded by the
 * longest packet. Never throws.
 */
export class PacketFollower<Frame> implements FrameDecoder {
  readonly #look: PacketLook<Frame>
  readonly #sink: (frame: Frame) => void
  /** The newest bytes; at least as many as the longest packet has. */
  readonly #bytes: Uint8Array
  #length = 0
  #candidates: Candidate[] = []
  #rejected = 0

  constructor(look: PacketLook<Frame>, sink: (frame: Frame) => void) {
    this.#look = look
    this.#sink = sink
    this.#bytes = new Uint8Array(4 * look.longest)
  }

  get rejected(): number {
    return this.#rejected
  }

  reset(): void {
    this.#rejected += this.#candidates.length
    this.#candidates = []
    this.#length = 0
  }

  push(chunk: Uint8Array): void {
    for (const byte of chunk) {
      if (this.#length === this.#bytes.length) this.#forgetOldest()
      this.#bytes[this.#length++] = byte
      const header = this.#look.headerAt(this.#bytes, this.#length)
      if (header === 'rejected') this.#rejected++
      else if (header) this.#candidates.push(header)
      this.#endCandidates()
    }
  }

  /** Keeps the last bytes that a candidate may still need. */
  #forgetOldest(): void {
    const { longest } = this.#look
    const gone = this.#length - longest
    this.#bytes.copyWithin(0, gone, this.#length)
    this.#length = longest
    this.#candidates = this.#candidates.map(({ start, end }) => ({ start: start - gone, end: end - gone }))
  }

  #endCandidates(): void {
    const candidates = this.#candidates
    if (candidates.length === 0) return
    let kept = 0
    for (const candidate of candidates) {
      if (candidate.end > this.#length) candidates[kept++] = candidate
      else if (this.#look.isWhole(this.#bytes, candidate)) this.#sink(this.#look.frameAt(this.#bytes, candidate))
      else this.#rejected++
    }
    candidates.length = kept
  }
}
