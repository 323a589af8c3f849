import { TendonError } from '../../base/problem.ts'
import type { Seconds } from '../../base/units.ts'
import type { ByteConnection, DeviceEnv, Unsubscribe } from '../../device/transport.ts'
import type { HostEar, ServoUnit, SimulatedLine, WireFrame } from '../family.ts'
import { type LineFaults, NO_FAULTS } from '../line-faults.ts'
import type { Random } from '../random.ts'
import type { Timeline } from '../timeline.ts'
import { HostSide } from './host-side.ts'
import { Speaker } from './speaker.ts'
import { type FrameDecoder, Wire, type WireOptions } from './wire.ts'

/** A servo on a serial line. */
export interface LineServo extends ServoUnit {
  /** Index into the baud rates of its family. */
  readonly baudIndex: number
  /** How long it waits before it answers. */
  readonly returnDelay: Seconds
}

/** What makes a line that of one family. */
export interface LineProtocol<Servo extends LineServo, Frame> {
  /** Bits per second by the servos' index. */
  readonly baudRates: readonly number[]
  decoder(): FrameDecoder<Frame>
  /**
   * Does what a frame says that has been on the line at `at`. `hearing` are the servos that can hear it: supplied,
   * connected, and set to this line's baud rate. It is asked again each time, since a frame may change that.
   */
  execute(frame: Frame, at: Seconds, hearing: () => readonly Servo[], speaker: Speaker<Servo>): void
}

/** A line as it is made. */
export interface HalfDuplexOptions<Servo extends LineServo> extends WireOptions {
  readonly name: string
  readonly servos: readonly Servo[]
  /** Default: none. */
  readonly faults?: LineFaults
}

/** Servos of one family on one half-duplex serial line. */
export class HalfDuplexLine<Servo extends LineServo, Frame extends { readonly bytes: Uint8Array }>
  implements SimulatedLine
{
  readonly name: string
  readonly servos: readonly Servo[]
  readonly baudRate: number
  readonly #timeline: Timeline
  readonly #wire: Wire<Frame>
  readonly #faults: LineFaults
  readonly #baudIndex: number
  readonly #taps = new Set<(frame: WireFrame) => void>()
  readonly #host: HostSide
  #whole = true
  /** Behind a pty, which has no baud rate, a servo hears the host whatever its own register says. */
  #anyBaud = false

  constructor(
    protocol: LineProtocol<Servo, Frame>,
    options: HalfDuplexOptions<Servo>,
    timeline: Timeline,
    random: Random,
  ) {
    this.name = options.name
    this.servos = options.servos
    this.baudRate = options.baudRate
    this.#faults = options.faults ?? NO_FAULTS
    this.#timeline = timeline
    this.#baudIndex = protocol.baudRates.indexOf(options.baudRate)
    this.#host = new HostSide(timeline)
    const hearing = (): readonly Servo[] => this.servos.filter((servo) => this.#hears(servo))
    this.#wire = new Wire<Frame>(timeline, random, options, () => protocol.decoder(), {
      heard: (frame, at) => {
        protocol.execute(frame, at, hearing, speaker)
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
    const speaker = new Speaker<Servo>(this.#wire, this.#faults)
  }

  get collisions(): number {
    return this.#wire.collisions
  }

  get echo(): boolean {
    return this.#wire.echo
  }

  set echo(echo: boolean) {
    this.#wire.echo = echo
  }

  send(bytes: Uint8Array): void {
    if (this.#whole) this.#wire.send(bytes)
  }

  connect(ear: HostEar | undefined): void {
    if (ear === undefined) this.#wire.drain()
    this.#host.connect(ear)
  }

  cut(): void {
    this.#whole = false
    this.#host.connect(this.#host.ear)
    this.#wire.cut()
  }

  mend(): void {
    this.#whole = true
  }

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

  #hears(servo: Servo): boolean {
    const sameBaud = this.#baudIndex < 0 || this.#anyBaud || servo.baudIndex === this.#baudIndex
    return sameBaud && servo.supplied && !this.#faults.silent(servo)
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
