/**
 * Instruction codes of the vendor's protocol manual, and four more that the vendor's newer SDKs name and no manual of ours describes:
 * what they do here is our reading. `recovery`: EEPROM as from the factory, but id and baud rate stay. `reset`: the
 * turns are forgotten. `calibrate`: as torque 128,
 * or to the position behind it. `reboot`: as power off and on.
 */
export const INSTRUCTION = {
  ping: 0x01,
  read: 0x02,
  write: 0x03,
  regWrite: 0x04,
  action: 0x05,
  recovery: 0x06,
  reboot: 0x08,
  reset: 0x0a,
  calibrate: 0x0b,
  syncRead: 0x82,
  syncWrite: 0x83,
} as const

/** The id that every servo listens to. */
export const BROADCAST = 0xfe

/** One instruction frame from the host. */
export interface InstructionFrame {
  readonly id: number
  readonly instruction: number
  readonly params: Uint8Array
  /** The whole frame as it was on the wire. */
  readonly bytes: Uint8Array
}

const HEADER = 0xff
/** Header, id, length: what comes before the bytes that LEN counts. */
const PREFIX = 4
/** LEN counts the instruction and the checksum. */
const LEAST_LENGTH = 2
/** The largest LEN of a frame, either way. */
export const LARGEST_LENGTH = 250

/** Bitwise-not of the sum of the bytes from the id up to `end` (exclusive). */
function checksum(frame: Uint8Array, start: number, end: number): number {
  let sum = 0
  for (let i = start; i < end; i++) sum += frame[i] as number
  return ~sum & 0xff
}

/**
 * Finds instruction frames in a stream of bytes. There is no byte stuffing, so it goes by header, length and checksum;
 * a candidate that fails one of them is given up by one byte, so that a frame behind noise is found.
 */
export class InstructionDecoder {
  #buffer = new Uint8Array(PREFIX + LARGEST_LENGTH)
  #length = 0

  /** Takes one byte; then call `take` until it has no more. */
  push(byte: number): void {
    this.#buffer[this.#length++] = byte
  }

  /** The next whole frame, if there is one. */
  take(): InstructionFrame | undefined {
    while (this.#length > 0) {
      const fits = this.#fits()
      if (fits === 'more') return undefined
      if (fits === 'frame') return this.#shiftFrame()
      this.#drop(1)
    }
    return undefined
  }

  /** Forgets a frame that was begun. */
  reset(): void {
    this.#length = 0
  }

  #fits(): 'frame' | 'more' | 'no' {
    const [first, second, id, length] = this.#buffer as unknown as [number, number, number, number]
    if (first !== HEADER || (this.#length > 1 && second !== HEADER)) return 'no'
    if (this.#length > 2 && id > BROADCAST) return 'no'
    if (this.#length < PREFIX) return 'more'
    if (length < LEAST_LENGTH || length > LARGEST_LENGTH) return 'no'
    const end = PREFIX + length
    if (this.#length < end) return 'more'
    return checksum(this.#buffer, 2, end - 1) === this.#buffer[end - 1] ? 'frame' : 'no'
  }

  #shiftFrame(): InstructionFrame {
    const end = PREFIX + (this.#buffer[3] as number)
    const bytes = this.#buffer.slice(0, end)
    this.#drop(end)
    return { id: bytes[2] as number, instruction: bytes[4] as number, params: bytes.subarray(5, end - 1), bytes }
  }

  #drop(count: number): void {
    this.#buffer.copyWithin(0, count, this.#length)
    this.#length -= count
  }
}

/** A status frame: the alarm byte stands where an instruction has its code. */
export function encodeStatus(id: number, status: number, data: Uint8Array): Uint8Array {
  const frame = new Uint8Array(data.length + 6)
  frame[0] = HEADER
  frame[1] = HEADER
  frame[2] = id
  frame[3] = data.length + 2
  frame[4] = status
  frame.set(data, 5)
  frame[frame.length - 1] = checksum(frame, 2, frame.length - 1)
  return frame
}
