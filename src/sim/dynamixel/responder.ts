import type { Seconds } from '../../base/units.ts'
import type { Utterance } from '../line-faults.ts'
import type { Speaker } from '../wire/speaker.ts'
import {
  BROADCAST,
  encodeFastStatus,
  encodeStatus,
  type FastPart,
  INSTRUCTION,
  type InstructionFrame,
  LARGEST_FRAME,
  wordAt,
} from './frame.ts'
import { isReadable } from './memory.ts'
import { ERROR, type ErrorNumber } from './registers.ts'
import type { DynamixelServo } from './servo.ts'

/** Header, id, length, instruction, error and CRC of a status frame. */
const STATUS_OVERHEAD = 11
/** Error, id and CRC of each in a fast one. */
const FAST_OVERHEAD = 4
const NOTHING = new Uint8Array(0)
/** Status return levels. */
const PINGS_ONLY = 0
const EVERYTHING = 2
const RESET_ALL = 0xff

/** What a joined reading asks of one servo. */
interface Asked {
  readonly id: number
  readonly address: number
  readonly count: number
}

/**
 * What servos make of an instruction frame that was on the line at `at`. A frame whose parameters cannot be parsed for
 * all is ignored; one that is for a single servo gets an error from it.
 */
export function execute(
  frame: InstructionFrame,
  at: Seconds,
  hearing: () => readonly DynamixelServo[],
  speaker: Speaker<DynamixelServo>,
): void {
  // What servos say is no instruction, and feeds nobody's watchdog.
  if (frame.instruction === INSTRUCTION.status) return
  for (const servo of hearing()) servo.hear(at)
  new Exchange(at, hearing, speaker).execute(frame)
}

/** One instruction and what comes of it. */
class Exchange {
  readonly #at: Seconds
  readonly #hearing: () => readonly DynamixelServo[]
  readonly #speaker: Speaker<DynamixelServo>

  constructor(at: Seconds, hearing: () => readonly DynamixelServo[], speaker: Speaker<DynamixelServo>) {
    this.#at = at
    this.#hearing = hearing
    this.#speaker = speaker
  }

  execute(frame: InstructionFrame): void {
    const { params } = frame
    const at = this.#at
    switch (frame.instruction) {
      case INSTRUCTION.ping:
        return this.#ping(frame)
      case INSTRUCTION.read:
        return this.#read(frame)
      case INSTRUCTION.write:
      case INSTRUCTION.regWrite:
        return this.#write(frame)
      case INSTRUCTION.action:
        return this.#order(frame, (servo) => servo.action(at))
      case INSTRUCTION.clear:
        return this.#order(frame, (servo) => servo.clear(params, at))
      case INSTRUCTION.reboot:
        return this.#reboot(frame)
      case INSTRUCTION.factoryReset:
        return this.#factoryReset(frame)
      case INSTRUCTION.syncRead:
        return this.#readInTurn(frame, askedBySync(params))
      case INSTRUCTION.bulkRead:
        return this.#readInTurn(frame, askedByBulk(params))
      case INSTRUCTION.fastSyncRead:
        return this.#readTogether(frame, askedBySync(params))
      case INSTRUCTION.fastBulkRead:
        return this.#readTogether(frame, askedByBulk(params))
      case INSTRUCTION.syncWrite:
        return this.#syncWrite(frame)
      case INSTRUCTION.bulkWrite:
        return this.#bulkWrite(frame)
      default:
        return this.#order(frame, () => ERROR.instruction)
    }
  }

