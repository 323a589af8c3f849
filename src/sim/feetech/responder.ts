import type { Seconds } from '../../base/units.ts'
import type { Speaker } from '../wire/speaker.ts'
import { BROADCAST, encodeStatus, INSTRUCTION, type InstructionFrame, LARGEST_LENGTH } from './frame.ts'
import type { FeetechServo } from './servo.ts'

const NOTHING = new Uint8Array(0)
/** Header, id, length, status and checksum. */
const STATUS_OVERHEAD = 6

/**
 * What servos make of an instruction frame that was on the line at `at`, after the vendor's protocol manual. An
 * instruction that is unknown or malformed is ignored, because the status byte has no bit for it.
 */
export function execute(
  frame: InstructionFrame,
  at: Seconds,
  hearing: () => readonly FeetechServo[],
  speaker: Speaker<FeetechServo>,
): void {
  new Exchange(at, hearing, speaker).execute(frame)
}

/** One instruction and what comes of it. */
class Exchange {
  readonly #at: Seconds
  readonly #hearing: () => readonly FeetechServo[]
  readonly #speaker: Speaker<FeetechServo>

  constructor(at: Seconds, hearing: () => readonly FeetechServo[], speaker: Speaker<FeetechServo>) {
    this.#at = at
    this.#hearing = hearing
    this.#speaker = speaker
  }

  execute(frame: InstructionFrame): void {
    const { ping, read, write, regWrite, action, syncRead, syncWrite, recovery, reboot, reset, calibrate } = INSTRUCTION
    const { instruction } = frame
    const at = this.#at
    if (instruction === ping) this.#ping(frame)
    else if (instruction === read) this.#read(frame)
    else if (instruction === write || instruction === regWrite) this.#write(frame)
    else if (instruction === syncRead) this.#syncRead(frame)
    else if (instruction === syncWrite) this.#syncWrite(frame)
    else if (instruction === action) this.#order(frame, (servo) => servo.action(at))
    else if (instruction === recovery) this.#order(frame, (servo) => servo.recover(at))
    else if (instruction === reboot) this.#order(frame, (servo) => servo.powerCycle(at))
    else if (instruction === reset) this.#order(frame, (servo) => servo.forgetTurns(at))
    else if (instruction === calibrate) this.#order(frame, (servo) => servo.definePosition(at, wordIn(frame.params)))
  }

  #ping({ id, params }: InstructionFrame): void {
    if (params.length > 0) return
    const ids = new Set(this.#called(id).map((servo) => servo.id))
    let from = this.#at
    for (const one of [...ids].sort((a, b) => a - b)) from = this.#answer(this.#called(one), () => NOTHING, from)
  }

  /** A reading that does not fit into a status frame is no instruction; one beyond the table reads zeros there. */
  #read({ id, params }: InstructionFrame): void {
    const [address, count] = params
    if (id === BROADCAST || params.length !== 2 || address === undefined || !isReadable(count)) return
    this.#answer(this.#called(id), (servo) => servo.read(address, count, this.#at))
  }

  #write({ id, instruction, params }: InstructionFrame): void {
    const [address] = params
    if (address === undefined || params.length < 2) return
    const data = params.subarray(1)
    this.#order({ id }, (servo) => {
      if (instruction === INSTRUCTION.regWrite) servo.holdWrite(address, data)
      else servo.write(address, data, this.#at)
    })
  }

  /** Something that is done and then acknowledged, where one servo was called and it answers such things. */
  #order({ id }: Pick<InstructionFrame, 'id'>, act: (servo: FeetechServo) => void): void {
    const called = this.#called(id)
    const answering = id === BROADCAST ? [] : called.filter((servo) => servo.answersWrites)
    for (const servo of called) act(servo)
    // One that was just given another id still answers by the one it was called by.
    this.#answer(answering, () => NOTHING, this.#at, id)
  }

  /** Replies in the order of the list. The turn of one that is absent passes unused: how others wait is unchecked. */
  #syncRead({ id, params }: InstructionFrame): void {
    const [address, count] = params
    if (id !== BROADCAST || address === undefined || !isReadable(count)) return
    let from = this.#at
    for (const wanted of params.subarray(2)) {
      const called = this.#called(wanted)
      from =
        called.length > 0
          ? this.#answer(called, (servo) => servo.read(address, count, this.#at), from)
          : from + this.#speaker.duration(count + STATUS_OVERHEAD)
    }
  }

  #syncWrite({ id, params }: InstructionFrame): void {
    const [address, count] = params
    if (id !== BROADCAST || address === undefined || !count || (params.length - 2) % (count + 1) !== 0) return
    for (let i = 2; i < params.length; i += count + 1)
      for (const servo of this.#called(params[i] as number))
        servo.write(address, params.subarray(i + 1, i + 1 + count), this.#at)
  }

  #called(id: number): readonly FeetechServo[] {
    return this.#hearing().filter((servo) => id === BROADCAST || servo.id === id)
  }

  #answer(
    servos: readonly FeetechServo[],
    data: (servo: FeetechServo) => Uint8Array,
    from = this.#at,
    id?: number,
  ): Seconds {
    return this.#speaker.answer(
      servos,
      (servo) => encodeStatus(id ?? servo.id, servo.status(this.#at), data(servo)),
      from,
    )
  }
}

/** LEN of the status frame counts the data, the status byte and the checksum. */
const isReadable = (count: number | undefined): count is number => count !== undefined && count + 2 <= LARGEST_LENGTH

const wordIn = ([low, high]: Uint8Array): number | undefined =>
  low === undefined || high === undefined ? undefined : low | (high << 8)
