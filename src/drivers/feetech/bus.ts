import { badArgument } from '../../base/argument.ts'
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
import { writeCalibration } from './calibration.ts'
import type { Frame } from './frame.ts'
import { inspectServo } from './inspection.ts'
import { writeMode } from './mode.ts'
import { setpointFrame, speedFrame, stopFrame, torqueOffFrame } from './motion-frames.ts'
import { RegisterAccess } from './register-access.ts'
import { LOCKED, STS3215, VELOCITY_MODE } from './registers.ts'
import { feetechProtocol } from './requests.ts'
import { FEETECH, optionsOf, rawAccelerationOf, wantedSettings } from './sts3215.ts'
import { Telemetry } from './telemetry.ts'
import { powerOff, powerOn, readTorque } from './torque.ts'
import { isRawPosition, LARGEST_ACCELERATION, toRawPosition } from './units.ts'
import { FeetechWorkbench } from './workbench.ts'

export interface FeetechOptions extends HalfDuplexOptions {
  /** Usually `serial({ path, baudRate: 1_000_000 })`. */
  readonly port: ByteTransport
  /** How often a request to one servo is sent until it is answered. Default 3. */
  readonly tries?: number | undefined
  /** How many single reads a joined reading may add for servos that did not answer it. Default 3. */
  readonly retryBudget?: number | undefined
  /** How long a servo may wait before it answers, in seconds; the register (7) allows up to 0.508 ms. */
  readonly returnDelay?: Seconds | undefined
}

/** The bus contract's spec, with the family's own bus for tools that set servos up. */
export interface FeetechSpec extends ServoBusSpec {
  withPort(port: ByteTransport): FeetechSpec
  create(env: DeviceEnv, servos: readonly ServoMount[]): FeetechBus
  workbench(env: DeviceEnv, options?: { readonly wait?: Seconds | undefined }): FeetechWorkbench
}

/** A bus of Feetech STS servos. A value for the definition: nothing is opened before the robot starts. */
export function feetech(options: FeetechOptions): FeetechSpec {
  return {
    family: FEETECH,
    port: options.port,
    withPort: (port) => feetech({ ...options, port }),
    create: (env, servos) => new FeetechBus(env, servos, options),
    workbench: (env, { wait } = {}) => new FeetechWorkbench(env, { ...options, slack: wait ?? options.slack }),
  }
}

/** The servo bus contract for Feetech STS servos; what each method promises is said there. */
export class FeetechBus implements ServoBus {
  /** Registers by name, for tools that set servos up. */
  readonly registers: RegisterAccess
  readonly #line: HalfDuplexBus<Frame>
  readonly #telemetry: Telemetry
  /** What waits to be written in one go, by servo. */
  #batch: Map<number, ServoSetpoint | ServoSpeed> | undefined
  readonly #turning: ReadonlySet<number>

