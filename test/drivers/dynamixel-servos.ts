import type { ByteConnection } from '../../src/device/transport.ts'
import { crc16 } from '../../src/drivers/dynamixel/crc16.ts'
import { decodeFrame, encodeFrame, type Frame, INSTRUCTION } from '../../src/drivers/dynamixel/frame.ts'
import { putValue, type Register, valueIn, X_SERIES } from '../../src/drivers/dynamixel/registers.ts'

const MEMORY = 147
const EEPROM_END = 64

/** What a host sent, cut into packets by their lengths alone; a peer in a test may trust its host. */
class Instructions {
  #rest: number[] = []

  push(chunk: Uint8Array): Frame[] {
    this.#rest.push(...chunk)
    const frames: Frame[] = []
    for (;;) {
      const [low, high] = this.#rest.slice(5, 7)
      if (low === undefined || high === undefined || this.#rest.length < 7 + low + 256 * high) return frames
      const frame = decodeFrame(Uint8Array.from(this.#rest.splice(0, 7 + low + 256 * high)))
      if (!frame) throw new Error('the host sent a packet with a wrong CRC')
      frames.push(frame)
    }
  }
}

const word = (params: Uint8Array, at: number): number => (params[at] ?? 0) | ((params[at + 1] ?? 0) << 8)

/**
 * Servos that do what their registers are told and nothing else: no motion, no time. They write down every packet that
 * they get; a secondary id makes one follow another in its RAM, torque locks EEPROM, and a test can make single ones
 * silent, deaf or odd.
 */
export class DynamixelServos {
  readonly memories = new Map<number, Uint8Array>()
  /** All that the host sent, one string of hex digits for each write. */
  readonly heard: string[] = []
  /** Packets as they were understood. */
  readonly frames: Frame[] = []
  /** Servos that get packets but answer nothing. */
  readonly silent = new Set<number>()
  /** Servos that ignore everything. */
  readonly dead = new Set<number>()
  /** How many of the next replies of a servo are lost. */
  readonly lose = new Map<number, number>()
  /** How many of the next writes to a servo come to it garbled: it answers with a CRC error. */
  readonly garble = new Map<number, number>()
  /** Hardware errors that are there again after a reboot. */
  readonly stuck = new Map<number, number>()
  /** Whether they know the fast sync read. */
  fast = true
  /** Whether they stuff what they send. */
  stuffs = true
  /** Called for each packet before it is obeyed. */
  onFrame: (frame: Frame) => void = () => {}
  #connection: ByteConnection | undefined

  constructor(ids: readonly number[], model = 1020) {
    for (const id of ids) this.memories.set(id, freshMemory(id, model))
  }

  /** To be given to a transport; replaces the connection before. */
  readonly connect = (connection: ByteConnection): void => {
    this.#connection = connection
    const instructions = new Instructions()
    connection.onBytes((chunk) => {
      this.heard.push(Buffer.from(chunk).toString('hex'))
      for (const frame of instructions.push(chunk)) this.#obey(frame)
    })
  }

  get(id: number, register: Register): number {
    return valueIn(this.#memory(id), 0, register)
  }

  set(id: number, register: Register, value: number): void {
    putValue(this.#memory(id), 0, register, value)
  }

  #memory(id: number): Uint8Array {
    const memory = this.memories.get(id)
    if (!memory) throw new Error(`no servo ${id}`)
    return memory
  }

  #obey(frame: Frame): void {
    this.frames.push(frame)
    this.onFrame(frame)
    const { id, instruction, params } = frame
    if (instruction === INSTRUCTION.syncWrite) this.#syncWrite(params)
    else if (instruction === INSTRUCTION.bulkWrite) this.#bulkWrite(params)
    else if (instruction === INSTRUCTION.syncRead)
      for (const one of params.subarray(4)) this.#answer(one, this.#read(one, word(params, 0), word(params, 2)))
    else if (instruction === INSTRUCTION.bulkRead)
      for (let at = 0; at < params.length; at += 5) {
        const one = params[at] as number
        this.#answer(one, this.#read(one, word(params, at + 1), word(params, at + 3)))
      }
    else if (instruction === INSTRUCTION.fastSyncRead) this.#fastSyncRead(params)
    else if (id === 0xfe) for (const one of this.memories.keys()) this.#one(one, frame)
    else this.#one(id, frame)
  }

  #one(id: number, { id: to, instruction, params }: Frame): void {
    if (!this.memories.has(id) || this.dead.has(id)) return
    const answers = to !== 0xfe
    if (instruction === INSTRUCTION.ping) this.#answer(id, this.#read(id, 0, 2), 0, this.#memory(id).subarray(6, 7))
    else if (instruction === INSTRUCTION.read) this.#answer(id, this.#read(id, word(params, 0), word(params, 2)))
    else if (instruction === INSTRUCTION.reboot) this.#reboot(id)
    else if (instruction === INSTRUCTION.write) {
      const error = this.#writeHeard(id, word(params, 0), params.subarray(2))
      // Level 2 acknowledges everything; what follows by its second id answers nothing.
      if (answers && this.get(id, X_SERIES.status_return_level) === 2) this.#answer(id, new Uint8Array(), error)
    }
  }

  #reboot(id: number): void {
    this.#answer(id, new Uint8Array())
    const memory = freshMemory(id, 0)
    memory.set(this.#memory(id).subarray(0, EEPROM_END))
    putValue(memory, 0, X_SERIES.hardware_error, this.stuck.get(id) ?? 0)
    this.memories.set(id, memory)
  }

  #syncWrite(params: Uint8Array): void {
    const [address, count] = [word(params, 0), word(params, 2)]
    for (let at = 4; at < params.length; at += count + 1)
      this.#writeHeard(params[at] as number, address, params.subarray(at + 1, at + 1 + count))
  }

  #bulkWrite(params: Uint8Array): void {
    for (let at = 0; at < params.length; ) {
      const count = word(params, at + 3)
      this.#writeHeard(params[at] as number, word(params, at + 1), params.subarray(at + 5, at + 5 + count))
      at += 5 + count
    }
  }

