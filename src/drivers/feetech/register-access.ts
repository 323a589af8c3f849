import { type Problem, TendonError } from '../../base/problem.ts'
import { problem } from '../../base/problems/index.ts'
import type { ServoMount } from '../../device/servo-bus.ts'
import type { HalfDuplexBus } from '../half-duplex-bus.ts'
import type { Frame } from './frame.ts'
import { bytesOf, type Register, valueIn } from './registers.ts'
import * as requests from './requests.ts'

/** How a write behaves. */
export interface WriteManner {
  /** Default true: what moves or powers a servo does not outlive a stop. */
  readonly droppedByStop?: boolean
  readonly urgent?: boolean
}

/**
 * Registers of the mounted servos, by name and joint: where silence on the line becomes a problem that says which
 * joint is concerned. For drivers, and for tools that set servos up.
 */
export class RegisterAccess {
  readonly line: HalfDuplexBus<Frame>
  readonly ids: readonly number[]
  readonly tries: number
  readonly #mounts: ReadonlyMap<number, ServoMount>

  constructor(line: HalfDuplexBus<Frame>, mounts: readonly ServoMount[], tries: number) {
    this.line = line
    this.tries = tries
    this.#mounts = new Map(mounts.map((mount) => [mount.servo.id, mount]))
    this.ids = [...this.#mounts.keys()]
  }

  /** Throws `TENDON_SERVO_UNKNOWN`. */
  mountOf(id: number): ServoMount {
    const mount = this.#mounts.get(id)
    if (mount) return mount
    throw new TendonError(problem('TENDON_SERVO_UNKNOWN', { servo: id, port: this.line.address, known: this.ids }))
  }

  /** Resolves once the servo answered. Rejects with `TENDON_SERVO_SILENT`. */
  async ping(id: number): Promise<void> {
    const [reply] = await this.line.perform(requests.ping(id, { label: 'ping', tries: this.tries }))
    if (!reply) throw this.silent(id, 'ping')
  }

  /** The block, or `undefined` when the servo stayed silent; rejects only when the line refuses. */
  async tryBlock(id: number, address: number, count: number, urgent = false): Promise<Uint8Array | undefined> {
    const manner = { label: `read ${address}..${address + count - 1}`, tries: this.tries, urgent }
    const [reply] = await this.line.perform(requests.read(id, address, count, manner))
    return reply?.frame.params
  }

  /** The block of memory from `address` on. Rejects with `TENDON_SERVO_SILENT`. */
  async block(id: number, address: number, count: number): Promise<Uint8Array> {
    const block = await this.tryBlock(id, address, count)
    if (!block) throw this.silent(id, `read ${address}..${address + count - 1}`)
    return block
  }

  /** The value of one register. Rejects with `TENDON_SERVO_SILENT`. */
  async value(id: number, register: Register): Promise<number> {
    const block = await this.tryBlock(id, register.address, register.size)
    if (!block) throw this.silent(id, `read ${register.name}`)
    return valueIn(block, register.address, register)
  }

  /** Writes a block; resolves to whether the servo acknowledged it. */
  async tryWrite(id: number, address: number, data: Uint8Array, manner: WriteManner = {}): Promise<boolean> {
    const { droppedByStop = true, urgent = false } = manner
    const full = { label: `write ${address}..${address + data.length - 1}`, tries: this.tries, droppedByStop, urgent }
    const [reply] = await this.line.perform(requests.write(id, address, data, full))
    return reply !== undefined
  }

  /** Writes one register. Rejects with `TENDON_SERVO_SILENT`, or `TENDON_STOPPED_FIRST` when a stop overtook it. */
  async write(id: number, register: Register, value: number, manner: WriteManner = {}): Promise<void> {
    const acknowledged = await this.tryWrite(id, register.address, bytesOf(register, value), manner)
    if (!acknowledged) throw this.silent(id, `write ${register.name}`)
  }

  /** Writes one register and reads back what the firmware made of it: `TENDON_REGISTER_NOT_TAKEN` when it differs. */
  async writeVerified(id: number, register: Register, value: number): Promise<void> {
    await this.write(id, register, value)
    await this.verify(id, register, value)
  }

  /** Rejects with `TENDON_REGISTER_NOT_TAKEN` when the register does not hold `wanted`. */
  async verify(id: number, register: Register, wanted: number): Promise<void> {
    const got = await this.value(id, register)
    if (got === wanted) return
    const facts = { ...this.placeOf(id), register: register.name, wanted, got }
    throw new TendonError(problem('TENDON_REGISTER_NOT_TAKEN', facts))
  }

  /** The facts that every problem with a servo names. */
  placeOf(id: number): { joint: string; servo: number; port: string } {
    return { joint: this.mountOf(id).joint, servo: id, port: this.line.address }
  }

  silent(id: number, request: string): TendonError {
    const silent: Problem = problem('TENDON_SERVO_SILENT', { ...this.placeOf(id), request, tries: this.tries })
    return new TendonError(silent)
  }
}
