import { badArgument } from '../../base/argument.ts'
import type { Clock } from '../../base/clock.ts'
import { type Problem, TendonError } from '../../base/problem.ts'
import { problem } from '../../base/problems/index.ts'
import type { DigitalOutput } from '../../device/digital-input.ts'
import type {
  BusHealth,
  ServoBus,
  ServoBusSpec,
  ServoInspection,
  ServoMount,
  ServoSample,
  ServoSetpoint,
  StopPlan,
} from '../../device/servo-bus.ts'
import type { ByteTransport, DeviceEnv, Unsubscribe } from '../../device/transport.ts'
import { type Channel, type Channels, channelsOf } from './channel.ts'
import { Chip } from './chip.ts'
import { canTurnTo, hobbyServoOf, PCA9685 } from './hobby-servo.ts'
import { OutputEnable } from './output-enable.ts'
import { prepare, readModes } from './prepare.ts'
import { pca9685Problem } from './problems.ts'
import { Pulses } from './pulses.ts'
import { CHANNELS, EXTERNAL_CLOCK, MODE1, SLEEP, type Timing, timingOf } from './registers.ts'
import { Setpoints } from './setpoints.ts'
import { stopData } from './stop-frame.ts'

export interface Pca9685Options {
  /** Usually `i2c({ bus: 1 })`. */
  readonly port: ByteTransport
  /** The chip's address, set by its solder jumpers: 0x40 to 0x7f. Default 0x40. */
  readonly address?: number | undefined
  /** Pulses per second. Default 50. */
  readonly frequency?: number | undefined
  /** Of the chip's oscillator, in hertz. Default 25 000 000. */
  readonly oscillator?: number | undefined
  /** What this chip's oscillator really does, as a factor of that: measured, 0.8 to 1.2. Default 1. */
  readonly trim?: number | undefined
  /** The wire to the chip's OE pin, if there is one: a stop that cuts every servo drives it high, too. */
  readonly outputEnable?: DigitalOutput | undefined
  /** How often a transaction is tried until the chip acknowledges it. Default 3. */
  readonly tries?: number | undefined
}

/** The bus contract's spec, with the address of the chip for those who play it. */
export interface Pca9685Spec extends ServoBusSpec {
  readonly address: number
  withPort(port: ByteTransport): Pca9685Spec
}

/** The address of the chip's all-call; a chip that is set to it cannot be told apart from the others. */
const ALL_CALL = 0x70

/**
 * Hobby servos behind a PCA9685. A value for the definition: nothing is opened before the robot starts. The servos
 * measure nothing: each reading is `estimated`, what they were told and how long ago. "Off" means that the chip sends no
 * pulses, read back from its registers; a hobby servo without pulses is limp. Throws `TENDON_ARGUMENT_INVALID`.
 */
export function pca9685(options: Pca9685Options): Pca9685Spec {
  const { port, address = 0x40, frequency = 50, oscillator = 25_000_000, trim = 1, outputEnable } = options
  if (!(Number.isInteger(address) && address >= 0x40 && address <= 0x7f && address !== ALL_CALL))
    throw badArgument('pca9685()', 'address', address, 'a whole number from 0x40 to 0x7f, and not 0x70')
  const timing = timingOf({ frequency, oscillator, trim })
  return {
    family: PCA9685,
    port,
    address,
    // Behind another port is another chip, and the wire to this one's pin does not lead there.
    withPort: (other) => pca9685({ ...options, port: other, outputEnable: outputEnable && other.wires?.outputEnable }),
    create: (env, servos) => new Pca9685Bus(env, servos, { ...options, address }, timing),
  }
}

/** The servo bus contract for hobby servos; what each method promises is said there. */
class Pca9685Bus implements ServoBus {
  readonly #clock: Clock
  readonly #chip: Chip
  readonly #timing: Timing
  readonly #channels: Channels
  readonly #outputs: OutputEnable | undefined
  readonly #pulses: Pulses
  readonly #setpoints = new Setpoints()
  readonly #tries: number

