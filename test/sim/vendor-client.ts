import { SerialPort } from 'serialport'
import { frame } from './rig.ts'

/** What the vendor's SDK calls the end of an exchange. */
export type CommResult = 'success' | 'timeout' | 'corrupt'

export interface Answer {
  readonly result: CommResult
  /** The status byte: alarm bits. */
  readonly error: number
  readonly data: readonly number[]
}

const BROADCAST = 0xfe
const BITS_PER_BYTE = 10
const STATUS_BYTES = 6

const word = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff]

/**
 * A program that knows nothing of Tendon and talks as the vendor's SDK does: input flushed before each write, then
 * reading until a whole frame is there or the time has passed that its bytes take, plus three bytes and the latency.
 * Written after the SDK's behaviour, on the real `serialport`.
 */
export class VendorClient {
  readonly #port: SerialPort
  readonly #msPerByte: number
  /** Bytes that have come and were not read yet. */
  #input: number[] = []
  /** Everything that was sent and everything that came, for a tap on the host's side. */
  readonly sent: number[] = []
  readonly came: number[] = []
  /**
   * What is added to every wait for the latency of adapters. The SDK has 50; a test that wants an answer must not fail
   * because the machine is busy.
   */
  latencyMs = 5000

  private constructor(port: SerialPort, baudRate: number) {
    this.#port = port
    this.#msPerByte = (1000 * BITS_PER_BYTE) / baudRate
    port.on('data', (chunk: Buffer) => {
      this.#input.push(...chunk)
      this.came.push(...chunk)
    })
  }

  static async open(path: string, baudRate = 1_000_000): Promise<VendorClient> {
    const port = new SerialPort({ path, baudRate, autoOpen: false })
    await new Promise<void>((done, fail) => port.open((error) => (error ? fail(error) : done())))
    return new VendorClient(port, baudRate)
  }

  close(): Promise<void> {
    return new Promise((done, fail) => this.#port.close((error) => (error ? fail(error) : done())))
  }

  // Instructions

  ping(id: number): Promise<Answer> {
    return this.#ask(id, 0x01, [], STATUS_BYTES)
  }

  read(id: number, address: number, count: number): Promise<Answer> {
    return this.#ask(id, 0x02, [address, count], STATUS_BYTES + count)
  }

  async readWord(id: number, address: number): Promise<number | undefined> {
    const { result, data } = await this.read(id, address, 2)
    const [low = 0, high = 0] = data
    return result === 'success' ? low | (high << 8) : undefined
  }

  write(id: number, address: number, data: readonly number[]): Promise<Answer> {
    return this.#ask(id, 0x03, [address, ...data], STATUS_BYTES)
  }

  writeWord(id: number, address: number, value: number): Promise<Answer> {
    return this.write(id, address, word(value))
  }

  regWrite(id: number, address: number, data: readonly number[]): Promise<Answer> {
    return this.#ask(id, 0x04, [address, ...data], STATUS_BYTES)
  }

  async action(): Promise<void> {
    await this.#send(BROADCAST, 0x05, [])
  }

  instruct(id: number, instruction: number, params: readonly number[] = []): Promise<Answer> {
    return this.#ask(id, instruction, params, STATUS_BYTES)
  }

  async syncWrite(address: number, words: ReadonlyMap<number, number>): Promise<void> {
    await this.#send(BROADCAST, 0x83, [address, 2, ...[...words].flatMap(([id, value]) => [id, ...word(value)])])
  }

  /** Reads so many bytes of each; as in the SDK, nothing is looked at before all are there or the time is over. */
  async syncRead(
    address: number,
    count: number,
    ids: readonly number[],
  ): Promise<ReadonlyMap<number, readonly number[]>> {
    await this.#send(BROADCAST, 0x82, [address, count, ...ids])
    const wanted = (STATUS_BYTES + count) * ids.length
    await this.#wait(this.#limit(wanted), () => this.#input.length >= wanted)
    const found = new Map<number, readonly number[]>()
    for (let answer = this.#take(); answer; answer = this.#take())
      if (answer.length === STATUS_BYTES + count) found.set(answer[2] as number, answer.slice(5, -1))
    return found
  }

  /** Ids in the order in which they answer, until so many have. */
  async broadcastPing(count: number): Promise<number[]> {
    await this.#send(BROADCAST, 0x01, [])
    await this.#wait(this.#limit(STATUS_BYTES * count), () => this.#input.length >= STATUS_BYTES * count)
    const ids: number[] = []
    for (let answer = this.#take(); answer; answer = this.#take()) ids.push(answer[2] as number)
    return ids
  }

  /** The bytes as they are; gives what comes until it is so many. */
  async raw(bytes: Uint8Array, count: number): Promise<number[]> {
    this.#input = []
    await this.#write(bytes)
    await this.#wait(this.#limit(count), () => this.#input.length >= count)
    return this.#input
  }

  /** Stops listening: what comes piles up in the terminal. */
  pause(): void {
    this.#port.pause()
  }

  resume(): void {
    this.#port.resume()
  }

  async #ask(id: number, instruction: number, params: readonly number[], bytes: number): Promise<Answer> {
    await this.#send(id, instruction, params)
    let answer: number[] | undefined
    await this.#wait(this.#limit(bytes), () => {
      do answer = this.#take()
      while (answer && answer[2] !== id)
      return answer !== undefined
    })
    if (!answer) return { result: this.#input.length > 0 ? 'corrupt' : 'timeout', error: 0, data: [] }
    return { result: 'success', error: answer[4] as number, data: answer.slice(5, -1) }
  }

  async #send(id: number, instruction: number, params: readonly number[]): Promise<void> {
    // Not the library's flush: it discards what was written too.
    this.#input = []
    await this.#write(frame(id, instruction, ...params))
  }

  #write(bytes: Uint8Array): Promise<void> {
    this.sent.push(...bytes)
    return new Promise((done, fail) =>
      this.#port.write(Buffer.from(bytes), () => this.#port.drain((error) => (error ? fail(error) : done()))),
    )
  }

  #limit(bytes: number): number {
    return this.#msPerByte * (bytes + 3) + this.latencyMs
  }

  /** Until `ready`, or for so long. */
  async #wait(ms: number, ready: () => boolean): Promise<void> {
    const end = performance.now() + ms
    while (!ready() && performance.now() < end) await new Promise((turn) => setImmediate(turn))
  }

  /** The next whole status frame of the input, as the SDK looks for it: by header, id, length, error, checksum. */
  #take(): number[] | undefined {
    const input = this.#input
    while (input.length >= STATUS_BYTES) {
      const [first, second, id = 0, length = 0, error = 0] = input
      if (first !== 0xff || second !== 0xff || id > 0xfd || length > 250 || error > 0x7f) {
        input.shift()
        continue
      }
      if (input.length < length + 4) return undefined
      const candidate = input.splice(0, length + 4)
      const sum = candidate.slice(2, -1).reduce((total, byte) => total + byte, 0)
      if ((~sum & 0xff) === candidate.at(-1)) return candidate
    }
    return undefined
  }
}
