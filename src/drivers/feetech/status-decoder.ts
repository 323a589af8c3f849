import { type Candidate, PacketFollower, type PacketLook } from '../packet-follower.ts'
import { type Frame, HEADER, LARGEST_ID, LONGEST_FRAME, LONGEST_LEN, SHORTEST_LEN } from './frame.ts'

/** Servos set at most seven error bits; the eighth marks noise. */
const LARGEST_ERROR = 0x7f

const LOOK: PacketLook<Frame> = {
  longest: LONGEST_FRAME,

  /** The error byte is the fifth: with it, a header is complete enough to be judged. */
  headerAt(bytes, seen) {
    const start = seen - 5
    if (start < 0 || bytes[start] !== HEADER || bytes[start + 1] !== HEADER) return undefined
    const id = bytes[start + 2] as number
    const length = bytes[start + 3] as number
    const error = bytes[start + 4] as number
    // Of a run of FF only the last two are a header: no frame was there to be rejected.
    if (id === HEADER) return undefined
    if (id > LARGEST_ID || length < SHORTEST_LEN || length > LONGEST_LEN || error > LARGEST_ERROR) return 'rejected'
    return { start, end: start + 4 + length }
  },

  isWhole(bytes, { start, end }) {
    let sum = 0
    for (let at = start + 2; at < end - 1; at++) sum += bytes[at] as number
    return bytes[end - 1] === (~sum & 0xff)
  },

  frameAt: (bytes, { start, end }: Candidate) => ({
    id: bytes[start + 2] as number,
    code: bytes[start + 4] as number,
    params: bytes.slice(start + 5, end - 1),
  }),
}

/**
 * Finds the frames of servos in a stream of bytes. That all candidates are followed has a price: a frame inside another's
 * parameters is found too; an eight-bit checksum is weak anyway, and whoever asked must match id, length and request.
 */
export class StatusDecoder extends PacketFollower<Frame> {
  constructor(sink: (frame: Frame) => void) {
    super(LOOK, sink)
  }
}