  constructor(
    env: DeviceEnv,
    mounts: readonly ServoMount[],
    { port, address, tries = 3, outputEnable }: Pca9685Options & { readonly address: number },
    timing: Timing,
  ) {
    this.#clock = env.clock
    this.#timing = timing
    this.#tries = tries
    this.#channels = channelsOf(mounts, timing)
    this.#chip = new Chip(port, env, address, tries)
    this.#outputs = outputEnable && new OutputEnable(outputEnable, env)
    const { clock } = env
    this.#pulses = new Pulses({ clock, chip: this.#chip, timing, channels: this.#channels, outputs: this.#outputs })
  }

  get isOpen(): boolean {
    return this.#chip.line.isOpen
  }

  get descriptor(): number | undefined {
    return this.#chip.line.descriptor
  }

  /** Asks the chip what it does now, because a bus without a chip opens as well: else `TENDON_PCA9685_SILENT`. */
  async open(): Promise<void> {
    if (this.isOpen) return
    await this.#chip.line.open()
    try {
      await this.#pulses.adopt()
      await this.#outputs?.open()
    } catch (error) {
      await this.close()
      throw error
    }
  }

  async close(): Promise<void> {
    this.#setpoints.clear()
    await Promise.all([this.#chip.line.close(), this.#outputs?.close()])
  }

  /** One transaction, which shows that the chip is there and awake; the servos themselves say nothing. */
  async readMotion(ids: readonly number[] = [...this.#channels.keys()]): Promise<ReadonlyMap<number, ServoSample>> {
    for (const id of ids) this.#channelOf(id)
    const awake = await this.#isAwake()
    if (awake === undefined) return new Map()
    return this.#samples(ids, () => (awake && !this.#outputs?.isLost ? undefined : false))
  }

  async readStatus(ids: readonly number[] = [...this.#channels.keys()]): Promise<ReadonlyMap<number, ServoSample>> {
    for (const id of ids) this.#channelOf(id)
    const awake = await this.#isAwake()
    const registers = await this.#pulses.readAll()
    if (awake === undefined || !registers) return new Map()
    const live = awake && !this.#outputs?.isLost
    return this.#samples(ids, (id) => live && this.#pulses.sends(registers.get(id)))
  }

  /** Undefined when the chip does not answer. */
  async #isAwake(): Promise<boolean | undefined> {
    const [mode1] = (await this.#chip.read(MODE1, 1, { label: 'read MODE1' })) ?? []
    return mode1 === undefined ? undefined : (mode1 & SLEEP) === 0
  }

  #samples(ids: readonly number[], powered: (id: number) => boolean | undefined): ReadonlyMap<number, ServoSample> {
    const at = this.#clock.now()
    const alarms = this.#alarms
    return new Map(
      ids.map((id) => {
        const on = powered(id)
        const place = this.#channelOf(id).whereabouts.read(at)
        return [id, { id, at, ...place, load: 0, estimated: true, alarms, ...(on !== undefined && { powered: on }) }]
      }),
    )
  }

  get #alarms(): readonly string[] {
    return this.#outputs?.isLost ? ['output_enable_lost'] : []
  }

  /** Also rejects with `TENDON_SETPOINT_INVALID` and `TENDON_PWM_CHANNEL_OFF`, and then takes none of these setpoints. */
  async writeSetpoints(setpoints: readonly ServoSetpoint[]): Promise<void> {
    if (setpoints.length === 0) return
    for (const setpoint of setpoints) this.#check(setpoint)
    if (!this.isOpen) this.#setpoints.clear()
    this.#setpoints.add(setpoints)
    await this.#chip.line.writeLatest(() =>
      this.#setpoints.take(this.#chip, this.#channels, this.#timing, this.#clock.now()),
    )
  }

  stop(plan: StopPlan): void {
    const data = this.stopFrame(plan)
    try {
      this.#chip.line.stop(this.#chip.message(data))
    } finally {
      // The second way to the same end, which works where the first one may not.
      if (plan.freeze.length === 0) this.#outputs?.disable()
      this.#setpoints.clear()
    }
    this.#pulses.stopped(plan)
  }

  stopFrame(plan: StopPlan): Uint8Array {
    return stopData(this.#channels, plan, this.#timing)
  }

  /** Never rejects: a channel that could not be read back is not among those that confirmed. */
  async setTorque(ids: readonly number[], on: boolean): Promise<ReadonlySet<number>> {
    if (!on) for (const id of ids) this.#setpoints.drop(id)
    try {
      return on ? await this.#pulses.begin(ids) : await this.#pulses.end(ids)
    } catch {
      return new Set()
    }
  }

  /** Of any channel, where nothing is mounted: that is the bus of somebody who takes the power of a whole chip. */
  async readTorque(id: number): Promise<boolean | undefined> {
    if (this.#channels.size > 0 || !isChannel(id)) this.#channelOf(id)
    const registers = await this.#pulses.readOne(id)
    // A sleeping chip sends nothing either, but its registers would go on once it wakes.
    return registers && this.#pulses.sends(registers)
  }

  async inspect(id: number): Promise<ServoInspection> {
    const { mount, whereabouts } = this.#channelOf(id)
    const { mode1 } = await readModes(this.#chip)
    const registers = await this.#pulses.readOne(id)
    const facts = { joint: mount.joint, servo: id, port: this.#chip.line.address, request: 'inspect' }
    if (!registers) throw new TendonError(problem('TENDON_SERVO_SILENT', { ...facts, tries: this.#tries }))
    return {
      id,
      model: mount.servo.model,
      firmware: 'none',
      powered: this.#pulses.sends(registers),
      alarms: this.#alarms,
      position: whereabouts.at(this.#clock.now()),
      // Pulses of another clock would have another length, and only a power cycle takes that bit back.
      mismatches: (mode1 & EXTERNAL_CLOCK) === 0 ? [] : [{ register: 'MODE1.EXTCLK', expected: 0, actual: 1 }],
    }
  }

  async configure(id: number): Promise<void> {
    const { joint } = this.#channelOf(id).mount
    const [found] = await prepare(this.#chip, this.#clock, this.#timing)
    if (!found) return
    const { register, expected: wanted, actual: got } = found
    const facts = { joint, servo: id, port: this.#chip.line.address, register, wanted, got }
    throw new TendonError(problem('TENDON_REGISTER_NOT_TAKEN', facts))
  }

  health(): BusHealth {
    return this.#chip.line.health()
  }

  onLost(listener: (problem: Problem) => void): Unsubscribe {
    return this.#chip.line.onLost(listener)
  }

  #channelOf(id: number): Channel {
    const channel = this.#channels.get(id)
    if (channel) return channel
    const facts = { servo: id, port: this.#chip.line.address, known: [...this.#channels.keys()] }
    throw new TendonError(problem('TENDON_SERVO_UNKNOWN', facts))
  }

  #check({ id, position, velocity = 0, acceleration = 0 }: ServoSetpoint): void {
    const { joint, servo } = this.#channelOf(id).mount
    const rows = [
      ['position', position, canTurnTo(hobbyServoOf(servo), position)],
      ['velocity', velocity, isPace(velocity)],
      ['acceleration', acceleration, isPace(acceleration)],
    ] as const
    for (const [field, value, right] of rows)
      if (!right) throw new TendonError(problem('TENDON_SETPOINT_INVALID', { joint, servo: id, field, value }))
    if (this.#pulses.has(id)) return
    const facts = { joint, channel: id, port: this.#chip.line.address }
    throw new TendonError(pca9685Problem('TENDON_PWM_CHANNEL_OFF', facts))
  }
}

const isChannel = (id: number): boolean => Number.isInteger(id) && id >= 0 && id < CHANNELS

const isPace = (value: number): boolean => value >= 0 && value < Infinity