  /** Answers with model number and firmware; to all, in the order of their ids. */
  #ping({ id }: InstructionFrame): void {
    const ids = new Set((id === BROADCAST ? this.#hearing() : this.#named(id)).map((servo) => servo.id))
    let from = this.#at
    for (const one of [...ids].sort((a, b) => a - b))
      from = this.#answer(
        this.#named(one),
        (servo) => [...servo.read(0, 2, this.#at), servo.register('firmwareVersion', this.#at)],
        from,
      )
  }

  #read({ id, params }: InstructionFrame): void {
    if (id === BROADCAST) return
    const [asked] = params.length === 4 ? [{ id, address: wordAt(params, 0), count: wordAt(params, 2) }] : []
    const readers = this.#named(id).filter(({ returnLevel }) => returnLevel > PINGS_ONLY)
    if (asked) this.#answerReading(readers, asked, this.#at)
    else this.#refuse(readers, ERROR.length)
  }

  #write(frame: InstructionFrame): void {
    const { params, instruction } = frame
    if (params.length < 2) return this.#order(frame, () => ERROR.length)
    const address = wordAt(params, 0)
    const data = params.subarray(2)
    this.#order(frame, (servo, secondary) =>
      instruction === INSTRUCTION.regWrite
        ? servo.holdWrite(address, data, this.#at, secondary)
        : servo.write(address, data, this.#at, secondary),
    )
  }

  /** It answers before it goes. */
  #reboot(frame: InstructionFrame): void {
    this.#order(frame, () => ERROR.none)
    for (const servo of this.#called(frame.id)) servo.powerCycle(this.#at)
  }

  /** Not of everything for all: every servo would have the same id. */
  #factoryReset(frame: InstructionFrame): void {
    const [what] = frame.params
    if (frame.id === BROADCAST && what === RESET_ALL) return
    this.#order(frame, (servo, secondary) => (secondary ? ERROR.access : servo.factoryReset(what, this.#at)))
  }

