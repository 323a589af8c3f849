import { TendonError } from '../../base/problem.ts'
import { problem } from '../../base/problems/index.ts'
import type { ServoMount } from '../../device/servo-bus.ts'
import type { HalfDuplexBus } from '../half-duplex-bus.ts'
import { REFUSAL, refusalName, refusalOf } from './alarms.ts'
import { dynamixelProblem } from './problems.ts'
import { bytesOf, type Register, TRIPPED, valueIn, X_SERIES } from './registers.ts'
import * as requests from './requests.ts'
import type { StatusFrame } from './status-decoder.ts'

/** How a write behaves. */
export interface WriteManner {
  /** Default true: what moves or powers a servo does not outlive a stop. */
  readonly droppedByStop?: boolean
  readonly urgent?: boolean
}

/** Goals: what a servo whose watchdog has tripped refuses as out of range. */
const isGoal = ({ address }: Register): boolean =>
  address >= X_SERIES.goal_pwm.address && address <= X_SERIES.goal_position.address

/**
 * Registers of the mounted servos and of their shadows, by name and joint: where silence on the line, or a refusal,
 * becomes a problem that says which joint is concerned. For the driver, and for tools that set servos up.
 */
export class RegisterAccess {
  readonly line: HalfDuplexBus<StatusFrame>
  /** Of the servos that the definition names; their shadows are in `groupOf`. */
  readonly ids: readonly number[]
  readonly tries: number
  readonly #mounts = new Map<number, ServoMount>()

  constructor(line: HalfDuplexBus<StatusFrame>, mounts: readonly ServoMount[], tries: number) {
    this.line = line
    this.tries = tries
    this.ids = mounts.map(({ servo }) => servo.id)
    for (const mount of mounts)
      for (const id of [mount.servo.id, ...(mount.servo.shadows ?? [])]) this.#mounts.set(id, mount)
  }

  /** The mount of a servo, or of the one that it follows. Throws `TENDON_SERVO_UNKNOWN`. */
  mountOf(id: number): ServoMount {
    const mount = this.#mounts.get(id)
    if (mount) return mount
    const facts = { servo: id, port: this.line.address, known: [...this.#mounts.keys()] }
    throw new TendonError(problem('TENDON_SERVO_UNKNOWN', facts))
  }

  /** A servo and its shadows: they have power of their own, and are one joint. */
  groupOf(id: number): readonly number[] {
    return [id, ...(this.#mounts.get(id)?.servo.shadows ?? [])]
  }

  /** Model number and firmware. Rejects with `TENDON_SERVO_SILENT`. */
  async ping(id: number): Promise<{ readonly model: number; readonly firmware: number }> {
    const [reply] = await this.line.perform(requests.ping(id, { label: 'ping', tries: this.tries }))
    if (!reply) throw this.silent(id, 'ping')
    const [low = 0, high = 0, firmware = 0] = reply.frame.params
    return { model: low | (high << 8), firmware }
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

  /** Another block of each servo in one exchange (bulk read), each once; those that stayed silent are missing. */
  async blocks(wanted: readonly requests.Block[]): Promise<ReadonlyMap<number, Uint8Array>> {
    const found = new Map<number, Uint8Array>()
    if (wanted.length === 0) return found
    const replies = await this.line.perform(requests.bulkRead(wanted, { label: 'bulk read', tries: this.tries }))
    wanted.forEach(({ id }, index) => {
      const reply = replies[index]
      if (reply) found.set(id, reply.frame.params)
    })
    return found
  }

  /**
   * Writes one register of each servo in one packet (bulk write), which nobody acknowledges: read back what matters. So
   * are goals written that no joint has: `goal_current` in current mode, `goal_pwm`. A stop drops it.
   */
  async writeEach(values: readonly { readonly id: number; readonly register: Register; readonly value: number }[]) {
    if (values.length === 0) return
    const entries = values.map(({ id, register, value }) => ({
      id,
      address: register.address,
      data: bytesOf(register, value),
    }))
    await this.tell(requests.bulkWriteBytes(entries), 'bulk write', {})
  }

  /** Sends bytes that nobody acknowledges. */
  async tell(bytes: Uint8Array, label: string, manner: WriteManner): Promise<void> {
    const { droppedByStop = true, urgent = false } = manner
    const request = { label, tries: 1, urgent, droppedByStop, changes: true, bytes, replies: [], replyBytes: 0 }
    await this.line.perform(request)
  }

  /** Writes a block. Resolves to the error number of the acknowledgement, 0 = taken; `undefined`: none came. */
  async tryWrite(id: number, address: number, data: Uint8Array, manner: WriteManner = {}): Promise<number | undefined> {
    const { droppedByStop = true, urgent = false } = manner
    const full = { label: `write ${address}..${address + data.length - 1}`, tries: this.tries, droppedByStop, urgent }
    const { stops } = this.line
    for (let left = this.tries - 1; ; left--) {
      const [reply] = await this.line.perform(requests.write(id, address, data, full))
      const refusal = reply && refusalOf(reply.frame.error)
      // A packet that was garbled on its way there is one that was not heard; but nothing is said again after a stop.
      const again = refusal === REFUSAL.crc && left > 0 && !(droppedByStop && this.line.stops !== stops)
      if (!again) return refusal
    }
  }

  /**
   * Writes one register. Rejects with `TENDON_SERVO_SILENT`, `TENDON_DYNAMIXEL_REFUSED`, `TENDON_DYNAMIXEL_WATCHDOG`, or
   * `TENDON_STOPPED_FIRST` when a stop overtook it.
   */
  async write(id: number, register: Register, value: number, manner: WriteManner = {}): Promise<void> {
    const refusal = await this.tryWrite(id, register.address, bytesOf(register, value), manner)
    if (refusal === undefined) throw this.silent(id, `write ${register.name}`)
    if (refusal !== 0) throw await this.#refused(id, register, refusal)
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
    return new TendonError(problem('TENDON_SERVO_SILENT', { ...this.placeOf(id), request, tries: this.tries }))
  }

  async #refused(id: number, register: Register, refusal: number): Promise<TendonError> {
    const watchdog = isGoal(register) && refusal === REFUSAL.dataRange ? X_SERIES.bus_watchdog : undefined
    if (watchdog && (await this.value(id, watchdog)) === TRIPPED)
      return new TendonError(dynamixelProblem('TENDON_DYNAMIXEL_WATCHDOG', this.placeOf(id)))
    const facts = { ...this.placeOf(id), request: `write ${register.name}`, reason: refusalName(refusal) }
    return new TendonError(dynamixelProblem('TENDON_DYNAMIXEL_REFUSED', facts))
  }
}
