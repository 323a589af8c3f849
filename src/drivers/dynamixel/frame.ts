import { badArgument } from '../../base/argument.ts'
import { crc16 } from './crc16.ts'
import { stuff, unstuff } from './stuffing.ts'

/**
 * Packets of Dynamixel Protocol 2.0: `FF FF FD 00 | ID | LEN | INSTRUCTION | params… | CRC`, where LEN counts the
 * instruction, the parameters and the CRC as they are sent (stuffing included), and LEN and CRC are 16 bits, low byte
 * first. A servo answers with the instruction 55, an error byte and its parameters. Source: the maker's protocol page.
 */
export interface Frame {
  readonly id: number
  readonly instruction: number
  /** Without stuffing. */
  readonly params: Uint8Array
}

export const HEADER = [0xff, 0xff, 0xfd, 0x00] as const
/** Every servo listens to this id; the one reply to a fast sync read carries it too. */
export const BROADCAST_ID = 0xfe
export const LARGEST_ID = 0xfc
/** LEN of a packet without parameters. */
export const SHORTEST_LEN = 3
/** Our own bound of LEN; the longest that this driver sends or asks for is far below it. */
export const LONGEST_LEN = 1024
/** Bytes before the instruction. */
export const HEAD = 7
/** Bytes of the CRC. */
export const TAIL = 2
/** Bytes of the longest packet. */
export const LONGEST_FRAME = HEAD + LONGEST_LEN
/** Bytes of a reply that are not parameters: those of an instruction, and the error byte. */
export const OVERHEAD = HEAD + 2 + TAIL

export const INSTRUCTION = {
  ping: 0x01,
  read: 0x02,
  write: 0x03,
  regWrite: 0x04,
  action: 0x05,
  factoryReset: 0x06,
  reboot: 0x08,
  clear: 0x10,
  backup: 0x20,
  status: 0x55,
  syncRead: 0x82,
  syncWrite: 0x83,
  fastSyncRead: 0x8a,
  bulkRead: 0x92,
  bulkWrite: 0x93,
  fastBulkRead: 0x9a,
} as const

/** Throws `TENDON_ARGUMENT_INVALID` when the parameters do not fit a packet or the id is none. */
export function encodeFrame(id: number, instruction: number, params: Uint8Array | readonly number[] = []): Uint8Array {
  if (!Number.isInteger(id) || id < 0 || id > BROADCAST_ID || id === LARGEST_ID + 1)
    throw badArgument('encodeFrame()', 'id', id, `a whole number from 0 to ${LARGEST_ID}, or ${BROADCAST_ID}`)
  const body = stuff(Uint8Array.of(instruction, ...params))
  const length = body.length + TAIL
  if (length > LONGEST_LEN)
    throw badArgument('encodeFrame()', 'parameter count', params.length, `at most ${LONGEST_LEN - SHORTEST_LEN}`)
  const bytes = new Uint8Array(HEAD + length)
  bytes.set(HEADER)
  bytes.set([id, length & 0xff, length >> 8], HEADER.length)
  bytes.set(body, HEAD)
  const crc = crc16(bytes, 0, bytes.length - TAIL)
  bytes.set([crc & 0xff, crc >> 8], bytes.length - TAIL)
  return bytes
}

/** The one whole packet that these bytes are, from a host or a servo; `undefined` when they are not exactly that. */
export function decodeFrame(bytes: Uint8Array): Frame | undefined {
  if (bytes.length < HEAD + SHORTEST_LEN || HEADER.some((byte, at) => bytes[at] !== byte)) return undefined
  const id = bytes[4] as number
  if (!isId(id) || bytes.length !== HEAD + lengthAt(bytes, 0)) return undefined
  if (!hasGoodCrc(bytes, 0, bytes.length)) return undefined
  const body = unstuff(bytes.subarray(HEAD, -TAIL))
  return { id, instruction: body[0] as number, params: body.slice(1) }
}

/** Whether a packet can be from or to it. */
export const isId = (id: number): boolean => id <= LARGEST_ID || id === BROADCAST_ID

/** LEN of the packet that begins at `start`. */
export const lengthAt = (bytes: Uint8Array, start: number): number =>
  (bytes[start + 5] as number) | ((bytes[start + 6] as number) << 8)

/** Whether the bytes from `start` to `end` are closed by the CRC of those before. */
export function hasGoodCrc(bytes: Uint8Array, start: number, end: number): boolean {
  const told = (bytes[end - 2] as number) | ((bytes[end - 1] as number) << 8)
  return crc16(bytes, start, end - TAIL) === told
}
