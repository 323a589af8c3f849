import type { Clock, Timer } from '../base/clock.ts'
import { type Problem, TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { ByteConnection, DeviceEnv, Unsubscribe } from '../device/transport.ts'
import type { LinePort, SimulatedLine } from './family.ts'
import { Listeners } from './listeners.ts'
import type { Timeline } from './timeline.ts'

/**
 * The serial port of a simulated bus. Like a serial port it opens once at a time, and not while the cable is out; the servos
 * behind it keep their state over close and reopen.
 */
export class SimulatedPort implements LinePort {
  readonly kind = 'simulated'
  readonly address: string
  readonly baudRate: number
  readonly #bus: SimulatedLine
  readonly #timeline: Timeline
  #connection: LineConnection | undefined
  #plugged = true

  constructor(bus: SimulatedLine, timeline: Timeline, baudRate: number) {
    this.address = `simulated ${bus.name}`
    this.baudRate = baudRate
    this.#bus = bus
    this.#timeline = timeline
  }

  /** Binds the simulation to the clock of `env`. Rejects with `TENDON_PORT_OPEN_FAILED` when unplugged or open. */
  async open(env: DeviceEnv): Promise<ByteConnection> {
    if (!this.#plugged) throw this.#failed('nothing is plugged in')
    if (this.#connection?.isOpen) throw this.#failed('it is open already')
    this.#timeline.bind(env.clock)
    const connection = new LineConnection(this.address, this.#bus, env.clock)
    this.#connection = connection
    return connection
  }

  /** Pulls the cable. Twice does nothing more. */
  unplug(): void {
    if (!this.#plugged) return
    this.#plugged = false
    this.#bus.cut()
    this.#connection?.lose()
  }

  /** Puts it back: the port can be opened again. */
  plug(): void {
    this.#plugged = true
    this.#bus.mend()
  }

  #failed(reason: string): TendonError {
    return new TendonError(problem('TENDON_PORT_OPEN_FAILED', { port: this.address, reason }))
  }
}

/** The host's end of the line. Bytes come from timers of the clock only, never from within a call of the host. */
class LineConnection implements ByteConnection {
  readonly #address: string
  readonly #bus: SimulatedLine
  readonly #clock: Clock
  readonly #bytes = new Listeners<Uint8Array>()
  readonly #lost = new Listeners<Problem>()
  #telling: Timer | undefined
  #open = true

  constructor(address: string, bus: SimulatedLine, clock: Clock) {
    this.#address = address
    this.#bus = bus
    this.#clock = clock
    bus.connect((bytes) => this.#bytes.tell(bytes))
  }

  get isOpen(): boolean {
    return this.#open
  }

  write(bytes: Uint8Array): void {
    if (!this.#open) throw new TendonError(problem('TENDON_LINK_CLOSED', { port: this.#address }))
    this.#bus.send(bytes)
  }

  onBytes(listener: (chunk: Uint8Array) => void): Unsubscribe {
    return this.#bytes.add(listener)
  }

  onLost(listener: (problem: Problem) => void): Unsubscribe {
    return this.#lost.add(listener)
  }

  async close(): Promise<void> {
    this.#telling?.cancel()
    if (this.#open) this.#bus.connect(undefined)
    this.#end()
    this.#lost.clear()
  }

  /** The cable is out: told in a later turn, like everything that arrives. */
  lose(): void {
    if (!this.#open) return
    this.#bus.connect(undefined)
    this.#end()
    const gone = problem('TENDON_LINK_LOST', { port: this.#address, reason: 'the cable was pulled' })
    this.#telling = this.#clock.turn(() => {
      this.#lost.tell(gone)
      this.#lost.clear()
    })
  }

  #end(): void {
    this.#open = false
    this.#bytes.clear()
  }
}
