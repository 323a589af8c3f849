import { badArgument } from '../../base/argument.ts'
import { type Clock, sleep } from '../../base/clock.ts'
import { TendonError } from '../../base/problem.ts'
import { problem } from '../../base/problems/index.ts'
import type { Seconds } from '../../base/units.ts'
import type { ServoCalibration, ServoMount } from '../../device/servo-bus.ts'
import type { FoundServo, ServoGlance, ServoWorkbench } from '../../device/servo-workbench.ts'
import type { ByteTransport, DeviceEnv } from '../../device/transport.ts'
import { HalfDuplexBus, type HalfDuplexOptions } from '../half-duplex-bus.ts'
import { alarmsOf } from './alarms.ts'
import { writeCalibration } from './calibration.ts'
import { Earwitness } from './earwitness.ts'
import { type Frame, LARGEST_ID } from './frame.ts'
import { identify } from './identify.ts'
import { RegisterAccess } from './register-access.ts'
import { BAUD_RATES, bytesOf, endOf, LOCKED, STS3215, UNLOCKED, valueIn } from './registers.ts'
import { feetechProtocol } from './requests.ts'
import { sts3215 } from './sts3215.ts'
import { powerOff } from './torque.ts'
import { CENTRE, STEPS_PER_TURN, toVolts } from './units.ts'

export interface FeetechWorkbenchOptions extends HalfDuplexOptions {
  readonly port: ByteTransport
  /** How often a request to one servo is sent until it is answered. Default 3; asking who has an id is done once. */
  readonly tries?: number | undefined
}

/** How long a servo takes to write its EEPROM before it answers under the new id. */
const EEPROM_TIME: Seconds = 0.05
const USUAL_SLACK: Seconds = 0.025

/** From the torque register to the status: what a glance shows, in one reading. */
const GLANCE = { address: STS3215.torque.address, count: endOf(STS3215.status) - STS3215.torque.address }

/** Nobody has said yet which joint a servo belongs to; problems say so in the joint's place. */
const MOUNTS: readonly ServoMount[] = Array.from({ length: LARGEST_ID + 1 }, (_, id) => ({
  joint: 'no joint yet',
  servo: sts3215('workbench', id),
}))

/** The workbench contract for Feetech STS servos; what each method promises is said there. */
export class FeetechWorkbench implements ServoWorkbench {
  readonly baudRates = BAUD_RATES
  readonly ids = { min: 0, max: LARGEST_ID }
  readonly steps = STEPS_PER_TURN
  readonly centre = CENTRE
  readonly #clock: Clock
  readonly #line: HalfDuplexBus<Frame>
  readonly #ears = new Earwitness()
  readonly #slack: Seconds
  readonly #registers: RegisterAccess

  constructor(env: DeviceEnv, options: FeetechWorkbenchOptions) {
    this.#clock = env.clock
    this.#slack = options.slack ?? USUAL_SLACK
    this.#line = new HalfDuplexBus(this.#ears.beside(options.port), env, feetechProtocol, options)
    this.#registers = new RegisterAccess(this.#line, MOUNTS, options.tries ?? 3)
  }

  get isOpen(): boolean {
    return this.#line.isOpen
  }

  open(): Promise<void> {
    return this.#line.open()
  }

  close(): Promise<void> {
    return this.#line.close()
  }

