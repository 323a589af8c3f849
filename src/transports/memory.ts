import { type Clock, systemClock, type Timer } from '../base/clock.ts'
import { describe, type Problem, TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { ByteConnection, ByteTransport, DeviceEnv, Unsubscribe } from '../device/transport.ts'
import { LinkListeners } from './link-listeners.ts'

/** Two ends of one line in memory: what is written at one end arrives at the other. */
export interface MemoryPair {
  /** The end of the host: what a driver holds. */
  readonly host: ByteConnection
  /** The end of the device: what a simulator holds. */
  readonly device: ByteConnection
  /** Pulls the cable: bytes under way are gone, and both ends are told. Doing it twice does nothing. */
  lose(reason?: string): void
}

/**
 * Makes a connected pair. Bytes arrive in a later turn of `clock` (default: this machine's), never inside `write`, in
 * order, one chunk for each write. Closing one end delivers what it had written, and then the other end is lost.
 */
export function memoryPair(options: { clock?: Clock; address?: string } = {}): MemoryPair {
  const { clock = systemClock, address = 'memory' } = options
  const host = new MemoryEnd(clock, address)
  const device = new MemoryEnd(clock, address)
  host.join(device)
  device.join(host)
  const lose = (reason = 'the cable was pulled'): void => {
    const gone = problem('TENDON_LINK_LOST', { port: address, reason })
    host.drop(gone)
    device.drop(gone)
  }
  return { host, device, lose }
}

class MemoryEnd implements ByteConnection {
  readonly #clock: Clock
  readonly #address: string
  readonly #listeners = new LinkListeners()
  #peer: MemoryEnd | undefined
  #open = true
  /** What the peer has written and this end has not seen yet. */
  #arriving: Uint8Array[] = []
  #loss: Problem | undefined
  #turn: Timer | undefined
  #whenDelivered: (() => void)[] = []

  constructor(clock: Clock, address: string) {
    this.#clock = clock
    this.#address = address
  }

  join(peer: MemoryEnd): void {
    this.#peer = peer
  }

  get isOpen(): boolean {
    return this.#open
  }

  write(bytes: Uint8Array): void {
    if (!this.#open) throw new TendonError(problem('TENDON_LINK_CLOSED', { port: this.#address }))
    // A copy: the writer may use its buffer again at once, as it may after a real write.
    this.#peer?.arrive(bytes.slice())
  }

  onBytes(listener: (chunk: Uint8Array) => void): Unsubscribe {
    return this.#listeners.onBytes(listener)
  }

  onLost(listener: (problem: Problem) => void): Unsubscribe {
    return this.#listeners.onLost(listener)
  }

  async close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    this.#listeners.clear()
    this.#turn?.cancel()
    this.#turn = undefined
    this.#arriving = []
    this.#settleDelivered()
    await this.#peer?.endAfterDelivery(
      problem('TENDON_LINK_LOST', { port: this.#address, reason: 'the other end closed' }),
    )
  }

  arrive(chunk: Uint8Array): void {
    if (!this.#open || this.#loss) return
    this.#arriving.push(chunk)
    this.#schedule()
  }

  /** The line breaks: nothing that is under way arrives. Being told comes in a later turn, like everything else. */
  drop(loss: Problem): void {
    if (!this.#open) return
    this.#open = false
    this.#arriving = []
    this.#loss ??= loss
    this.#schedule()
  }

  /** The peer closed: what it had written arrives first. */
  endAfterDelivery(loss: Problem): Promise<void> {
    if (!this.#open) return Promise.resolve()
    this.#loss ??= loss
    return new Promise((resolve) => {
      this.#whenDelivered.push(resolve)
      this.#schedule()
    })
  }

  #schedule(): void {
    this.#turn ??= this.#clock.turn(() => this.#deliver())
  }

  #deliver(): void {
    this.#turn = undefined
    const chunks = this.#arriving
    this.#arriving = []
    for (const chunk of chunks) this.#listeners.bytes(chunk)
    if (this.#loss) {
      this.#open = false
      this.#listeners.lost(this.#loss)
    }
    this.#settleDelivered()
  }

  #settleDelivered(): void {
    const waiting = this.#whenDelivered
    this.#whenDelivered = []
    for (const resolve of waiting) resolve()
  }
}

/** What a `MemoryTransport` needs to know of the line that it plays. */
export interface MemoryTransportOptions {
  /** Default `memory`. */
  readonly address?: string | undefined
  /** The bits per second that drivers compute their deadlines from; nothing is slowed down. */
  readonly baudRate?: number | undefined
  /** Called at each open with the device's end, before the host gets its own. What it throws makes the open fail. */
  connect(device: ByteConnection, env: DeviceEnv): void
}

/** A transport whose other end is in this process: where simulators plug in. */
export class MemoryTransport implements ByteTransport {
  readonly kind = 'memory'
  readonly address: string
  readonly baudRate: number | undefined
  readonly #connect: MemoryTransportOptions['connect']
  #pair: MemoryPair | undefined
  #plugged = true

  constructor(options: MemoryTransportOptions) {
    this.address = options.address ?? 'memory'
    this.baudRate = options.baudRate
    this.#connect = (device, env) => options.connect(device, env)
  }

  async open(env: DeviceEnv): Promise<ByteConnection> {
    if (!this.#plugged) throw this.#failed('nothing is plugged in', 'missing')
    if (this.#pair?.host.isOpen) throw this.#failed('it is open already', 'busy')
    const pair = memoryPair({ clock: env.clock, address: this.address })
    try {
      this.#connect(pair.device, env)
    } catch (thrown) {
      throw this.#failed(describe(thrown), 'unknown', thrown)
    }
    this.#pair = pair
    return pair.host
  }

  /** Pulls the cable: the open link is lost, and opening fails until `plug`. */
  unplug(reason = 'the cable was pulled'): void {
    this.#plugged = false
    this.#pair?.lose(reason)
  }

  /** Puts the cable back: the next `open` makes a new link. */
  plug(): void {
    this.#plugged = true
  }

  #failed(reason: string, kind: string, cause?: unknown): TendonError {
    return new TendonError(problem('TENDON_PORT_OPEN_FAILED', { port: this.address, reason, kind }, cause))
  }
}
