import type { ExpectedReply, LineProtocol, LineRequest } from '../line-request.ts'
import { BROADCAST_ID, encodeFrame, INSTRUCTION, LONGEST_LEN, OVERHEAD, SHORTEST_LEN } from './frame.ts'
import { StatusDecoder, type StatusFrame } from './status-decoder.ts'

/** How a request behaves on the line; the defaults are those of `LineRequest`. */
export interface RequestManner {
  /** For people: `read model`. */
  readonly label: string
  readonly tries: number
  readonly urgent?: boolean | undefined
  readonly isRetry?: boolean | undefined
}

/** A block of one servo's memory. */
export interface Block {
  readonly id: number
  readonly address: number
  readonly count: number
}

/** The bus as the half-duplex line sees it. A reply shows who sent it and how long it is, and no more. */
export const dynamixelProtocol: LineProtocol<StatusFrame> = {
  decoder: (sink) => new StatusDecoder(sink),
  keyOf: ({ id, params }) => keyOf(id, params.length),
  senderOf: (key) => Math.floor(key / 65_536),
}

const keyOf = (id: number, params: number): number => id * 65_536 + params

const PING_ASKS = -1
let lastWriteAsks = PING_ASKS
/** An acknowledgement does not say what it acknowledges, so each write is a question of its own. */
const writeAsks = (): number => {
  lastWriteAsks = lastWriteAsks > Number.MIN_SAFE_INTEGER ? lastWriteAsks - 1 : PING_ASKS - 1
  return lastWriteAsks
}

/** Model number and firmware. */
const PING_PARAMS = 3

const low = (word: number): number => word & 0xff
const high = (word: number): number => word >> 8
const words = (...values: number[]): number[] => values.flatMap((value) => [low(value), high(value)])

export function ping(id: number, manner: RequestManner): LineRequest {
  return {
    ...manner,
    bytes: encodeFrame(id, INSTRUCTION.ping),
    replies: [{ key: keyOf(id, PING_PARAMS), asks: PING_ASKS }],
    replyBytes: OVERHEAD + PING_PARAMS,
    droppedByStop: false,
  }
}

/** Reads `count` bytes from `address` on. */
export function read(id: number, address: number, count: number, manner: RequestManner): LineRequest {
  return {
    ...manner,
    bytes: encodeFrame(id, INSTRUCTION.read, words(address, count)),
    replies: [answer({ id, address, count })],
    replyBytes: OVERHEAD + count,
    droppedByStop: false,
  }
}

/** Reads the same block of several servos; each answers by itself, in this order. */
export function syncRead(ids: readonly number[], address: number, count: number, manner: RequestManner): LineRequest {
  return {
    ...manner,
    bytes: encodeFrame(BROADCAST_ID, INSTRUCTION.syncRead, [...words(address, count), ...ids]),
    replies: ids.map((id) => answer({ id, address, count })),
    replyBytes: ids.length * (OVERHEAD + count),
    droppedByStop: false,
  }
}

/**
 * The same, and all of them answer in one packet: see `fastEntries`. Nobody answers whole when one of them is missing,
 * or when the firmware of one does not know the instruction.
 */
export function fastSyncRead(
  ids: readonly number[],
  address: number,
  count: number,
  manner: RequestManner,
): LineRequest {
  const params = fastParams(ids.length, count)
  return {
    ...manner,
    bytes: encodeFrame(BROADCAST_ID, INSTRUCTION.fastSyncRead, [...words(address, count), ...ids]),
    replies: [{ key: keyOf(BROADCAST_ID, params), asks: address }],
    replyBytes: OVERHEAD + params,
    droppedByStop: false,
  }
}

/** Error, id, data and CRC of each, without the first error byte and the last CRC, which are those of the packet. */
const fastParams = (servos: number, count: number): number => servos * (count + 4) - 3

/** The most servos whose fast reply this driver takes in one packet. */
export const mostFast = (count: number): number => Math.floor((LONGEST_LEN - 1) / (count + 4))

/**
 * What each servo said in the joint reply to a fast sync read; `undefined` when the ids are not those that were asked. The
 * CRCs in between are not looked at: the last one covers them all.
 */
