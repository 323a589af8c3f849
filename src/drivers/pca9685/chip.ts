import { TendonError } from '../../base/problem.ts'
import {
  encodeI2cRequest,
  I2C_MOST_READ,
  I2C_OVERHEAD,
  type I2cAnswer,
  i2cAnswers,
} from '../../device/i2c-transaction.ts'
import type { ByteTransport, DeviceEnv } from '../../device/transport.ts'
import { HalfDuplexBus } from '../half-duplex-bus.ts'
import type { LineProtocol } from '../line-request.ts'
import { pca9685Problem } from './problems.ts'

/** How a transaction stands to stops and to others. */
export interface Manner {
  /** For people: `read MODE1`. */
  readonly label: string
  /** A stop discards it. Default false. */
  readonly droppedByStop?: boolean
  /** Goes before those that are not. Default false. */
  readonly urgent?: boolean
}

/** An answer belongs to the question that has its tag. */
const TRANSACTIONS: LineProtocol<I2cAnswer> = {
  decoder: (sink) => i2cAnswers(sink),
  keyOf: ({ tag }) => tag,
}
/** A transaction is over when it has been handed to the port: no byte is ever still on its way. */
const AT_ONCE = 100_000_000
const MOST_TAGS = 255

/** The registers of one chip on an I2C bus, asked for until it answers. */
export class Chip {
  /** Its turns, its stops and its losses. */
  readonly line: HalfDuplexBus<I2cAnswer>
  readonly #address: number
  readonly #tries: number
  #tag = 0

  constructor(port: ByteTransport, env: DeviceEnv, address: number, tries: number) {
    this.#address = address
    this.#tries = tries
    // The port's own pace is not that of the line: it has ended each transaction when it takes the next.
    const paceless = { kind: port.kind, address: port.address, open: (lent: DeviceEnv) => port.open(lent) }
    this.line = new HalfDuplexBus(paceless, env, TRANSACTIONS, { baudRate: AT_ONCE })
  }

  /** The record of a write that nobody waits for. */
  message(data: Uint8Array): Uint8Array {
    return encodeI2cRequest({ tag: 0, address: this.#address, read: 0, write: data })
  }

  /** Consecutive registers; `undefined` when the chip does not answer. Rejects only when the line refuses. */
  async read(register: number, count: number, manner: Manner): Promise<Uint8Array | undefined> {
    const data = new Uint8Array(count)
    for (let at = 0; at < count; at += I2C_MOST_READ) {
      const part = Math.min(I2C_MOST_READ, count - at)
      const answer = await this.#ask(Uint8Array.of(register + at), part, manner)
      if (answer?.state !== 'done' || answer.data.length !== part) return undefined
      data.set(answer.data, at)
    }
    return data
  }

  /** Writes consecutive registers; whether the chip acknowledged it. Rejects only when the line refuses. */
  async write(register: number, data: readonly number[] | Uint8Array, manner: Manner): Promise<boolean> {
    return (await this.#ask(Uint8Array.of(register, ...data), 0, manner))?.state === 'done'
  }

  /** The same as `read` for one register that must be there. Rejects with `TENDON_PCA9685_SILENT`. */
  async value(register: number, label: string): Promise<number> {
    const [value] = (await this.read(register, 1, { label })) ?? []
    if (value !== undefined) return value
    const facts = { port: this.line.address, address: this.#address, reason: `it did not answer "${label}"` }
    throw new TendonError(pca9685Problem('TENDON_PCA9685_SILENT', facts))
  }

  /** Lost answers and refused ones alike are asked for again. */
  async #ask(write: Uint8Array, read: number, manner: Manner): Promise<I2cAnswer | undefined> {
    const { label, droppedByStop = false, urgent = false } = manner
    let answer: I2cAnswer | undefined
    for (let tried = 0; tried < this.#tries && answer?.state !== 'done'; tried++) {
      const tag = (this.#tag % MOST_TAGS) + 1
      this.#tag = tag
      const [reply] = await this.line.perform({
        label,
        bytes: encodeI2cRequest({ tag, address: this.#address, read, write }),
        replies: [{ key: tag, asks: write[0] ?? 0 }],
        replyBytes: read + I2C_OVERHEAD,
        tries: 1,
        droppedByStop,
        changes: read === 0,
        urgent,
        isRetry: tried > 0,
      })
      answer = reply?.frame
    }
    return answer
  }
}
