import type { ByteConnection } from '../../src/device/transport.ts'
import { encodeFrame, type Frame, INSTRUCTION } from '../../src/drivers/feetech/frame.ts'
import { putValue, type Register, STS3215, valueIn } from '../../src/drivers/feetech/registers.ts'

const MEMORY = 96

/** What a host sent, cut into frames by their lengths alone; a peer in a test may trust its host. */
class Instructions {
  #rest: number[] = []

  push(chunk: Uint8Array): Frame[] {
    this.#rest.push(...chunk)
    const frames: Frame[] = []
    for (;;) {
      const length = this.#rest[3]
      if (length === undefined || this.#rest.length < length + 4) return frames
      const [, , id = 0, , code = 0, ...rest] = this.#rest.splice(0, length + 4)
      frames.push({ id, code, params: Uint8Array.from(rest.slice(0, -1)) })
    }
  }
}

/**
 * Servos that do what their registers are told and nothing else: no motion, no limits, no time. They write down every
 * frame that they get, and a test can make single ones silent, deaf or odd.
 */
export class ScriptedServos {
  readonly memories = new Map<number, Uint8Array>()
  /** All that the host sent, one string of hex digits for each write. */
  readonly heard: string[] = []
  /** Frames as they were understood. */
  readonly frames: Frame[] = []
  /** Servos that get frames but answer nothing. */
  readonly silent = new Set<number>()
  /** Servos that ignore everything. */
  readonly dead = new Set<number>()
  /** How many of the next replies of a servo are lost. */
  readonly lose = new Map<number, number>()
  /** The error byte of every reply. */
  error = 0
  /** Whether the wiring returns what the host sends. */
  echo = false
  /** Called for each frame before it is obeyed. */
  onFrame: (frame: Frame) => void = () => {}
  #connection: ByteConnection | undefined

  constructor(ids: readonly number[]) {
    for (const id of ids) this.memories.set(id, freshMemory(id))
  }

  /** To be given to a transport; replaces the connection before. */
  readonly connect = (connection: ByteConnection): void => {
    this.#connection = connection
    const instructions = new Instructions()
    connection.onBytes((chunk) => {
      this.heard.push(Buffer.from(chunk).toString('hex'))
      if (this.echo) connection.write(chunk)
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
    const [address = 0, count = 0] = frame.params
    if (frame.code === INSTRUCTION.syncWrite) this.#syncWrite(address, count, frame.params.subarray(2))
    else if (frame.code === INSTRUCTION.syncRead)
      for (const id of frame.params.subarray(2))
        this.#answer(id, this.memories.get(id)?.slice(address, address + count))
    else for (const id of frame.id === 0xfe ? this.memories.keys() : [frame.id]) this.#one(id, frame)
  }

  #one(id: number, { id: to, code, params }: Frame): void {
    const memory = this.memories.get(id)
    if (!memory || this.dead.has(id)) return
    const [address = 0, count = 0] = params
    if (code === INSTRUCTION.write) this.#write(id, address, params.subarray(1))
    if (to === 0xfe) return
    this.#answer(id, code === INSTRUCTION.read ? memory.slice(address, address + count) : new Uint8Array())
  }

  #syncWrite(address: number, count: number, entries: Uint8Array): void {
    for (let at = 0; at < entries.length; at += count + 1)
      this.#write(entries[at] as number, address, entries.subarray(at + 1, at + 1 + count))
  }

  #write(id: number, address: number, data: Uint8Array): void {
    const memory = this.memories.get(id)
    if (!memory || this.dead.has(id)) return
    memory.set(data, address)
    // As firmware 3.10 does, without a word.
    const acceleration = STS3215.acceleration.address
    memory[acceleration] = Math.min(memory[acceleration] as number, 50)
  }

  #answer(id: number, params: Uint8Array | undefined): void {
    if (!params || this.dead.has(id) || this.silent.has(id)) return
    const losing = this.lose.get(id) ?? 0
    if (losing > 0) this.lose.set(id, losing - 1)
    else if (this.#connection?.isOpen) this.#connection.write(encodeFrame(id, this.error, params))
  }
}

function freshMemory(id: number): Uint8Array {
  const memory = new Uint8Array(MEMORY)
  const values: [Register, number][] = [
    [STS3215.firmware_major, 3],
    [STS3215.firmware_minor, 10],
    [STS3215.model, 777],
    [STS3215.id, id],
    [STS3215.response_level, 1],
    [STS3215.max_position, 4095],
    [STS3215.max_temperature, 70],
    [STS3215.max_voltage, 80],
    [STS3215.min_voltage, 40],
    [STS3215.present_position, 2048 + 100 * id],
    [STS3215.present_velocity, -id],
    [STS3215.present_load, -10 * id],
    [STS3215.present_voltage, 74],
    [STS3215.present_temperature, 31],
    [STS3215.present_current, 10],
  ]
  for (const [register, value] of values) putValue(memory, 0, register, value)
  return memory
}
