import { PacketFollower, type PacketLook } from '../packet-follower.ts'
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

/** LEN of a reply without parameters: instruction, error byte, CRC. */
const SHORTEST_REPLY = 4
/** A header with the instruction: enough to be judged. */
const JUDGED = HEAD + 1

const LOOK: PacketLook<StatusFrame> = {
  longest: LONGEST_FRAME,

  /** The last byte says that it is a reply: what came before is its header, if it is one. */
  headerAt(bytes, seen) {
    const start = seen - JUDGED
    if (bytes[seen - 1] !== INSTRUCTION.status || start < 0) return undefined
    if (HEADER.some((byte, at) => bytes[start + at] !== byte)) return undefined
    const length = lengthAt(bytes, start)
    if (!isId(bytes[start + 4] as number) || length < SHORTEST_REPLY || length > LONGEST_LEN) return 'rejected'
    return { start, end: start + HEAD + length }
  },

  isWhole: (bytes, { start, end }) => hasGoodCrc(bytes, start, end),

  frameAt(bytes, { start, end }) {
    const id = bytes[start + 4] as number
    const sent = bytes.subarray(start + HEAD, end - TAIL)
    // Several servos write the reply to a fast read, none knows what the others stuff, and its length is set beforehand.
    const body = id === BROADCAST_ID ? sent : unstuff(sent)
    return { id, error: body[1] ?? 0, params: body.slice(2) }
  },
}

/**
 * Finds the replies of servos in a stream of bytes. Length-driven: the packet of a servo that does not stuff is found as
 * well, if its CRC is good.
 */
export class StatusDecoder extends PacketFollower<StatusFrame> {
  constructor(sink: (frame: StatusFrame) => void) {
    super(LOOK, sink)
  }
}
