import { TendonError } from '../../base/problem.ts'
import type { Seconds } from '../../base/units.ts'
import type { ByteConnection, DeviceEnv, Unsubscribe } from '../../device/transport.ts'
import type { Random } from '../random.ts'
import type { Timeline } from '../timeline.ts'
import { BROADCAST, encodeStatus, INSTRUCTION, type InstructionFrame } from './frame.ts'
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

/** What stands between a servo and the line, when something does. */
export interface LineFaults {
  /** Whether nothing reaches this servo and nothing comes from it. */
  silent(servo: FeetechServo): boolean
  /** What becomes of its reply: the same bytes, others, or nothing. */
  reply(servo: FeetechServo, bytes: Uint8Array): Uint8Array | undefined
}

/** The host's side: where replies go. */
export type HostEar = (bytes: Uint8Array) => void

const NOTHING = new Uint8Array(0)
const NO_FAULTS: LineFaults = { silent: () => false, reply: (_servo, bytes) => bytes }

/**
 * The servos of one bus, and what they make of instruction frames: facts 2.1. An instruction that is unknown or
 * malformed is ignored, because the status byte has no bit for it.
 */
export class FeetechBus {
  readonly name: string
  readonly servos: readonly FeetechServo[]
  readonly #timeline: Timeline
  readonly #wire: Wire
  readonly #faults: LineFaults
  readonly #baudIndex: number
  readonly #taps = new Set<(frame: WireFrame) => void>()
  #ear: HostEar | undefined

  constructor(
    options: WireOptions & { name: string; servos: readonly FeetechServo[]; faults?: LineFaults },
    timeline: Timeline,
    random: Random,
  ) {
    this.name = options.name
    this.servos = options.servos
    this.#faults = options.faults ?? NO_FAULTS
    this.#timeline = timeline
    this.#baudIndex = (BAUD_RATES as readonly number[]).indexOf(options.baudRate)
    this.#wire = new Wire(timeline, random, options, {
      heard: (frame, at) => {
        this.#execute(frame, at)
        this.#tapped('host', frame.bytes, at)
      },
      arrived: (bytes, at) => {
        this.#tapped('servo', bytes, at)
        this.#ear?.(bytes)
      },
      echoed: (bytes) => this.#ear?.(bytes),
    })
  }

  /** How many bytes were garbled because host and servo sent at once. */
  get collisions(): number {
    return this.#wire.collisions
  }

  /** Bytes from the host. The clock must be bound. */
  send(bytes: Uint8Array): void {
    this.#wire.send(bytes)
  }

  /** Gives the line to this host; `undefined`: nobody listens any more, and what was written still goes out. */
  connect(ear: HostEar | undefined): void {
    if (ear === undefined) this.#wire.drain()
    this.#ear = ear
  }

  /** Breaks the line: what is under way is lost. */
  cut(): void {
    this.#ear = undefined
    this.#wire.cut()
  }

  /**
   * Puts the bus behind any connection, such as the master of a pty: what arrives there is what the host sends. The
   * returned function takes it away again; the connection stays the caller's to close.
   */
  attach(connection: ByteConnection, env: DeviceEnv): Unsubscribe {
    this.#timeline.bind(env.clock)
    const ear: HostEar = (bytes) => deliver(connection, bytes)
    this.connect(ear)
    const ends = [connection.onBytes((chunk) => this.send(chunk)), connection.onLost(() => detach())]
    const detach = (): void => {
      for (const end of ends) end()
      if (this.#ear === ear) this.connect(undefined)
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

  #execute(frame: InstructionFrame, at: Seconds): void {
    const { ping, read, write, regWrite, action, syncRead, syncWrite } = INSTRUCTION
    const { instruction } = frame
    if (instruction === ping) this.#ping(frame, at)
    else if (instruction === read) this.#read(frame, at)
    else if (instruction === write || instruction === regWrite) this.#write(frame, at)
    else if (instruction === action) this.#action(frame, at)
    else if (instruction === syncRead) this.#syncRead(frame, at)
    else if (instruction === syncWrite) this.#syncWrite(frame, at)
  }

  #ping({ id, params }: InstructionFrame, at: Seconds): void {
    if (params.length > 0) return
    const answering = this.#addressed(id).sort((a, b) => a.id - b.id)
    let from = at
    for (const servo of answering) from = this.#reply(servo, NOTHING, at, from)
  }

  #read({ id, params }: InstructionFrame, at: Seconds): void {
    const [address, count] = params
    if (id === BROADCAST || params.length !== 2 || address === undefined || count === undefined) return
    for (const servo of this.#addressed(id)) this.#reply(servo, servo.read(address, count, at), at)
  }

  #write({ id, instruction, params }: InstructionFrame, at: Seconds): void {
    const [address] = params
    if (address === undefined || params.length < 2) return
    for (const servo of this.#addressed(id)) {
      // A servo that was just given another id still answers by the one it was called by.
      const answers = id !== BROADCAST && servo.answersWrites
      if (instruction === INSTRUCTION.regWrite) servo.holdWrite(address, params.subarray(1))
      else servo.write(address, params.subarray(1), at)
      if (answers) this.#reply(servo, NOTHING, at, at, id)
    }
  }

  #action({ id }: InstructionFrame, at: Seconds): void {
    for (const servo of this.#addressed(id)) {
      servo.action(at)
      if (id !== BROADCAST && servo.answersWrites) this.#reply(servo, NOTHING, at)
    }
  }

  /** Replies in the order of the list. The turn of one that is absent passes unused: how others wait is unchecked. */
  #syncRead({ id, params }: InstructionFrame, at: Seconds): void {
    const [address, count] = params
    if (id !== BROADCAST || address === undefined || count === undefined) return
    let from = at
    for (const wanted of params.subarray(2)) {
      const [servo] = this.#addressed(wanted)
      from = servo
        ? this.#reply(servo, servo.read(address, count, at), at, from)
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

  /** Those that this id calls and that can hear: connected, and set to this line's baud rate. */
  #addressed(id: number): FeetechServo[] {
    return this.servos.filter(
      (servo) =>
        (id === BROADCAST || servo.id === id) &&
        (this.#baudIndex < 0 || servo.baudIndex === this.#baudIndex) &&
        !this.#faults.silent(servo),
    )
  }

  /**
   * Sends the status frame of an instruction that came at `at`, when `from` and the servo's return delay have passed.
   * Returns when its turn on the line is over.
   */
  #reply(servo: FeetechServo, data: Uint8Array, at: Seconds, from = at, id = servo.id): Seconds {
    const frame = encodeStatus(id, servo.status(at), data)
    const bytes = this.#faults.reply(servo, frame)
    const earliest = from + servo.returnDelay
    return bytes ? this.#wire.reply(bytes, earliest) : earliest + this.#wire.duration(frame.length)
  }
}

/** Header, id, length, status and checksum. */
const STATUS_OVERHEAD = 6

function deliver(connection: ByteConnection, bytes: Uint8Array): void {
  if (!connection.isOpen) return
  try {
    connection.write(bytes)
  } catch (thrown) {
    // The host went away between the two lines: its replies are lost, as on a real line.
    if (!(thrown instanceof TendonError)) throw thrown
  }
}
