import { type Problem, TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { ByteConnection, ByteTransport, DeviceEnv, Unsubscribe } from '../device/transport.ts'
import { LinkListeners } from '../transports/link-listeners.ts'

/** What becomes of the bytes that come back after a write. */
type Fate = 'lost' | 'garbled'

/** A port between a driver and its simulated devices: it sees what is written, and disturbs what comes back. */
export class TappedPort implements ByteTransport {
  readonly kind = 'tapped'
  readonly address: string
  readonly baudRate: number | undefined
  /** What the driver handed to the port, one entry for each write. */
  readonly written: Uint8Array[] = []
  opens = 0
  readonly #inner: ByteTransport
  #connection: TappedConnection | undefined
  #plugged = true
  #swallow = 0
  #fates: Fate[] = []
  /** Of what comes back now. */
  #fate: Fate | undefined

  constructor(inner: ByteTransport) {
    this.#inner = inner
    this.address = inner.address
    this.baudRate = inner.baudRate
  }

  async open(env: DeviceEnv): Promise<ByteConnection> {
    const facts = { port: this.address, reason: 'nothing is plugged in', kind: 'missing' }
    if (!this.#plugged) throw new TendonError(problem('TENDON_PORT_OPEN_FAILED', facts))
    this.opens++
    const inner = await this.#inner.open(env)
    const filter = { out: (bytes: Uint8Array) => this.#out(bytes), back: (bytes: Uint8Array) => this.#back(bytes) }
    this.#connection = new TappedConnection(inner, filter, env, this.address)
    return this.#connection
  }

  /** The next `count` writes go into the void, as frames do that collide. */
  swallow(count: number): void {
    this.#swallow = count
  }

  /** What comes back after each of the next `count` writes is lost. */
  lose(count: number): void {
    this.#fates = new Array<Fate>(count).fill('lost')
  }

  /** What comes back after each of the next `count` writes has wrong bits, one in each chunk. */
  garble(count: number): void {
    this.#fates = new Array<Fate>(count).fill('garbled')
  }

  /** Pulls the cable. */
  async pull(): Promise<void> {
    this.#plugged = false
    await this.#connection?.lose()
  }

  plug(): void {
    this.#plugged = true
  }

  /** Whether the bytes go on to the devices. */
  #out(bytes: Uint8Array): boolean {
    this.written.push(bytes.slice())
    this.#fate = this.#fates.shift()
    if (this.#swallow === 0) return true
    this.#swallow--
    return false
  }

  #back(chunk: Uint8Array): Uint8Array | undefined {
    if (this.#fate === undefined) return chunk
    if (this.#fate === 'lost') return undefined
    const garbled = chunk.slice()
    const at = garbled.length >> 1
    garbled[at] = (garbled[at] ?? 0) ^ 0x10
    return garbled
  }
}

interface Filter {
  out(bytes: Uint8Array): boolean
  back(chunk: Uint8Array): Uint8Array | undefined
}

class TappedConnection implements ByteConnection {
  readonly #inner: ByteConnection
  readonly #filter: Filter
  readonly #env: DeviceEnv
  readonly #address: string
  readonly #listeners = new LinkListeners()
  #open = true

  constructor(inner: ByteConnection, filter: Filter, env: DeviceEnv, address: string) {
    this.#inner = inner
    this.#filter = filter
    this.#env = env
    this.#address = address
    inner.onBytes((chunk) => {
      const bytes = filter.back(chunk)
      if (bytes && this.#open) this.#listeners.bytes(bytes)
    })
    inner.onLost((lost) => this.#tell(lost))
  }

  get isOpen(): boolean {
    return this.#open && this.#inner.isOpen
  }

  write(bytes: Uint8Array): void {
    if (!this.isOpen) throw new TendonError(problem('TENDON_LINK_CLOSED', { port: this.#address }))
    if (this.#filter.out(bytes)) this.#inner.write(bytes)
  }

  onBytes(listener: (chunk: Uint8Array) => void): Unsubscribe {
    return this.#listeners.onBytes(listener)
  }

  onLost(listener: (problem: Problem) => void): Unsubscribe {
    return this.#listeners.onLost(listener)
  }

  close(): Promise<void> {
    this.#open = false
    this.#listeners.clear()
    return this.#inner.close()
  }

  /** Told in a later turn, as every loss is. */
  async lose(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    const lost = problem('TENDON_LINK_LOST', { port: this.#address, reason: 'the cable was pulled' })
    this.#env.clock.turn(() => this.#tell(lost))
    await this.#inner.close()
  }

  #tell(lost: Problem): void {
    this.#open = false
    this.#listeners.lost(lost)
  }
}