  constructor(env: DeviceEnv, servos: readonly ServoMount[], options: FeetechOptions) {
    const foreign = servos.find(({ servo }) => servo.family !== FEETECH)
    if (foreign)
      throw badArgument('feetech()', `servo of ${foreign.joint}`, foreign.servo.family, `of the family ${FEETECH}`)
    this.#line = new HalfDuplexBus(options.port, env, feetechProtocol, options)
    this.registers = new RegisterAccess(this.#line, servos, options.tries ?? 3)
    this.#turning = new Set(servos.flatMap(({ servo }) => (servo.mode === 'velocity' ? [servo.id] : [])))
    this.#telemetry = new Telemetry(this.registers, options.retryBudget ?? 3)
  }

  get isOpen(): boolean {
    return this.#line.isOpen
  }

  open(): Promise<void> {
    return this.#line.open()
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

  /** Also rejects with `TENDON_SETPOINT_INVALID`, and then takes none of these setpoints. */
  async writeSetpoints(setpoints: readonly ServoSetpoint[]): Promise<void> {
    if (setpoints.length === 0) return
    for (const setpoint of setpoints) this.#check(setpoint)
    await this.#writeNewest(setpoints)
  }

  /** Also rejects with `TENDON_SETPOINT_INVALID`, and then takes none of these speeds. */
  async writeSpeeds(speeds: readonly ServoSpeed[]): Promise<void> {
    if (speeds.length === 0) return
    for (const speed of speeds) this.#checkSpeed(speed)
    await this.#writeNewest(speeds)
  }

  /** Setpoints and speeds of one tick go out together, when the line is free. */
  async #writeNewest(orders: readonly (ServoSetpoint | ServoSpeed)[]): Promise<void> {
    if (!this.#line.isOpen) this.#batch = undefined
    const batch = this.#batch ?? new Map<number, ServoSetpoint | ServoSpeed>()
    this.#batch = batch
    for (const order of orders) batch.set(order.id, order)
    try {
      await this.#line.writeLatest(() => {
        this.#batch = undefined
        return motionFrames(batch.values(), (id) => this.#usualAcceleration(id))
      })
    } finally {
      if (this.#batch === batch) this.#batch = undefined
    }
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
    return stopFrame(this.registers.ids, plan, this.#telemetry.positions, this.#turning)
  }

  offFrame(ids: readonly number[]): Uint8Array {
    return torqueOffFrame(ids)
  }

  /** Never rejects: a servo that cannot be reached is not among those that confirmed. */
  setTorque(ids: readonly number[], on: boolean): Promise<ReadonlySet<number>> {
    return on ? powerOn(this.registers, ids) : powerOff(this.registers, ids)
  }

  readTorque(id: number): Promise<boolean | undefined> {
    return readTorque(this.registers, id)
  }

  inspect(id: number): Promise<ServoInspection> {
    return inspectServo(this.registers, id)
  }

  async configure(id: number): Promise<void> {
    const { servo } = this.registers.mountOf(id)
    // The lock first: what follows must not wear out the EEPROM.
    await this.registers.writeVerified(id, STS3215.lock, LOCKED)
    if (servo.mode === 'velocity') await writeMode(this.registers, id, VELOCITY_MODE)
    for (const [register, value] of wantedSettings(optionsOf(servo)))
      await this.registers.writeVerified(id, register, value)
  }

  /** Writes this unit's zero and range into the servo, with its power off. Rejects with a `TendonError`. */
  calibrate(id: number, calibration: ServoCalibration): Promise<void> {
    return writeCalibration(this.registers, id, calibration)
  }

  health(): BusHealth {
    return this.#line.health()
  }

  onLost(listener: (problem: Problem) => void): Unsubscribe {
    return this.#line.onLost(listener)
  }

  #usualAcceleration(id: number): number {
    return Math.min(rawAccelerationOf(optionsOf(this.registers.mountOf(id).servo)), LARGEST_ACCELERATION)
  }

  #check({ id, position, velocity = 0, acceleration = 0 }: ServoSetpoint): void {
    if (this.#turning.has(id)) this.#refuse(id, 'position', position)
    if (!isRawPosition(toRawPosition(position))) this.#refuse(id, 'position', position)
    if (!isPace(velocity)) this.#refuse(id, 'velocity', velocity)
    if (!isPace(acceleration)) this.#refuse(id, 'acceleration', acceleration)
    this.registers.mountOf(id)
  }

  #checkSpeed({ id, speed, acceleration = 0 }: ServoSpeed): void {
    this.registers.mountOf(id)
    if (!this.#turning.has(id) || !Number.isFinite(speed)) this.#refuse(id, 'speed', speed)
    if (!isPace(acceleration)) this.#refuse(id, 'acceleration', acceleration)
  }

  #refuse(id: number, field: string, value: number): never {
    const { joint } = this.registers.mountOf(id)
    throw new TendonError(problem('TENDON_SETPOINT_INVALID', { joint, servo: id, field, value }))
  }
}

/** One frame of setpoints and one of speeds, whichever there are. */
function motionFrames(
  orders: Iterable<ServoSetpoint | ServoSpeed>,
  usualAcceleration: (id: number) => number,
): Uint8Array {
  const setpoints: ServoSetpoint[] = []
  const speeds: ServoSpeed[] = []
  for (const order of orders) {
    if ('speed' in order) speeds.push(order)
    else setpoints.push(order)
  }
  if (speeds.length === 0) return setpointFrame(setpoints, usualAcceleration)
  if (setpoints.length === 0) return speedFrame(speeds)
  return Buffer.concat([setpointFrame(setpoints, usualAcceleration), speedFrame(speeds)])
}

const isPace = (value: number): boolean => value >= 0 && value < Infinity
