import { SerialPort } from 'serialport'
import { crcOf, le, rawFrame } from './dynamixel-rig.ts'

export interface Answer {
  readonly result: 'success' | 'timeout'
  /** Number of the error, without the alert. */
  readonly error: number
  /** Bit 7: register 70 has something to say. */
  readonly alert: boolean
  readonly data: readonly number[]
}

const STATUS = 0x55
const BROADCAST = 0xfe
const OVERHEAD = 10

/**
 * A program that knows nothing of Tendon and talks as the maker's Python SDK does: input flushed before each write, what
 * it sends is never stuffed, what it reads is. Written after the published protocol and that SDK's behaviour on the
 * wire, on the real `serialport`.
 */
export class SdkClient {
  readonly #port: SerialPort
  #input: number[] = []
  readonly sent: number[] = []
  readonly came: number[] = []
  /** What a wait may take beyond the bytes' own time; a busy machine must fail no test that wants an answer. */
  patienceMs = 5000

  private constructor(port: SerialPort) {
    this.#port = port
    port.on('data', (chunk: Buffer) => {
      this.#input.push(...chunk)
      this.came.push(...chunk)
    })
  }

  static async open(path: string, baudRate = 1_000_000): Promise<SdkClient> {
    const port = new SerialPort({ path, baudRate, autoOpen: false })
    await new Promise<void>((done, fail) => port.open((error) => (error ? fail(error) : done())))
    return new SdkClient(port)
  }

  close(): Promise<void> {
    return new Promise((done, fail) => this.#port.close((error) => (error ? fail(error) : done())))
  }

  ping(id: number): Promise<Answer> {
    return this.instruct(id, 0x01)
  }

  async read(id: number, address: number, size: number): Promise<number | undefined> {
    const { result, data } = await this.instruct(id, 0x02, [...le(address, 2), ...le(size, 2)])
    return result === 'success' ? data.reduceRight((sum, byte) => sum * 256 + byte, 0) : undefined
  }

  write(id: number, address: number, value: number, size: number): Promise<Answer> {
    return this.instruct(id, 0x03, [...le(address, 2), ...le(value, size)])
  }

  /** One frame to one servo, and its answer. */
  async instruct(id: number, instruction: number, params: readonly number[] = []): Promise<Answer> {
    await this.send(id, instruction, params)
    const status = await this.#next()
    if (!status) return { result: 'timeout', error: 0, alert: false, data: [] }
    return { result: 'success', error: status.error & 0x7f, alert: status.error > 0x7f, data: status.data }
  }

  /** Values by id, in the order in which they come. */
  async syncRead(address: number, size: number, ids: readonly number[]): Promise<Map<number, number>> {
    await this.send(BROADCAST, 0x82, [...le(address, 2), ...le(size, 2), ...ids])
    const found = new Map<number, number>()
    while (found.size < ids.length) {
      const status = await this.#next()
      if (!status) break
      found.set(
        status.id,
        status.data.reduceRight((sum, byte) => sum * 256 + byte, 0),
      )
    }
    return found
  }

  /** The same in one frame. As in the SDK, only the CRC of the whole is looked at, and nothing is unstuffed. */
  async fastSyncRead(address: number, size: number, ids: readonly number[]): Promise<Map<number, number>> {
    await this.send(BROADCAST, 0x8a, [...le(address, 2), ...le(size, 2), ...ids])
    const whole = 8 + ids.length * (size + 4)
    await this.#until(() => this.#input.length >= whole)
    const frame = this.#input.splice(0, whole)
    const found = new Map<number, number>()
    if (crcOf(frame.slice(0, -2)) !== (frame.at(-2) ?? 0) + 256 * (frame.at(-1) ?? 0)) return found
    for (let at = 8; at < whole; at += size + 4) {
      const [, id = 0, ...data] = frame.slice(at, at + 2 + size)
      found.set(
        id,
        data.reduceRight((sum, byte) => sum * 256 + byte, 0),
      )
    }
    return found
  }

  async broadcastPing(count: number): Promise<number[]> {
    await this.send(BROADCAST, 0x01)
    const ids: number[] = []
    for (let status = await this.#next(); status; status = ids.length < count ? await this.#next() : undefined)
      ids.push(status.id)
    return ids
  }

  async send(id: number, instruction: number, params: readonly number[] = []): Promise<void> {
    this.#input = []
    const bytes = rawFrame(id, instruction, ...params)
    this.sent.push(...bytes)
    await new Promise<void>((done, fail) =>
      this.#port.write(Buffer.from(bytes), () => this.#port.drain((error) => (error ? fail(error) : done()))),
    )
  }

  /** Raw bytes, and what has come when it is so many. */
  async raw(bytes: Uint8Array, count: number): Promise<number[]> {
    this.#input = []
    await new Promise<void>((done) => this.#port.write(Buffer.from(bytes), () => this.#port.drain(() => done())))
    await this.#until(() => this.#input.length >= count)
    return this.#input
  }

  /** The next whole status frame of the input. */
  async #next(): Promise<{ id: number; error: number; data: number[] } | undefined> {
    let found: { id: number; error: number; data: number[] } | undefined
    await this.#until(() => {
      found = this.#take()
      return found !== undefined
    })
    return found
  }

  #take(): { id: number; error: number; data: number[] } | undefined {
    const input = this.#input
    while (input.length >= OVERHEAD) {
      const [a, b, c, d, id = 0, low = 0, high = 0] = input
      if (a !== 0xff || b !== 0xff || c !== 0xfd || d !== 0) {
        input.shift()
        continue
      }
      const whole = 7 + low + 256 * high
      if (input.length < whole) return undefined
      const frame = input.splice(0, whole)
      if (crcOf(frame.slice(0, -2)) !== (frame.at(-2) ?? 0) + 256 * (frame.at(-1) ?? 0)) continue
      const [kind, error = 0, ...data] = unstuffed(frame.slice(7, -2))
      if (kind === STATUS) return { id, error, data }
    }
    return undefined
  }

  async #until(ready: () => boolean): Promise<void> {
    const end = performance.now() + this.patienceMs
    while (!ready() && performance.now() < end) await new Promise((turn) => setImmediate(turn))
  }
}

function unstuffed(body: readonly number[]): number[] {
  const out: number[] = []
  for (let i = 0; i < body.length; i++) {
    out.push(body[i] as number)
    if (out.slice(-3).join() === '255,255,253' && body[i + 1] === 0xfd) i++
  }
  return out
}