  /**
   * Something that is done and then acknowledged, where one servo was called by its own id and it answers such things.
   * One that was just given another id still answers by the one it was called by.
   */
  #order({ id }: InstructionFrame, act: (servo: DynamixelServo, secondary: boolean) => ErrorNumber): void {
    const named = new Set(id === BROADCAST ? [] : this.#named(id))
    const answering = [...named].filter(({ returnLevel }) => returnLevel >= EVERYTHING)
    const errors = new Map(
      this.#called(id).map((servo) => [servo, act(servo, id !== BROADCAST && !named.has(servo))] as const),
    )
    this.#answer(
      answering,
      () => NOTHING,
      this.#at,
      (servo) => errors.get(servo) ?? ERROR.none,
      id,
    )
  }

  /** Replies in the order of the list. The turn of one that is absent passes unused: how others wait is unchecked. */
  #readInTurn({ id }: InstructionFrame, asked: readonly Asked[] | undefined): void {
    if (id !== BROADCAST || !asked) return
    let from = this.#at
    for (const one of asked) {
      const readers = this.#readers(one.id)
      from =
        readers.length > 0
          ? this.#answerReading(readers, one, from)
          : from + this.#speaker.duration(STATUS_OVERHEAD + (isReadable(one.address, one.count) ? one.count : 0))
    }
  }

  /**
   * One frame that each servo of the list adds its part to, as soon as the one before has ended: one that is absent
   * leaves it unfinished. That they do not wait for each other's return delay is our reading, and so is that nobody
   * begins a frame that would be too large, or that asks somebody for what is beyond the table.
   */
  #readTogether({ id }: InstructionFrame, asked: readonly Asked[] | undefined): void {
    if (id !== BROADCAST || !asked || !asked.every(({ address, count }) => isReadable(address, count))) return
    if (asked.reduce((sum, { count }) => sum + FAST_OVERHEAD + count, 0) > LARGEST_FRAME) return
    const parts = asked.map((one) => this.#part(one))
    const missing = parts.indexOf(undefined)
    // All lengths are known to all, so that the header is right even when the rest never comes.
    const planned = parts.map(
      (part, i) => part?.said ?? { id: 0, error: 0, data: new Uint8Array(asked[i]?.count ?? 0) },
    )
    const pieces = encodeFastStatus(planned).slice(0, missing < 0 ? undefined : missing)
    const [first] = parts
    if (!first || pieces.length === 0) return
    const said = pieces.flatMap((piece, i) => {
      const servo = parts[i]?.servo
      return servo ? this.#speaker.reply(servo, piece) : []
    })
    this.#speaker.say(joined(said), this.#at + first.servo.returnDelay)
  }

  #part({ id, address, count }: Asked): { servo: DynamixelServo; said: FastPart } | undefined {
    const [servo] = this.#readers(id)
    if (!servo) return undefined
    return {
      servo,
      said: { id, error: servo.errorByte(ERROR.none, this.#at), data: servo.read(address, count, this.#at) },
    }
  }

  #syncWrite({ id, params }: InstructionFrame): void {
    if (id !== BROADCAST || params.length < 5) return
    const [address, count] = [wordAt(params, 0), wordAt(params, 2)]
    if (count === 0 || (params.length - 4) % (count + 1) !== 0) return
    for (let i = 4; i < params.length; i += count + 1)
      this.#quietly(params[i] as number, address, params.subarray(i + 1, i + 1 + count))
  }

  #bulkWrite({ id, params }: InstructionFrame): void {
    if (id !== BROADCAST) return
    const writes: [number, number, Uint8Array][] = []
    for (let i = 0; i < params.length; ) {
      const end = i + 5 + (i + 5 <= params.length ? wordAt(params, i + 3) : 0)
      if (end > params.length) return
      writes.push([params[i] as number, wordAt(params, i + 1), params.subarray(i + 5, end)])
      i = end
    }
    for (const write of writes) this.#quietly(...write)
  }

  /** Writes, and what is refused nobody hears. */
  #quietly(id: number, address: number, data: Uint8Array): void {
    const named = new Set(this.#named(id))
    for (const servo of this.#called(id)) servo.write(address, data, this.#at, !named.has(servo))
  }

  /** Those with this id as their own. */
  #named(id: number): readonly DynamixelServo[] {
    return this.#hearing().filter((servo) => servo.id === id)
  }

  /** Those that obey this id, their own or their second one. */
  #called(id: number): readonly DynamixelServo[] {
    return this.#hearing().filter((servo) => id === BROADCAST || servo.id === id || servo.secondaryId === id)
  }

  #readers(id: number): readonly DynamixelServo[] {
    return this.#named(id).filter(({ returnLevel }) => returnLevel > PINGS_ONLY)
  }

  #answerReading(servos: readonly DynamixelServo[], { address, count }: Asked, from: Seconds): Seconds {
    const found = new Map(servos.map((servo) => [servo, servo.readTable(address, count, this.#at)]))
    return this.#answer(
      servos,
      (servo) => found.get(servo) ?? NOTHING,
      from,
      (servo) => (found.get(servo) ? ERROR.none : ERROR.access),
    )
  }

  #refuse(servos: readonly DynamixelServo[], error: ErrorNumber): void {
    this.#answer(
      servos,
      () => NOTHING,
      this.#at,
      () => error,
    )
  }

  #answer(
    servos: readonly DynamixelServo[],
    data: (servo: DynamixelServo) => ArrayLike<number>,
    from: Seconds,
    error: (servo: DynamixelServo) => ErrorNumber = () => ERROR.none,
    id?: number,
  ): Seconds {
    return this.#speaker.answer(
      servos,
      (servo) => encodeStatus(id ?? servo.id, servo.errorByte(error(servo), this.#at), data(servo)),
      from,
    )
  }
}

/** Address, count, and then ids. */
function askedBySync(params: Uint8Array): readonly Asked[] | undefined {
  if (params.length < 5) return undefined
  const [address, count] = [wordAt(params, 0), wordAt(params, 2)]
  return [...params.subarray(4)].map((id) => ({ id, address, count }))
}

/** Id, address and count of each. */
function askedByBulk(params: Uint8Array): readonly Asked[] | undefined {
  if (params.length === 0 || params.length % 5 !== 0) return undefined
  return Array.from({ length: params.length / 5 }, (_, index) => {
    const at = index * 5
    return { id: params[at] as number, address: wordAt(params, at + 1), count: wordAt(params, at + 3) }
  })
}

/** Parts of one frame as one utterance: what is late holds up all that comes behind it. */
function joined(said: readonly Utterance[]): readonly Utterance[] {
  if (said.length === 0) return []
  const bytes = said.flatMap((one) => [...one.bytes])
  let before = 0
  const cuts = said.flatMap((one) => {
    const shifted = (one.cuts ?? []).map((cut) => cut + before)
    before += one.bytes.length
    return shifted
  })
  return [{ bytes: Uint8Array.from(bytes), late: Math.max(...said.map(({ late = 0 }) => late)), cuts }]
}
