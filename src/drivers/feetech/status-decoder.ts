import type { FrameDecoder } from '../line-request.ts'
import { type Frame, HEADER, LARGEST_ID, LONGEST_FRAME, LONGEST_LEN, SHORTEST_LEN } from './frame.ts'

/** A header that was seen, and where its frame would end. */
interface Candidate {
  readonly start: number
  readonly end: number
}

/** Servos set at most seven error bits; the eighth marks noise. */
const LARGEST_ERROR = 0x7f

/**
 * Finds the frames of servos in a stream of bytes, in chunks of any size. Each header with a possible id, length and
 * error byte is a candidate, and all candidates are followed at once. So a header made of noise that claims 250 bytes
 * hides nothing: the good frame behind it is found when its own last byte comes, and the result does not depend on
 * how the bytes were cut. The price is that a frame inside another's parameters is found too; an eight-bit checksum is
 * weak anyway, and whoever asked must match id, length and request.
 */
export class StatusDecoder implements FrameDecoder {
  readonly #sink: (frame: Frame) => void
  /** The newest bytes; at least as many as the longest frame has. */
  readonly #bytes = new Uint8Array(4 * LONGEST_FRAME)
  #length = 0
  #candidates: Candidate[] = []
  #rejected = 0

  constructor(sink: (frame: Frame) => void) {
    this.#sink = sink
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
      this.#openCandidate()
      this.#endCandidates()
    }
  }

  /** Keeps the last bytes that a candidate may still need. */
  #forgetOldest(): void {
    const gone = this.#length - LONGEST_FRAME
    this.#bytes.copyWithin(0, gone, this.#length)
    this.#length = LONGEST_FRAME
    this.#candidates = this.#candidates.map(({ start, end }) => ({ start: start - gone, end: end - gone }))
  }

  /** The error byte is the fifth: with it, a header is complete enough to be judged. */
  #openCandidate(): void {
    const start = this.#length - 5
    const bytes = this.#bytes
    if (start < 0 || bytes[start] !== HEADER || bytes[start + 1] !== HEADER) return
    const id = bytes[start + 2] as number
    const length = bytes[start + 3] as number
    const error = bytes[start + 4] as number
    // Of a run of FF only the last two are a header: no frame was there to be rejected.
    if (id === HEADER) return
    if (id > LARGEST_ID || length < SHORTEST_LEN || length > LONGEST_LEN || error > LARGEST_ERROR) this.#rejected++
    else this.#candidates.push({ start, end: start + 4 + length })
  }

  #endCandidates(): void {
    const candidates = this.#candidates
    if (candidates.length === 0) return
    let kept = 0
    for (const candidate of candidates) {
      if (candidate.end > this.#length) candidates[kept++] = candidate
      else if (this.#isWhole(candidate)) this.#sink(this.#frameAt(candidate))
      else this.#rejected++
    }
    candidates.length = kept
  }

  #isWhole({ start, end }: Candidate): boolean {
    let sum = 0
    for (let at = start + 2; at < end - 1; at++) sum += this.#bytes[at] as number
    return this.#bytes[end - 1] === (~sum & 0xff)
  }

  #frameAt({ start, end }: Candidate): Frame {
    const bytes = this.#bytes
    return { id: bytes[start + 2] as number, code: bytes[start + 4] as number, params: bytes.slice(start + 5, end - 1) }
  }
}
