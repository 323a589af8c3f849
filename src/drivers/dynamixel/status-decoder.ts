import type { FrameDecoder } from '../line-request.ts'
import {
  BROADCAST_ID,
  HEAD,
  HEADER,
  hasGoodCrc,
  INSTRUCTION,
  isId,
  LONGEST_FRAME,
  LONGEST_LEN,
  lengthAt,
  TAIL,
} from './frame.ts'
import { unstuff } from './stuffing.ts'

/** What a servo says. */
export interface StatusFrame {
  /** 254: the joint answer of several servos to a fast sync read; see `fastEntries`. */
  readonly id: number
  /** Bit 7: hardware alert. The rest is a number, 0 = done; see `errorNameOf`. */
  readonly error: number
  /** Without stuffing. */
  readonly params: Uint8Array
}

/** A header that was seen, and where its packet would end. */
interface Candidate {
  readonly start: number
  readonly end: number
}

/** LEN of a reply without parameters: instruction, error byte, CRC. */
const SHORTEST_REPLY = 4
/** A header with the instruction: enough to be judged. */
const JUDGED = HEAD + 1

/**
 * Finds the replies of servos in a stream of bytes, in chunks of any size. Each header with a possible id, length and the
 * instruction of a reply is a candidate, and all candidates are followed at once: a header made of noise that claims a
 * thousand bytes hides nothing, and the result does not depend on how the bytes were cut. Length-driven: the packet of a
 * servo that does not stuff is found as well, if its CRC is good. What is kept is bounded by the longest packet. Never
 * throws.
 */
export class StatusDecoder implements FrameDecoder {
  readonly #sink: (frame: StatusFrame) => void
  /** The newest bytes; at least as many as the longest packet has. */
  readonly #bytes = new Uint8Array(4 * LONGEST_FRAME)
  #length = 0
  #candidates: Candidate[] = []
  #rejected = 0

  constructor(sink: (frame: StatusFrame) => void) {
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
      if (byte === INSTRUCTION.status) this.#openCandidate()
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

  /** The last byte says that it is a reply: what came before is its header, if it is one. */
  #openCandidate(): void {
    const start = this.#length - JUDGED
    const bytes = this.#bytes
    if (start < 0 || HEADER.some((byte, at) => bytes[start + at] !== byte)) return
    const length = lengthAt(bytes, start)
    if (!isId(bytes[start + 4] as number) || length < SHORTEST_REPLY || length > LONGEST_LEN) this.#rejected++
    else this.#candidates.push({ start, end: start + HEAD + length })
  }

  #endCandidates(): void {
    const candidates = this.#candidates
    if (candidates.length === 0) return
    let kept = 0
    for (const candidate of candidates) {
      if (candidate.end > this.#length) candidates[kept++] = candidate
      else if (hasGoodCrc(this.#bytes, candidate.start, candidate.end)) this.#sink(this.#frameAt(candidate))
      else this.#rejected++
    }
    candidates.length = kept
  }

  #frameAt({ start, end }: Candidate): StatusFrame {
    const id = this.#bytes[start + 4] as number
    const sent = this.#bytes.subarray(start + HEAD, end - TAIL)
    // Several servos write the reply to a fast read, none knows what the others stuff, and its length is set beforehand.
    const body = id === BROADCAST_ID ? sent : unstuff(sent)
    return { id, error: body[1] ?? 0, params: body.slice(2) }
  }
}
