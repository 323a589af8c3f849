import { badArgument } from '../../base/argument.ts'
import type { Clock } from '../../base/clock.ts'
import { type Problem, TendonError } from '../../base/problem.ts'
import { problem } from '../../base/problems/index.ts'
import type { Seconds } from '../../base/units.ts'
import type {
  BusHealth,
  ServoBus,
  ServoBusSpec,
  ServoCalibration,
  ServoInspection,
  ServoMount,
  ServoSample,
  ServoSetpoint,
  ServoSpeed,
  StopPlan,
} from '../../device/servo-bus.ts'
import type { ByteTransport, DeviceEnv, Unsubscribe } from '../../device/transport.ts'
import { HalfDuplexBus, type HalfDuplexOptions } from '../half-duplex-bus.ts'
import { alignShadows, writeCalibration } from './calibration.ts'
import { configureServo, setUpServo } from './configuration.ts'
import { inspectServo } from './inspection.ts'
import { type ServoPlace, setpointFrame, speedFrame, stopFrame } from './motion-frames.ts'
import { dynamixelProblem } from './problems.ts'
import { rebootServo } from './reboot.ts'
import { RegisterAccess } from './register-access.ts'
import { dynamixelProtocol } from './requests.ts'
import { goalFor, speedFor } from './servo-limits.ts'
import { DYNAMIXEL, modelOf } from './servos.ts'
import type { StatusFrame } from './status-decoder.ts'
import { Telemetry } from './telemetry.ts'
import { powerOff, powerOn, readTorque } from './torque.ts'
import { toRawPosition, toRawSpeed } from './units.ts'
import { DynamixelWorkbench } from './workbench.ts'

export interface DynamixelBusOptions extends HalfDuplexOptions {
  /** Usually `serial({ path, baudRate: 1_000_000 })`; servos leave the factory at 57 600. */
  readonly port: ByteTransport
  /**
   * Whether all servos answer a reading in one packet, which saves a quarter of the line. Default false: every firmware
   * knows the other way. Where nobody answers, the servos are read the other way at once.
   */
  readonly fastSyncRead?: boolean | undefined
  /** How often a request to one servo is sent until it is answered. Default 3. */
  readonly tries?: number | undefined
  /** How many single reads a joined reading may add for servos that did not answer it. Default 3. */
  readonly retryBudget?: number | undefined
  /** How long a servo may wait before it answers, in seconds; the factory sets 0.5 ms, the register (9) allows 0.508 ms. */
  readonly returnDelay?: Seconds | undefined
}

/** The bus contract's spec, with the family's own bus for tools that set servos up. */
export interface DynamixelSpec extends ServoBusSpec {
  withPort(port: ByteTransport): DynamixelSpec
  create(env: DeviceEnv, servos: readonly ServoMount[]): DynamixelBus
  workbench(env: DeviceEnv, options?: { readonly wait?: Seconds | undefined }): DynamixelWorkbench
}

/** A bus of Dynamixel X series servos. A value for the definition: nothing is opened before the robot starts. */
export function dynamixel(options: DynamixelBusOptions): DynamixelSpec {
  return {
    family: DYNAMIXEL,
    port: options.port,
    withPort: (port) => dynamixel({ ...options, port }),
    create: (env, servos) => new DynamixelBus(env, servos, options),
    workbench: (env, { wait } = {}) => new DynamixelWorkbench(env, { ...options, slack: wait ?? options.slack }),
  }
}

/** What waits to be written in one go, by servo. */
interface Batch {
  readonly setpoints: Map<number, ServoSetpoint>
  readonly speeds: Map<number, ServoSpeed>
}

/**
 * The servo bus contract for Dynamixel X series servos; what each method promises is said there. It sends nothing but in
 * a call: the packets that keep the servos' bus watchdogs quiet are those of the control loop, and end when it ends.
 */
