import type { Seconds } from '../../base/units.ts'
import { BROADCAST, encodeStatus, INSTRUCTION, type InstructionFrame, LARGEST_LENGTH } from './frame.ts'
import type { LineFaults, Utterance } from './line-faults.ts'
import type { FeetechServo } from './servo.ts'
import type { Wire } from './wire.ts'

const NOTHING = new Uint8Array(0)
/** Header, id, length, status and checksum. */
const STATUS_OVERHEAD = 6

/**
 * What servos make of instruction frames: facts 2.1. An instruction that is unknown or malformed is ignored, because the
 * status byte has no bit for it.
 */
export class Responder {
  readonly #wire: Wire
  readonly #faults: LineFaults
  /** Those that an id calls and that can hear. */
  readonly #called: (id: number) => readonly FeetechServo[]

  constructor(wire: Wire, faults: LineFaults, called: (id: number) => readonly FeetechServo[]) {
    this.#wire = wire
    this.#faults = faults
    this.#called = called
  }

  /** Does what a frame says that was on the line at `at`. */
  execute(frame: InstructionFrame, at: Seconds): void {
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
    const ids = new Set(this.#called(id).map((servo) => servo.id))
    let from = at
    for (const one of [...ids].sort((a, b) => a - b)) from = this.#answer(this.#called(one), () => NOTHING, at, from)
  }

  /** A reading that does not fit into a status frame is no instruction; one beyond the table reads zeros there. */
  #read({ id, params }: InstructionFrame, at: Seconds): void {
    const [address, count] = params
    if (id === BROADCAST || params.length !== 2 || address === undefined || !isReadable(count)) return
    this.#answer(this.#called(id), (servo) => servo.read(address, count, at), at)
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
    const called = this.#called(id)
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
      const called = this.#called(wanted)
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
      for (const servo of this.#called(params[i] as number))
        servo.write(address, params.subarray(i + 1, i + 1 + count), at)
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

/** LEN of the status frame counts the data, the status byte and the checksum. */
const isReadable = (count: number | undefined): count is number => count !== undefined && count + 2 <= LARGEST_LENGTH

const wordIn = ([low, high]: Uint8Array): number | undefined =>
  low === undefined || high === undefined ? undefined : low | (high << 8)

function overlaid(said: readonly Utterance[]): Uint8Array {
  const bytes = new Uint8Array(Math.max(...said.map((one) => one.bytes.length))).fill(0xff)
  for (const one of said) for (const [at, byte] of one.bytes.entries()) bytes[at] = (bytes[at] as number) & byte
  return bytes
}
