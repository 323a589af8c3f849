/**
 * I2C as a stream of bytes, so that a driver of an I2C chip and what plays that chip meet in nothing else. One record of
 * the host is one transaction on the bus, one record of the port is its answer:
 *
 *     host   A5 tag address read  count  data...  sum     write `count` bytes of data, then read `read` bytes
 *     port   5A tag address state count  data...  sum     state 0: done, and `data` is what was read
 *
 * Every field is one byte. `address` is the chip's 7 bits. `tag` is the host's own number of the transaction, which the
 * answer repeats; tag 0: nobody waits, and nothing is answered. `sum` is the complement of the sum of all bytes before
 * it. A write to the port may hold several whole records; they are executed in order, and each one is over on the bus
 * before `write` returns. Answers come in a later turn.
 */

/** One transaction: what is written to a chip, and how many bytes are read behind it. */
export interface I2cRequest {
  /** 1 to 255; 0: nobody waits for an answer. */
  readonly tag: number
  /** 7 bits. */
  readonly address: number
  /** How many bytes are read after the write, 0 to 32. */
  readonly read: number
  readonly write: Uint8Array
}

/** How a transaction ended. `nack`: nobody has this address, or the chip refused; `failed`: the bus is stuck or disturbed. */
export type I2cState = 'done' | 'nack' | 'failed'

export interface I2cAnswer {
  readonly tag: number
  readonly address: number
  readonly state: I2cState
  /** What was read; empty unless done. */
  readonly data: Uint8Array
}

/** Bytes of a record besides its data. */
export const I2C_OVERHEAD = 6
/** The most that one transaction reads: what an SMBus block carries, which every adapter can do. */
export const I2C_MOST_READ = 32

const REQUEST = 0xa5
const ANSWER = 0x5a
const STATES: readonly I2cState[] = ['done', 'nack', 'failed']

/** The bytes of a transaction's record. */
export const encodeI2cRequest = ({ tag, address, read, write }: I2cRequest): Uint8Array =>
  record(REQUEST, tag, address, read, write)

/** The bytes of an answer's record. */
export const encodeI2cAnswer = ({ tag, address, state, data }: I2cAnswer): Uint8Array =>
  record(ANSWER, tag, address, STATES.indexOf(state), data)

function record(start: number, tag: number, address: number, detail: number, data: Uint8Array): Uint8Array {
  const bytes = Uint8Array.of(start, tag, address, detail, data.length, ...data, 0)
  bytes[bytes.length - 1] = sumOf(bytes)
  return bytes
}

/** Over all bytes but the last. */
function sumOf(bytes: Uint8Array): number {
  let sum = 0
  for (const byte of bytes.subarray(0, -1)) sum += byte
  return ~sum & 0xff
}

/** Finds transactions in what a host wrote. Never throws; what it keeps is bounded by one record. */
export const i2cRequests = (sink: (request: I2cRequest) => void): I2cRecords =>
  new I2cRecords(REQUEST, ([, tag, address, read], write) => {
    if (read > I2C_MOST_READ) return false
    sink({ tag, address, read, write })
    return true
  })

/** Finds answers in what a port delivered. Never throws; what it keeps is bounded by one record. */
export const i2cAnswers = (sink: (answer: I2cAnswer) => void): I2cRecords =>
  new I2cRecords(ANSWER, ([, tag, address, code], data) => {
    const state = STATES[code]
    if (state === undefined) return false
    sink({ tag, address, state, data })
    return true
  })

type Head = readonly [start: number, tag: number, address: number, detail: number]

/** Records in a stream. A candidate that fails gives up its first byte only, so that it hides no good record behind it. */
export class I2cRecords {
  readonly #start: number
  /** Takes a record whose sum is right; false when its fields say that it is none. */
  readonly #take: (head: Head, data: Uint8Array) => boolean
  #bytes: number[] = []
  #rejected = 0

  constructor(start: number, take: (head: Head, data: Uint8Array) => boolean) {
    this.#start = start
    this.#take = take
  }

  /** How many candidates failed until now. */
  get rejected(): number {
    return this.#rejected
  }

  push(chunk: Uint8Array): void {
    for (const byte of chunk) {
      this.#bytes.push(byte)
      while (this.#settle());
    }
  }

  /** Forgets an unfinished record. */
  reset(): void {
    this.#bytes = []
  }

  /** Judges what stands at the front; whether there is more to judge. */
  #settle(): boolean {
    const [start, tag, address, detail, count] = this.#bytes
    if (start === undefined) return false
    if (start !== this.#start) return this.#drop()
    if (tag === undefined || address === undefined || detail === undefined || count === undefined) return false
    const length = count + I2C_OVERHEAD
    if (this.#bytes.length < length) return false
    const bytes = Uint8Array.from(this.#bytes.slice(0, length))
    const good = bytes.at(-1) === sumOf(bytes) && address <= 0x7f
    if (!good || !this.#take([start, tag, address, detail], bytes.slice(5, -1))) {
      this.#rejected++
      return this.#drop()
    }
    this.#bytes.splice(0, length)
    return this.#bytes.length > 0
  }

  #drop(): boolean {
    this.#bytes.shift()
    return this.#bytes.length > 0
  }
}