  ping(id: number): Promise<FoundServo | undefined> {
    return identify({ line: this.#line, ears: this.#ears, clock: this.#clock, slack: this.#slack }, id)
  }

  async glance(id: number): Promise<ServoGlance> {
    const block = await this.#registers.block(id, GLANCE.address, GLANCE.count)
    const value = (register: (typeof STS3215)[keyof typeof STS3215]): number => valueIn(block, GLANCE.address, register)
    return {
      position: value(STS3215.present_position),
      powered: value(STS3215.torque) !== 0,
      voltage: toVolts(value(STS3215.present_voltage)),
      temperature: value(STS3215.present_temperature),
      alarms: alarmsOf(value(STS3215.status)),
    }
  }

  async letGo(id: number): Promise<void> {
    const off = await powerOff(this.#registers, [id])
    if (!off.has(id)) throw new TendonError(problem('TENDON_TORQUE_NOT_OFF', this.#registers.placeOf(id)))
  }

  /** By the vendor's sequence: power off, unlock, write, 50 ms, lock under the new id, and see who is there. */
  async changeId(from: number, to: number): Promise<void> {
    for (const [name, id] of Object.entries({ from, to })) checkId(name, id)
    if (await this.#isTaken(to)) throw new TendonError(problem('TENDON_SERVO_ID_TAKEN', { port: this.#port, from, to }))
    if (!(await this.ping(from))) throw this.#registers.silent(from, 'ping')
    await this.letGo(from)
    const locked = await this.#unlocked(from, async () => {
      // Its acknowledgement may be lost, and then it has the new id all the same: what counts is who answers to it.
      await this.#registers.tryWrite(from, STS3215.id.address, bytesOf(STS3215.id, to), { droppedByStop: false })
      await sleep(this.#clock, EEPROM_TIME)
      return to
    })
    await this.#registers.verify(locked, STS3215.lock, LOCKED)
    await this.#registers.verify(to, STS3215.id, to)
    if (!(await this.ping(to))) throw this.#registers.silent(to, 'ping')
  }

  /** Throws `TENDON_ARGUMENT_INVALID` for a rate that is none of `baudRates`. Its lock closes when its power is next off. */
  async changeBaudRate(id: number, baudRate: number): Promise<void> {
    const index = (BAUD_RATES as readonly number[]).indexOf(baudRate)
    if (index < 0) throw badArgument('changeBaudRate()', 'baudRate', baudRate, `one of ${BAUD_RATES.join(', ')}`)
    await this.letGo(id)
    await this.#registers.writeVerified(id, STS3215.lock, UNLOCKED)
    // Whether the acknowledgement comes at the old rate or at the new one is nowhere said.
    await this.#registers.tryWrite(id, STS3215.baud_rate.address, bytesOf(STS3215.baud_rate, index))
    await sleep(this.#clock, EEPROM_TIME)
  }

  async calibration(id: number): Promise<ServoCalibration> {
    return {
      homingOffset: await this.#registers.value(id, STS3215.offset),
      rangeMin: await this.#registers.value(id, STS3215.min_position),
      rangeMax: await this.#registers.value(id, STS3215.max_position),
    }
  }

  calibrate(id: number, calibration: ServoCalibration): Promise<void> {
    return writeCalibration(this.#registers, id, calibration)
  }

  get #port(): string {
    return this.#line.address
  }

  /** Two servos on the new id are as much in the way as one. */
  async #isTaken(id: number): Promise<boolean> {
    try {
      return (await this.ping(id)) !== undefined
    } catch (error) {
      if (error instanceof TendonError && error.code === 'TENDON_SERVO_ID_TWICE') return true
      throw error
    }
  }

  /** Does it with the EEPROM open, and closes it again under the id that it has then, or had. Gives that id. */
  async #unlocked(id: number, write: () => Promise<number>): Promise<number> {
    await this.#registers.writeVerified(id, STS3215.lock, UNLOCKED)
    let now = id
    try {
      now = await write()
    } finally {
      const closes = (at: number): Promise<boolean> =>
        this.#registers.tryWrite(at, STS3215.lock.address, bytesOf(STS3215.lock, LOCKED), { droppedByStop: false })
      if (!(await closes(now)) && now !== id) await closes(id)
    }
    return now
  }
}

function checkId(name: string, id: number): void {
  if (!Number.isInteger(id) || id < 0 || id > LARGEST_ID)
    throw badArgument('changeId()', name, id, `a whole number from 0 to ${LARGEST_ID}`)
}
