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
import { letGo, readCalibration, writeCalibration } from './calibration.ts'
import { LARGEST_ID } from './frame.ts'
import { identify } from './identify.ts'
import { rebootServo } from './reboot.ts'
import { RegisterAccess } from './register-access.ts'
import { BAUD_RATES, bytesOf, endOf, type Register, valueIn, X_SERIES } from './registers.ts'
import { dynamixelProtocol } from './requests.ts'
import { xl330 } from './servos.ts'
import type { StatusFrame } from './status-decoder.ts'
import { CENTRE, STEPS_PER_TURN, toVolts } from './units.ts'

export interface DynamixelWorkbenchOptions extends HalfDuplexOptions {
  readonly port: ByteTransport
  /** How often a request to one servo is sent until it is answered. Default 3; asking who has an id is done once. */
  readonly tries?: number | undefined
}

/** How long a servo takes to write its EEPROM before it answers under the new id. */
const EEPROM_TIME: Seconds = 0.05
const USUAL_SLACK: Seconds = 0.025
/** What servos leave the factory with. */
const FACTORY_BAUD_RATE = 57_600

/** From the torque register to the temperature: what a glance shows, in one reading. */
const GLANCE = {
  address: X_SERIES.torque.address,
  count: endOf(X_SERIES.present_temperature) - X_SERIES.torque.address,
}

/** Nobody has said yet which joint a servo belongs to; problems say so in the joint's place. */
const MOUNTS: readonly ServoMount[] = Array.from({ length: LARGEST_ID + 1 }, (_, id) => ({
  joint: 'no joint yet',
  servo: xl330('workbench', id),
}))

/** The workbench contract for Dynamixel X series servos; what each method promises is said there. */
export class DynamixelWorkbench implements ServoWorkbench {
  readonly baudRates: readonly number[] = [
    FACTORY_BAUD_RATE,
    ...BAUD_RATES.filter((rate) => rate !== FACTORY_BAUD_RATE),
  ]
  readonly ids = { min: 0, max: LARGEST_ID }
  readonly steps = STEPS_PER_TURN
  readonly centre = CENTRE
  readonly addsOffset = true
  readonly #clock: Clock
  readonly #line: HalfDuplexBus<StatusFrame>
  readonly #slack: Seconds
  readonly #registers: RegisterAccess

  constructor(env: DeviceEnv, options: DynamixelWorkbenchOptions) {
    this.#clock = env.clock
    this.#slack = options.slack ?? USUAL_SLACK
    this.#line = new HalfDuplexBus(options.port, env, dynamixelProtocol, options)
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
    return identify({ line: this.#line, clock: this.#clock, slack: this.#slack }, id)
  }

  async glance(id: number): Promise<ServoGlance> {
    const block = await this.#registers.block(id, GLANCE.address, GLANCE.count)
    const value = (register: Register): number => valueIn(block, GLANCE.address, register)
    return {
      position: value(X_SERIES.present_position),
      powered: value(X_SERIES.torque) !== 0,
      voltage: toVolts(value(X_SERIES.present_voltage)),
      temperature: value(X_SERIES.present_temperature),
      alarms: alarmsOf(value(X_SERIES.hardware_error)),
    }
  }

  letGo(id: number): Promise<void> {
    return letGo(this.#registers, id)
  }

  async changeId(from: number, to: number): Promise<void> {
    for (const [name, id] of Object.entries({ from, to })) checkId(name, id)
    const port = this.#line.address
    if (await this.#isTaken(to)) throw new TendonError(problem('TENDON_SERVO_ID_TAKEN', { port, from, to }))
    if (!(await this.ping(from))) throw this.#registers.silent(from, 'ping')
    await this.letGo(from)
    // Its acknowledgement may be lost, or come from the new id: what counts is who answers to it.
    await this.#registers.tryWrite(from, X_SERIES.id.address, bytesOf(X_SERIES.id, to))
    await sleep(this.#clock, EEPROM_TIME)
    await this.#registers.ping(to)
  }

  /** Throws `TENDON_ARGUMENT_INVALID` for a rate that is none of `baudRates`. */
  async changeBaudRate(id: number, baudRate: number): Promise<void> {
    const index = (BAUD_RATES as readonly number[]).indexOf(baudRate)
    if (index < 0) throw badArgument('changeBaudRate()', 'baudRate', baudRate, `one of ${this.baudRates.join(', ')}`)
    await this.letGo(id)
    // Whether the acknowledgement comes at the old rate or at the new one is nowhere said.
    await this.#registers.tryWrite(id, X_SERIES.baud_rate.address, bytesOf(X_SERIES.baud_rate, index))
    await sleep(this.#clock, EEPROM_TIME)
  }

  calibration(id: number): Promise<ServoCalibration> {
    return readCalibration(this.#registers, id)
  }

  calibrate(id: number, calibration: ServoCalibration): Promise<void> {
    return writeCalibration(this.#registers, id, calibration)
  }

  /** Restarts one servo, the only way to clear a hardware error. Rejects with `TENDON_DYNAMIXEL_NOT_REBOOTED`. */
  reboot(id: number): Promise<void> {
    return rebootServo(this.#registers, this.#clock, id)
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
}

function checkId(name: string, id: number): void {
  if (!Number.isInteger(id) || id < 0 || id > LARGEST_ID)
    throw badArgument('changeId()', name, id, `a whole number from 0 to ${LARGEST_ID}`)
}
