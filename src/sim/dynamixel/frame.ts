import type { FrameDecoder } from '../wire/wire.ts'
import { crc16 } from './crc16.ts'

/** Instruction codes of Protocol 2.0, as the maker publishes them. */
export const INSTRUCTION = {
  ping: 0x01,
  read: 0x02,
  write: 0x03,
  regWrite: 0x04,
  action: 0x05,
  factoryReset: 0x06,
  reboot: 0x08,
  clear: 0x10,
  status: 0x55,
  syncRead: 0x82,
  syncWrite: 0x83,
  fastSyncRead: 0x8a,
  bulkRead: 0x92,
  bulkWrite: 0x93,
  fastBulkRead: 0x9a,
} as const

/** The id that every servo listens to. */
export const BROADCAST = 0xfe
/** 253 and 255 are nobody's. */
const LARGEST_ID = 252

/** One instruction frame from the host. */
export interface InstructionFrame {
  readonly id: number
  readonly instruction: number
  /** As they were meant: without what was stuffed between them. */
  readonly params: Uint8Array
  /** The whole frame as it was on the wire. */
  readonly bytes: Uint8Array
}

const HEADER = [0xff, 0xff, 0xfd, 0x00]
/** Header, id, length: what comes before the bytes that LEN counts. */
const PREFIX = 7
const CRC_BYTES = 2
/** LEN counts the instruction and the CRC. */
const LEAST_LENGTH = 1 + CRC_BYTES
/** The largest frame that a servo takes; ours, because the maker does not say: a host's own buffer is no larger. */
export const LARGEST_FRAME = 1024

/**
 * Finds instruction frames in a stream of bytes. It goes by header, length and CRC, so that a frame whose host does not
 * stuff is found too, with a header's bytes inside; a candidate that fails one of them is given up by one byte.
 */
export class InstructionDecoder implements FrameDecoder<InstructionFrame> {
  readonly #buffer = new Uint8Array(LARGEST_FRAME)
  #length = 0

  push(byte: number): void {
    this.#buffer[this.#length++] = byte
  }

  take(): InstructionFrame | undefined {
    while (this.#length > 0) {
      const fits = this.#fits()
      if (fits === 'more') return undefined
      if (fits === 'frame') return this.#shiftFrame()
      this.#drop(1)
    }
    return undefined
  }

  reset(): void {
    this.#length = 0
  }

  #fits(): 'frame' | 'more' | 'no' {
    const known = Math.min(this.#length, HEADER.length)
    for (let i = 0; i < known; i++) if (this.#buffer[i] !== HEADER[i]) return 'no'
    if (this.#length <= HEADER.length) return 'more'
    const id = this.#buffer[4] as number
    if (id > LARGEST_ID && id !== BROADCAST) return 'no'
    if (this.#length < PREFIX) return 'more'
    const end = this.#end()
    if (end < PREFIX + LEAST_LENGTH || end > LARGEST_FRAME) return 'no'
    if (this.#length < end) return 'more'
    return crc16(this.#buffer, 0, end - CRC_BYTES) === wordAt(this.#buffer, end - CRC_BYTES) ? 'frame' : 'no'
  }

  #shiftFrame(): InstructionFrame {
    const end = this.#end()
    const bytes = this.#buffer.slice(0, end)
    this.#drop(end)
    const [instruction = 0, ...params] = unstuffed(bytes.subarray(PREFIX, end - CRC_BYTES))
    return { id: bytes[4] as number, instruction, params: Uint8Array.from(params), bytes }
  }

  #end(): number {
    return PREFIX + wordAt(this.#buffer, 5)
  }

  #drop(count: number): void {
    this.#buffer.copyWithin(0, count, this.#length)
    this.#length -= count
  }
}

/** The little-endian word at an index. */
export const wordAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) | ((bytes[at + 1] as number) << 8)

const endsInHeader = (bytes: readonly number[]): boolean =>
  bytes.at(-1) === 0xfd && bytes.at(-2) === 0xff && bytes.at(-3) === 0xff

/** Takes out the FD that was stuffed behind each FF FF FD. */
function unstuffed(stuffed: Uint8Array): number[] {
  const bytes: number[] = []
  let justStuffed = false
  for (const byte of stuffed) {
    justStuffed = byte === 0xfd && !justStuffed && endsInHeader(bytes)
    if (!justStuffed) bytes.push(byte)
  }
  return bytes
}

/** Puts an FD behind each FF FF FD, so that no header stands inside a frame. */
function stuffed(bytes: readonly number[]): number[] {
  const out: number[] = []
  for (const byte of bytes) {
    out.push(byte)
    if (endsInHeader(out)) out.push(0xfd)
  }
  return out
}

/** A status frame. `error` is the number of the error, with bit 7 for a hardware alert. */
export function encodeStatus(id: number, error: number, data: ArrayLike<number>): Uint8Array {
  return framed(id, stuffed([INSTRUCTION.status, error, ...Array.from(data)]))
}

/** What one servo adds to the common frame of a fast reading. */
export interface FastPart {
  readonly id: number
  readonly error: number
  readonly data: ArrayLike<number>
}

/**
 * The common frame of a fast reading, in the pieces in which the servos say it. The first carries the header; each ends in
 * a CRC over the frame up to there, and that of the last is the frame's own. Nothing in it is stuffed: the length was
 * fixed before anybody knew the data. What the CRCs between are over, the maker does not say: this is our reading.
 */
export function encodeFastStatus(parts: readonly FastPart[]): readonly Uint8Array[] {
  const length = 1 + parts.reduce((sum, { data }) => sum + data.length + 2 + CRC_BYTES, 0)
  const said: number[] = [...HEADER, BROADCAST, length & 0xff, length >> 8, INSTRUCTION.status]
  let from = 0
  return parts.map(({ id, error, data }) => {
    said.push(error, id, ...Array.from(data))
    const crc = crc16(Uint8Array.from(said))
    said.push(crc & 0xff, crc >> 8)
    const piece = Uint8Array.from(said.slice(from))
    from = said.length
    return piece
  })
}

function framed(id: number, body: readonly number[]): Uint8Array {
  const length = body.length + CRC_BYTES
  const frame = Uint8Array.from([...HEADER, id, length & 0xff, length >> 8, ...body, 0, 0])
  const crc = crc16(frame, 0, frame.length - CRC_BYTES)
  frame[frame.length - 2] = crc & 0xff
  frame[frame.length - 1] = crc >> 8
  return frame
}
