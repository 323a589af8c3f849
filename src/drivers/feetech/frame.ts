import { badArgument } from '../../base/argument.ts'

/**
 * Frames of the Feetech SCS/STS bus: `FF FF | ID | LEN | CODE | params | CHK`, where LEN counts the parameters and two
 * more, CODE is an instruction from the host and an error byte from a servo, and CHK is the inverted low byte of the
 * sum from ID on. Nothing is stuffed. Source: the vendor's protocol manual and SDK.
 */
export interface Frame {
  readonly id: number
  /** Instruction or error byte. */
  readonly code: number
  readonly params: Uint8Array
}

export const HEADER = 0xff
/** Every servo listens to this id, and none answers. */
export const BROADCAST_ID = 0xfe
export const LARGEST_ID = 0xfd
/** What a LEN byte may say, as the vendor's SDK checks it. */
export const SHORTEST_LEN = 2
export const LONGEST_LEN = 250
/** Bytes of a frame that are not parameters. */
export const OVERHEAD = 6
/** Bytes of the longest frame. */
export const LONGEST_FRAME = LONGEST_LEN + 4

export const INSTRUCTION = {
  ping: 0x01,
  read: 0x02,
  write: 0x03,
  regWrite: 0x04,
  action: 0x05,
  syncRead: 0x82,
  syncWrite: 0x83,
} as const

/** Throws `TENDON_ARGUMENT_INVALID` when the parameters do not fit a frame or the id is none. */
export function encodeFrame(id: number, code: number, params: Uint8Array | readonly number[] = []): Uint8Array {
  const length = params.length + 2
  if (!Number.isInteger(id) || id < 0 || id > BROADCAST_ID)
    throw badArgument('encodeFrame()', 'id', id, `a whole number from 0 to ${BROADCAST_ID}`)
  if (length > LONGEST_LEN)
    throw badArgument('encodeFrame()', 'parameter count', params.length, `at most ${LONGEST_LEN - 2}`)
  const bytes = new Uint8Array(params.length + OVERHEAD)
  bytes[0] = bytes[1] = HEADER
  bytes[2] = id
  bytes[3] = length
  bytes[4] = code
  bytes.set(params, 5)
  bytes[bytes.length - 1] = checksum(bytes)
  return bytes
}

/** The one whole frame that these bytes are, from a host or a servo; `undefined` when they are not exactly that. */
export function decodeFrame(bytes: Uint8Array): Frame | undefined {
  const [first, second, id = HEADER, length = 0, code = 0] = bytes
  if (first !== HEADER || second !== HEADER || id > BROADCAST_ID) return undefined
  if (length < SHORTEST_LEN || length > LONGEST_LEN || bytes.length !== length + 4) return undefined
  if (bytes[bytes.length - 1] !== checksum(bytes)) return undefined
  return { id, code, params: bytes.slice(5, -1) }
}

function checksum(frame: Uint8Array): number {
  let sum = 0
  for (let at = 2; at < frame.length - 1; at++) sum += frame[at] as number
  return ~sum & 0xff
}