export function fastEntries(
  { error, params }: StatusFrame,
  ids: readonly number[],
  count: number,
): StatusFrame[] | undefined {
  const entries: StatusFrame[] = []
  for (const [index, id] of ids.entries()) {
    const at = index * (count + 4)
    if (params[at] !== id) return undefined
    const own = index === 0 ? error : (params[at - 1] as number)
    entries.push({ id, error: own, params: params.slice(at + 1, at + 1 + count) })
  }
  return entries
}

/** Reads another block of each servo; each answers by itself, in this order. No id may come twice. */
export function bulkRead(blocks: readonly Block[], manner: RequestManner): LineRequest {
  const params = blocks.flatMap(({ id, address, count }) => [id, ...words(address, count)])
  return {
    ...manner,
    bytes: encodeFrame(BROADCAST_ID, INSTRUCTION.bulkRead, params),
    replies: blocks.map(answer),
    replyBytes: blocks.reduce((sum, { count }) => sum + OVERHEAD + count, 0),
    droppedByStop: false,
  }
}

const answer = ({ id, address, count }: Block): ExpectedReply => ({ key: keyOf(id, count), asks: address })

/** Writes a block to one servo, which acknowledges it. */
export function write(
  id: number,
  address: number,
  data: Uint8Array,
  manner: RequestManner & { readonly droppedByStop: boolean },
): LineRequest {
  return acknowledged(id, INSTRUCTION.write, [...words(address), ...data], manner)
}

/** Restarts one servo, which acknowledges it first. It has no torque afterwards, and forgets what RAM held. */
export function reboot(id: number, manner: RequestManner): LineRequest {
  return acknowledged(id, INSTRUCTION.reboot, [], { ...manner, droppedByStop: true })
}

function acknowledged(
  id: number,
  instruction: number,
  params: readonly number[],
  manner: RequestManner & { readonly droppedByStop: boolean },
): LineRequest {
  return {
    ...manner,
    bytes: encodeFrame(id, instruction, params),
    replies: [{ key: keyOf(id, 0), asks: writeAsks() }],
    replyBytes: OVERHEAD,
    changes: true,
  }
}

/** Packets that write the same block to several servos, in one piece of bytes. Nobody acknowledges them. */
export function syncWriteBytes(address: number, size: number, blocks: ReadonlyMap<number, Uint8Array>): Uint8Array {
  const entries = [...blocks].map(([id, block]) => [id, ...block])
  return packed(INSTRUCTION.syncWrite, words(address, size), entries)
}

/** What a bulk write says to one servo. */
export interface BulkEntry {
  readonly id: number
  readonly address: number
  readonly data: Uint8Array
}

/** Packets that write another block to each servo, in one piece of bytes. Nobody acknowledges them; no id may come twice. */
export function bulkWriteBytes(entries: readonly BulkEntry[]): Uint8Array {
  const listed = entries.map(({ id, address, data }) => [id, ...words(address, data.length), ...data])
  return packed(INSTRUCTION.bulkWrite, [], listed)
}

/** As few packets as the bound of LEN allows: one, on any bus that a robot has. Stuffing adds at most a third. */
function packed(instruction: number, head: readonly number[], entries: readonly (readonly number[])[]): Uint8Array {
  const room = Math.floor(((LONGEST_LEN - SHORTEST_LEN) * 3) / 4)
  const packets: Uint8Array[] = []
  let params = [...head]
  for (const entry of entries) {
    if (params.length > head.length && params.length + entry.length > room) {
      packets.push(encodeFrame(BROADCAST_ID, instruction, params))
      params = [...head]
    }
    params.push(...entry)
  }
  packets.push(encodeFrame(BROADCAST_ID, instruction, params))
  return packets.length === 1 ? (packets[0] as Uint8Array) : Uint8Array.from(packets.flatMap((packet) => [...packet]))
}

/** Writes a block to every servo on the line, known or not. Nobody acknowledges it. */
export function broadcastWriteBytes(address: number, data: Uint8Array | readonly number[]): Uint8Array {
  return encodeFrame(BROADCAST_ID, INSTRUCTION.write, [...words(address), ...data])
}