  /** The servo itself, and those that follow it. */
  #writeHeard(id: number, address: number, data: Uint8Array): number {
    for (const [other, memory] of this.memories)
      if (other !== id && valueIn(memory, 0, X_SERIES.secondary_id) === id && address >= EEPROM_END)
        this.#write(other, address, data)
    const garbled = this.garble.get(id) ?? 0
    if (garbled > 0) this.garble.set(id, garbled - 1)
    return garbled > 0 ? 3 : this.#write(id, address, data)
  }

  /** The error number. */
  #write(id: number, address: number, data: Uint8Array): number {
    const memory = this.memories.get(id)
    if (!memory || this.dead.has(id)) return 0
    if (address < EEPROM_END && valueIn(memory, 0, X_SERIES.torque) !== 0) return 7
    const end = address + data.length
    const isGoal = address < 120 && end > 100
    if (isGoal && valueIn(memory, 0, X_SERIES.bus_watchdog) === -1) return 4
    const after = memory.slice()
    after.set(data, address)
    const goal = valueIn(after, 0, X_SERIES.goal_position)
    const inRange =
      goal >= valueIn(memory, 0, X_SERIES.min_position) && goal <= valueIn(memory, 0, X_SERIES.max_position)
    if (end > 116 && address < 120 && !inRange) return 6
    memory.set(data, address)
    return 0
  }

  #read(id: number, address: number, count: number): Uint8Array | undefined {
    return this.memories.get(id)?.slice(address, address + count)
  }

  #fastSyncRead(params: Uint8Array): void {
    const [address, count, ids] = [word(params, 0), word(params, 2), [...params.subarray(4)]]
    if (!this.fast || ids.some((id) => !this.memories.has(id) || this.dead.has(id) || this.silent.has(id))) return
    const length = 1 + ids.length * (count + 4)
    let bytes = [0xff, 0xff, 0xfd, 0, 0xfe, length & 0xff, length >> 8, INSTRUCTION.status]
    for (const id of ids) {
      bytes = [...bytes, this.#alert(id), id, ...this.#memory(id).subarray(address, address + count)]
      const crc = crc16(Uint8Array.from(bytes))
      bytes = [...bytes, crc & 0xff, crc >> 8]
    }
    this.#send(Uint8Array.from(bytes))
  }

  #alert(id: number): number {
    return this.get(id, X_SERIES.hardware_error) === 0 ? 0 : 0x80
  }

  #answer(id: number, params: Uint8Array | undefined, error = 0, more: Uint8Array = new Uint8Array()): void {
    if (!params || this.dead.has(id) || this.silent.has(id)) return
    const losing = this.lose.get(id) ?? 0
    if (losing > 0) {
      this.lose.set(id, losing - 1)
      return
    }
    const body = [error | this.#alert(id), ...params, ...more]
    if (this.stuffs) this.#send(encodeFrame(id, INSTRUCTION.status, body))
    else this.#send(unstuffed(id, body))
  }

  #send(bytes: Uint8Array): void {
    if (this.#connection?.isOpen) this.#connection.write(bytes)
  }
}

function unstuffed(id: number, body: readonly number[]): Uint8Array {
  const length = body.length + 3
  const head = [0xff, 0xff, 0xfd, 0, id, length & 0xff, length >> 8, INSTRUCTION.status, ...body]
  const crc = crc16(Uint8Array.from(head))
  return Uint8Array.from([...head, crc & 0xff, crc >> 8])
}

function freshMemory(id: number, model: number): Uint8Array {
  const memory = new Uint8Array(MEMORY)
  const values: [Register, number][] = [
    [X_SERIES.model, model],
    [X_SERIES.firmware, 45],
    [X_SERIES.id, id],
    [X_SERIES.baud_rate, 3],
    [X_SERIES.operating_mode, 3],
    [X_SERIES.secondary_id, 255],
    [X_SERIES.temperature_limit, 80],
    [X_SERIES.max_voltage, 160],
    [X_SERIES.min_voltage, 95],
    [X_SERIES.current_limit, 1193],
    [X_SERIES.velocity_limit, 200],
    [X_SERIES.max_position, 4095],
    [X_SERIES.status_return_level, 2],
    [X_SERIES.present_current, 100],
    [X_SERIES.present_velocity, -id],
    [X_SERIES.present_position, 2048 + 100 * id],
    [X_SERIES.present_voltage, 121],
    [X_SERIES.present_temperature, 31],
  ]
  for (const [register, value] of values) putValue(memory, 0, register, value)
  return memory
}
