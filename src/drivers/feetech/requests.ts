import type { ExpectedReply, LineProtocol, LineRequest } from '../line-request.ts'
import { BROADCAST_ID, encodeFrame, type Frame, INSTRUCTION, LONGEST_LEN, OVERHEAD } from './frame.ts'
import { StatusDecoder } from './status-decoder.ts'

/** How a request behaves on the line; the defaults are those of `LineRequest`. */
export interface RequestManner {
  /** For people: `read model`. */
  readonly label: string
  readonly tries: number
  readonly urgent?: boolean | undefined
  readonly isRetry?: boolean | undefined
}

/** The Feetech bus as the half-duplex line sees it. A reply shows who sent it and how long it is, and no more. */
export const feetechProtocol: LineProtocol<Frame> = {
  decoder: (sink) => new StatusDecoder(sink),
  keyOf: ({ id, params }) => keyOf(id, params.length),
  senderOf: (key) => Math.floor(key / 256),
}

const keyOf = (id: number, params: number): number => id * 256 + params

const PING_ASKS = -1
let lastWriteAsks = PING_ASKS
/** An acknowledgement does not say what it acknowledges, so each write is a question of its own. */
const writeAsks = (): number => {
  lastWriteAsks = lastWriteAsks > Number.MIN_SAFE_INTEGER ? lastWriteAsks - 1 : PING_ASKS - 1
  return lastWriteAsks
}

export function ping(id: number, manner: RequestManner): LineRequest {
  const replies = [{ key: keyOf(id, 0), asks: PING_ASKS }]
  return { ...manner, bytes: encodeFrame(id, INSTRUCTION.ping), replies, replyBytes: OVERHEAD, droppedByStop: false }
}

/** Reads `count` bytes from `address` on. */
export function read(id: number, address: number, count: number, manner: RequestManner): LineRequest {
  return {
    ...manner,
    bytes: encodeFrame(id, INSTRUCTION.read, [address, count]),
    replies: [answer(id, address, count)],
    replyBytes: OVERHEAD + count,
    droppedByStop: false,
  }
}

/** Reads the same block of several servos; each answers by itself, in this order. STS and SMS only. */
export function syncRead(ids: readonly number[], address: number, count: number, manner: RequestManner): LineRequest {
  return {
    ...manner,
    bytes: encodeFrame(BROADCAST_ID, INSTRUCTION.syncRead, [address, count, ...ids]),
    replies: ids.map((id) => answer(id, address, count)),
    replyBytes: ids.length * (OVERHEAD + count),
    droppedByStop: false,
  }
}

const answer = (id: number, address: number, count: number): ExpectedReply => ({ key: keyOf(id, count), asks: address })

/** Writes a block to one servo, which acknowledges it. */
export function write(
  id: number,
  address: number,
  data: Uint8Array,
  manner: RequestManner & { readonly droppedByStop: boolean },
): LineRequest {
  return {
    ...manner,
    bytes: encodeFrame(id, INSTRUCTION.write, [address, ...data]),
    replies: [{ key: keyOf(id, 0), asks: writeAsks() }],
    replyBytes: OVERHEAD,
    changes: true,
  }
}

/** Frames that write the same block to several servos, in one piece of bytes. Nobody acknowledges them. */
export function syncWriteBytes(address: number, size: number, blocks: ReadonlyMap<number, Uint8Array>): Uint8Array {
  // Instruction and checksum are counted in LEN, address and size are parameters.
  const perFrame = Math.floor((LONGEST_LEN - 4) / (size + 1))
  const entries = [...blocks]
  const frames: Uint8Array[] = []
  for (let at = 0; at < entries.length; at += perFrame) {
    const params = [address, size]
    for (const [id, block] of entries.slice(at, at + perFrame)) params.push(id, ...block)
    frames.push(encodeFrame(BROADCAST_ID, INSTRUCTION.syncWrite, params))
  }
  return frames.length === 1 ? (frames[0] as Uint8Array) : Buffer.concat(frames)
}

/** Writes a block to every servo on the line, known or not. Nobody acknowledges it. */
export function broadcastWriteBytes(address: number, data: Uint8Array | readonly number[]): Uint8Array {
  return encodeFrame(BROADCAST_ID, INSTRUCTION.write, [address, ...data])
}