export class DynamixelBus implements ServoBus {
  /** Registers by name, for tools that set servos up and for goals that no joint has. */
  readonly registers: RegisterAccess
  readonly #clock: Clock
  readonly #line: HalfDuplexBus<StatusFrame>
  readonly #telemetry: Telemetry
  #batch: Batch | undefined

  constructor(env: DeviceEnv, servos: readonly ServoMount[], options: DynamixelBusOptions) {
    checkMounts(servos)
    this.#clock = env.clock
    this.#line = new HalfDuplexBus(options.port, env, dynamixelProtocol, options)
    this.registers = new RegisterAccess(this.#line, servos, options.tries ?? 3)
    this.#telemetry = new Telemetry(this.registers, options.retryBudget ?? 3, options.fastSyncRead ?? false)
  }

  get isOpen(): boolean {
    return this.#line.isOpen
  }

  async open(): Promise<void> {
    await this.#line.open()
    this.#telemetry.opened()
  }

  close(): Promise<void> {
    this.#batch = undefined
    return this.#line.close()
  }

  readMotion(ids?: readonly number[]): Promise<ReadonlyMap<number, ServoSample>> {
    return this.#telemetry.readMotion(ids)
  }

  readStatus(ids?: readonly number[]): Promise<ReadonlyMap<number, ServoSample>> {
    return this.#telemetry.readStatus(ids)
  }

  /**
   * Also rejects with `TENDON_SETPOINT_INVALID` and `TENDON_DYNAMIXEL_WATCHDOG`, and then takes none of these setpoints.
   */
  async writeSetpoints(setpoints: readonly ServoSetpoint[]): Promise<void> {
    if (setpoints.length === 0) return
    for (const setpoint of setpoints) this.#checkSetpoint(setpoint)
    await this.#write(({ setpoints: waiting }) => {
      for (const setpoint of setpoints) waiting.set(setpoint.id, setpoint)
    })
  }

  /** Rejects as `writeSetpoints` does. */
  async writeSpeeds(speeds: readonly ServoSpeed[]): Promise<void> {
    if (speeds.length === 0) return
    for (const speed of speeds) this.#checkSpeed(speed)
    await this.#write(({ speeds: waiting }) => {
      for (const speed of speeds) waiting.set(speed.id, speed)
    })
  }

  get descriptor(): number | undefined {
    return this.#line.descriptor
  }

  /** A servo that the plan does not name is cut. */
  stop(plan: StopPlan): void {
    this.#line.stop(this.stopFrame(plan))
    this.#batch = undefined
  }

  stopFrame(plan: StopPlan): Uint8Array {
    const { registers } = this
    const scene = {
      ids: registers.ids,
      groupOf: (id: number) => registers.groupOf(id),
      placeOf: this.#placeOf,
      known: this.#telemetry.positions,
    }
    return stopFrame(scene, plan)
  }

  /** Never rejects: a servo that cannot be reached, or whose shadow cannot, is not among those that confirmed. */
  setTorque(ids: readonly number[], on: boolean): Promise<ReadonlySet<number>> {
    return on ? powerOn(this.registers, ids, this.#placeOf) : powerOff(this.registers, ids)
  }

  readTorque(id: number): Promise<boolean | undefined> {
    return readTorque(this.registers, id)
  }

  async inspect(id: number): Promise<ServoInspection> {
    const { inspection, limits } = await inspectServo(this.registers, id)
    this.#telemetry.learn(id, limits)
    return inspection
  }

  async configure(id: number): Promise<void> {
    await configureServo(this.registers, id)
    this.#telemetry.watchdogCleared(id)
  }

  /**
   * Writes what survives power-off and what arming refuses when it differs: direction, and whom shadows follow from which
   * zero. Once for each servo, with nobody's weight on the joint: its power is taken. Rejects with a `TendonError`.
   */
  setUp(id: number): Promise<void> {
    return setUpServo(this.registers, id)
  }

  /**
   * Restarts a servo, its shadows as well: the only way to clear a hardware error. Its joint has no power afterwards, and
   * falls if nobody holds it. Rejects with `TENDON_DYNAMIXEL_NOT_REBOOTED`.
   */
  async reboot(id: number): Promise<void> {
    for (const member of this.registers.groupOf(id)) await rebootServo(this.registers, this.#clock, member)
  }

  /** Writes this unit's zero and range into the servo, with its power off; its shadows take the zero over. Rejects with a
   *  `TendonError`. */
  async calibrate(id: number, calibration: ServoCalibration): Promise<void> {
    await writeCalibration(this.registers, id, calibration)
    await alignShadows(this.registers, id)
  }

  health(): BusHealth {
    return this.#line.health()
  }

  onLost(listener: (problem: Problem) => void): Unsubscribe {
    return this.#line.onLost(listener)
  }

  readonly #placeOf = (id: number): ServoPlace => ({
    mount: this.registers.mountOf(id),
    limits: this.#telemetry.limitsOf(id),
  })

  /** Positions and speeds that wait for the same turn leave in one piece of bytes. */
  async #write(add: (batch: Batch) => void): Promise<void> {
    if (!this.#line.isOpen) this.#batch = undefined
    const batch = this.#batch ?? { setpoints: new Map(), speeds: new Map() }
    this.#batch = batch
    add(batch)
    try {
      await this.#line.writeLatest(() => {
        this.#batch = undefined
        const positions = setpointFrame([...batch.setpoints.values()], this.#placeOf)
        const turns = speedFrame([...batch.speeds.values()], this.#placeOf)
        return Uint8Array.of(...positions, ...turns)
      })
    } finally {
      if (this.#batch === batch) this.#batch = undefined
    }
  }

  #checkSetpoint({ id, position, velocity = 0, acceleration = 0 }: ServoSetpoint): void {
    const { servo } = this.registers.mountOf(id)
    const goal = servo.mode === 'velocity' ? undefined : goalFor(toRawPosition(position), this.#telemetry.limitsOf(id))
    this.#checkFields(id, [
      ['position', position, goal !== undefined],
      ['velocity', velocity, isPace(velocity)],
      ['acceleration', acceleration, isPace(acceleration)],
    ])
  }

  #checkSpeed({ id, speed, acceleration = 0 }: ServoSpeed): void {
    const { servo } = this.registers.mountOf(id)
    const goal = servo.mode === 'velocity' ? speedFor(toRawSpeed(speed), this.#telemetry.limitsOf(id)) : undefined
    this.#checkFields(id, [
      ['speed', speed, goal !== undefined && Number.isFinite(speed)],
      ['acceleration', acceleration, isPace(acceleration)],
    ])
  }

  #checkFields(id: number, rows: readonly (readonly [field: string, value: number, right: boolean])[]): void {
    const { joint } = this.registers.mountOf(id)
    for (const [field, value, right] of rows)
      if (!right) throw new TendonError(problem('TENDON_SETPOINT_INVALID', { joint, servo: id, field, value }))
    // It would drop the goal without a word, and whoever moves it must hear why it does not.
    const tripped = this.registers.groupOf(id).find((member) => this.#telemetry.tripped.has(member))
    if (tripped !== undefined)
      throw new TendonError(dynamixelProblem('TENDON_DYNAMIXEL_WATCHDOG', this.registers.placeOf(tripped)))
  }
}

/** Throws `TENDON_ARGUMENT_INVALID` for a servo of another family or model, and for an id that is there twice. */
function checkMounts(mounts: readonly ServoMount[]): void {
  const seen = new Set<number>()
  for (const { joint, servo } of mounts) {
    if (servo.family !== DYNAMIXEL)
      throw badArgument('dynamixel()', `servo of ${joint}`, servo.family, `of the family ${DYNAMIXEL}`)
    modelOf(servo)
    for (const id of [servo.id, ...(servo.shadows ?? [])]) {
      if (seen.has(id)) throw badArgument('dynamixel()', `servo of ${joint}`, id, 'an id that no other servo has')
      seen.add(id)
    }
  }
}

const isPace = (value: number): boolean => value >= 0 && value < Infinity
