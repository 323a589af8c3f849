import { TendonError } from '../../base/problem.ts'
import type { Seconds } from '../../base/units.ts'
import type { ByteConnection, DeviceEnv, Unsubscribe } from '../../device/transport.ts'
import type { Random } from '../random.ts'
import type { Timeline } from '../timeline.ts'
import { BROADCAST, encodeStatus, INSTRUCTION, type InstructionFrame, LARGEST_LENGTH } from './frame.ts'
import { type HostEar, HostSide } from './host-side.ts'
import { BAUD_RATES } from './registers.ts'
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

/** A reply as it gets to the line. */
export interface Utterance {
  readonly bytes: Uint8Array
  /** Seconds later than the servo meant to. Its turn passes all the same. */
  readonly late?: Seconds
  /** Where the host's adapter breaks it in pieces: indices of first bytes, rising. */
  readonly cuts?: readonly number[]
}

/** What stands between a servo and the line, when something does. */
export interface LineFaults {
  /** Whether nothing reaches this servo and nothing comes from it. */
  silent(servo: FeetechServo): boolean
  /** What becomes of its reply: the same bytes, others, several frames, or nothing. */
  reply(servo: FeetechServo, bytes: Uint8Array): readonly Utterance[]
  /** Bytes that nobody sent, and how long after the host's frame they come; `undefined`: the line is clean. */
  noise(bus: FeetechBus): { readonly bytes: Uint8Array; readonly after: Seconds } | undefined
}

const NOTHING = new Uint8Array(0)
const NO_FAULTS: LineFaults = {
  silent: () => false,
  reply: (_servo, bytes) => [{ bytes }],
  noise: () => undefined,
}

/**
 * The servos of one bus, and what they make of instruction frames: facts 2.1. An instruction that is unknown or
 * malformed is ignored, because the status byte has no bit for it.
 */
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
        this.#execute(frame, at)
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

  #execute(frame: InstructionFrame, at: Seconds): void {
    const { ping, read, write, regWrite, action, syncRead, syncWrite, recovery, reboot, reset, calibrate } = INSTRUCTION
    const { instruction } = frame
    if (instruction === ping) this.#ping(frame, at)
    else if (instruction === read) this.#read(frame, at)
    else if (instruction === write || instruction === regWrite) this.#write(frame, at)
    else if (instruction === syncRead) this.#syncRead(frame, at)
    else if (instruction === syncWrite) this.#syncWrite(frame, at)
    else if (instruction === action) this.#order(frame, at, (servo) => servo.action(at))
    else if (instruction === recovery) this.#order(frame, at, (servo) => servo.recover(at))
    else if (instruction === reboot) this.#order(frame, at, (servo) => servo.powerCycle(at))
    else if (instruction === reset) this.#order(frame, at, (servo) => servo.forgetTurns(at))
    else if (instruction === calibrate)
      this.#order(frame, at, (servo) => servo.definePosition(at, wordIn(frame.params)))
  }

  #ping({ id, params }: InstructionFrame, at: Seconds): void {
    if (params.length > 0) return
    const ids = new Set(this.#addressed(id).map((servo) => servo.id))
    let from = at
    for (const one of [...ids].sort((a, b) => a - b)) from = this.#answer(this.#addressed(one), () => NOTHING, at, from)
  }

  /** A reading that does not fit into a status frame is no instruction; one beyond the table reads zeros there. */
  #read({ id, params }: InstructionFrame, at: Seconds): void {
    const [address, count] = params
    if (id === BROADCAST || params.length !== 2 || address === undefined || !isReadable(count)) return
    this.#answer(this.#addressed(id), (servo) => servo.read(address, count, at), at)
  }

  #write({ id, instruction, params }: InstructionFrame, at: Seconds): void {
    const [address] = params
    if (address === undefined || params.length < 2) return
    const data = params.subarray(1)
    this.#order({ id }, at, (servo) => {
      if (instruction === INSTRUCTION.regWrite) servo.holdWrite(address, data)
      else servo.write(address, data, at)
    })
  }

  /** Something that is done and then acknowledged, where one servo was called and it answers such things. */
  #order({ id }: Pick<InstructionFrame, 'id'>, at: Seconds, act: (servo: FeetechServo) => void): void {
    const called = this.#addressed(id)
    const answering = id === BROADCAST ? [] : called.filter((servo) => servo.answersWrites)
    for (const servo of called) act(servo)
    // One that was just given another id still answers by the one it was called by.
    this.#answer(answering, () => NOTHING, at, at, id)
  }

  /** Replies in the order of the list. The turn of one that is absent passes unused: how others wait is unchecked. */
  #syncRead({ id, params }: InstructionFrame, at: Seconds): void {
    const [address, count] = params
    if (id !== BROADCAST || address === undefined || !isReadable(count)) return
    let from = at
    for (const wanted of params.subarray(2)) {
      const called = this.#addressed(wanted)
      from =
        called.length > 0
          ? this.#answer(called, (servo) => servo.read(address, count, at), at, from)
          : from + this.#wire.duration(count + STATUS_OVERHEAD)
    }
  }

  #syncWrite({ id, params }: InstructionFrame, at: Seconds): void {
    const [address, count] = params
    if (id !== BROADCAST || address === undefined || !count || (params.length - 2) % (count + 1) !== 0) return
    for (let i = 2; i < params.length; i += count + 1)
      for (const servo of this.#addressed(params[i] as number))
        servo.write(address, params.subarray(i + 1, i + 1 + count), at)
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

  /**
   * Sends the status frame of an instruction that came at `at`, when `from` and the servo's return delay have passed.
   * Returns when its turn on the line is over. Servos that share an id talk at once, and the line is low wherever one
   * of them pulls it low: what they say alike arrives, the rest does not add up.
   */
  #answer(
    servos: readonly FeetechServo[],
    data: (servo: FeetechServo) => Uint8Array,
    at: Seconds,
    from = at,
    id?: number,
  ): Seconds {
    const [first] = servos
    if (!first) return from
    const frames = servos.map((servo) => encodeStatus(id ?? servo.id, servo.status(at), data(servo)))
    const earliest = from + Math.max(...servos.map((servo) => servo.returnDelay))
    const turn = earliest + this.#wire.duration(Math.max(...frames.map(({ length }) => length)))
    const said = frames.flatMap((frame, index) => this.#faults.reply(servos[index] as FeetechServo, frame))
    if (servos.length > 1 && said.length > 1) return Math.max(turn, this.#wire.say(overlaid(said), earliest))
    let end = earliest
    for (const { bytes, late = 0, cuts } of said)
      if (late > 0) this.#wire.say(bytes, end + late, { cuts })
      else end = this.#wire.say(bytes, end, { cuts })
    return Math.max(turn, end)
  }
}

/** Header, id, length, status and checksum. */
const STATUS_OVERHEAD = 6

/** LEN of the status frame counts the data, the status byte and the checksum. */
const isReadable = (count: number | undefined): count is number => count !== undefined && count + 2 <= LARGEST_LENGTH

const wordIn = ([low, high]: Uint8Array): number | undefined =>
  low === undefined || high === undefined ? undefined : low | (high << 8)

function overlaid(said: readonly Utterance[]): Uint8Array {
  const bytes = new Uint8Array(Math.max(...said.map((one) => one.bytes.length))).fill(0xff)
  for (const one of said) for (const [at, byte] of one.bytes.entries()) bytes[at] = (bytes[at] as number) & byte
  return bytes
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
