import { TendonError } from '../../base/problem.ts'
import type { Seconds } from '../../base/units.ts'
import type { ByteConnection, DeviceEnv, Unsubscribe } from '../../device/transport.ts'
import type { Random } from '../random.ts'
import type { Timeline } from '../timeline.ts'
import { BROADCAST } from './frame.ts'
import { type HostEar, HostSide } from './host-side.ts'
import type { LineFaults } from './line-faults.ts'
import { BAUD_RATES } from './registers.ts'
import { Responder } from './responder.ts'
import type { FeetechServo } from './servo.ts'
import { Wire, type WireOptions } from './wire.ts'

/** One frame on the wire, as it was there. */
export interface WireFrame {
  /** On the clock that the simulation was opened with: when its last byte was on the wire. */
  readonly at: Seconds
  /** The bus's name in the definition. */
  readonly bus: string
  readonly from: 'host' | 'servo'
  readonly bytes: Uint8Array
}

const NO_FAULTS: LineFaults = {
  silent: () => false,
  reply: (_servo, bytes) => [{ bytes }],
  noise: () => undefined,
}

/** The servos of one bus, the line that they share, and who listens to it. */
export class FeetechBus {
  readonly name: string
  readonly servos: readonly FeetechServo[]
  /** Bits per second on the line. */
  readonly baudRate: number
  readonly #timeline: Timeline
  readonly #wire: Wire
  readonly #faults: LineFaults
  readonly #baudIndex: number
  readonly #taps = new Set<(frame: WireFrame) => void>()
  readonly #host: HostSide
  #whole = true
  /** Behind a pty, which has no baud rate, a servo hears the host whatever its own register says. */
  #anyBaud = false

  constructor(
    options: WireOptions & { name: string; servos: readonly FeetechServo[]; faults?: LineFaults },
    timeline: Timeline,
    random: Random,
  ) {
    this.name = options.name
    this.servos = options.servos
    this.baudRate = options.baudRate
    this.#faults = options.faults ?? NO_FAULTS
    this.#timeline = timeline
    this.#baudIndex = (BAUD_RATES as readonly number[]).indexOf(options.baudRate)
    this.#host = new HostSide(timeline)
    this.#wire = new Wire(timeline, random, options, {
      heard: (frame, at) => {
        responder.execute(frame, at)
        this.#disturb(at)
        this.#tapped('host', frame.bytes, at)
      },
      arrived: (bytes, at, cuts) => {
        this.#tapped('servo', bytes, at)
        this.#host.hand(bytes, cuts)
      },
      disturbed: (bytes) => this.#host.hand(bytes),
      echoed: (bytes) => this.#host.hand(bytes),
    })
    const responder = new Responder(this.#wire, this.#faults, (id) => this.#addressed(id))
  }

  /** How many bytes were garbled because host and servo sent at once. */
  get collisions(): number {
    return this.#wire.collisions
  }

  /** Whether the host hears its own bytes, as on direct UART wirings. */
  get echo(): boolean {
    return this.#wire.echo
  }

  set echo(echo: boolean) {
    this.#wire.echo = echo
  }

  /** Bytes from the host. The clock must be bound. */
  send(bytes: Uint8Array): void {
    if (this.#whole) this.#wire.send(bytes)
  }

  /** Gives the line to this host; `undefined`: nobody listens any more, and what was written still goes out. */
  connect(ear: HostEar | undefined): void {
    if (ear === undefined) this.#wire.drain()
    this.#host.connect(ear)
  }

  /** Breaks the line: what is under way is lost, and so is everything until it is mended. Twice does nothing more. */
  cut(): void {
    this.#whole = false
    this.#host.connect(this.#host.ear)
    this.#wire.cut()
  }

  /** Makes a broken line whole again. */
  mend(): void {
    this.#whole = true
  }

  /**
   * Puts the bus behind any connection, such as the master of a pty: what arrives there is what the host sends. The
   * returned function takes it away again; the connection stays the caller's to close. `anyBaud`: servos hear it
   * whatever baud rate they are set to, because the connection has none; the pace stays that of the line.
   */
  attach(connection: ByteConnection, env: DeviceEnv, { anyBaud = false } = {}): Unsubscribe {
    this.#timeline.bind(env.clock)
    this.#anyBaud = anyBaud
    const ear: HostEar = (bytes) => deliver(connection, bytes)
    this.connect(ear)
    const ends = [connection.onBytes((chunk) => this.send(chunk)), connection.onLost(() => detach())]
    const detach = (): void => {
      for (const end of ends) end()
      if (this.#host.ear !== ear) return
      this.connect(undefined)
      this.#anyBaud = false
    }
    return detach
  }

  /** Tells `listener` every frame on the wire. It must not throw. */
  tap(listener: (frame: WireFrame) => void): Unsubscribe {
    this.#taps.add(listener)
    return () => this.#taps.delete(listener)
  }

  #tapped(from: 'host' | 'servo', bytes: Uint8Array, at: Seconds): void {
    for (const tap of this.#taps) tap({ at: this.#timeline.onClock(at), bus: this.name, from, bytes })
  }

  /** What nobody sent comes behind what the host sent: an idle line stays idle. */
  #disturb(at: Seconds): void {
    const noise = this.#faults.noise(this)
    if (noise) this.#wire.say(noise.bytes, at + noise.after, { noise: true })
  }

  /** Those that this id calls and that can hear: supplied, connected, and set to this line's baud rate. */
  #addressed(id: number): FeetechServo[] {
    return this.servos.filter(
      (servo) =>
        (id === BROADCAST || servo.id === id) &&
        (this.#baudIndex < 0 || this.#anyBaud || servo.baudIndex === this.#baudIndex) &&
        servo.supplied &&
        !this.#faults.silent(servo),
    )
  }
}

function deliver(connection: ByteConnection, bytes: Uint8Array): void {
  if (!connection.isOpen) return
  try {
    connection.write(bytes)
  } catch (thrown) {
    // The host went away between the two lines: its replies are lost, as on a real line.
    if (!(thrown instanceof TendonError)) throw thrown
  }
}
