import type { Seconds } from '../../base/units.ts'
import type { ServoScale } from '../family.ts'
import { type Body, type Drive, Motion, STEP } from '../mechanics/motion.ts'
import { Thermal } from '../mechanics/thermal.ts'
import type { LineServo } from '../wire/half-duplex-line.ts'
import { CURRENT_UNIT, driveOf, goalOf, limitsOf, modulo, presentPosition } from './control.ts'
import { Memory } from './memory.ts'
import { Protection, type ProtectionLimits } from './protection.ts'
import { ACCELERATION_CLAMP, ALARM, type RegisterName, STEPS_PER_TURN, STS3215 } from './registers.ts'

/** What one simulated servo is, beyond its table. */
export interface ServoSetup {
  /** EEPROM and RAM values that differ from the table's, `{ id: 3, positionOffset: -120 }`. */
  readonly registers?: Partial<Record<RegisterName, number>>
  /** Where the shaft is at first, in raw steps as register 56 shows them. Default 2048. */
  readonly position?: number
  /** Signed share of the largest torque that pulls at the shaft beyond its friction. Default 0. */
  readonly gravity?: number
  /** Mechanical ends, as register 56 shows them. Default: none. */
  readonly travel?: readonly [min: number, max: number]
  /** Volts. Default 7.4. */
  readonly supply?: number
  /** Degrees Celsius of the surroundings. Default 25. */
  readonly ambient?: number
}

/** Ours, not measured: current of a stalled motor, and the resistance of its supply. */
const STALL_CURRENT = 2.5
const IDLE_CURRENT = 0.06
const SUPPLY_OHMS = 0.15
const OFFSET_LIMIT = 2047
const CENTRE = 2048
const DEFINE_CENTRE = 128
/** Volts below which the controller itself goes out, and starts anew when they are back. Ours, not measured. */
const BROWN_OUT = 3
const SENSED_FIRST = STS3215.presentPosition.address
const SENSED_LAST = STS3215.presentGoal.address + 1

const REGISTERS = Object.keys(STS3215)
/** Raw steps: 2048 is the middle. */
export const SCALE: ServoScale = { zero: CENTRE, turn: STEPS_PER_TURN }

const stepsAt = (now: Seconds): number => Math.floor(now / STEP + 1e-6)

/**
 * One STS3215 at register level. Every call says what time it is (seconds of the simulation); the shaft is integrated
 * up to then, in fixed steps, so that nothing depends on how often anyone looks.
 */
export class FeetechServo implements LineServo {
  readonly scale = SCALE
  readonly registerNames = REGISTERS
  readonly #memory: Memory
  readonly #motion: Motion
  readonly #thermal: Thermal
  readonly #protection = new Protection()
  #body: Body
  #drive: Drive
  #limits: ProtectionLimits
  readonly #nominal: number
  #supply: number
  /** Share of its speed that the joint follows with. */
  #pace = 1
  #fixedTemperature: number | undefined
  #held: { readonly address: number; readonly data: Uint8Array } | undefined
  /** Steps integrated so far; while at rest, the step since which nothing has changed. */
  #step = 0
  #resting = false

  constructor(setup: ServoSetup = {}) {
    const { registers = {}, position = CENTRE, gravity = 0, travel, supply = 7.4, ambient = 25 } = setup
    this.#memory = new Memory(registers)
    this.#memory.set('torqueLimit', this.#memory.get('maxTorque'))
    const offset = this.#memory.get('positionOffset')
    this.#motion = new Motion(position + offset)
    this.#memory.set('goalPosition', position)
    this.#body = {
      gravity,
      min: (travel?.[0] ?? -Infinity) + offset,
      max: (travel?.[1] ?? Infinity) + offset,
      jammed: false,
    }
    this.#nominal = supply
    this.#supply = supply
    this.#thermal = new Thermal(ambient)
    this.#limits = limitsOf(this.#memory)
    this.#drive = this.#readDrive()
  }

  get id(): number {
    return this.#memory.get('id')
  }

  /** Whether it answers writes too, or only reads and pings (register 8). */
  get answersWrites(): boolean {
    return this.#memory.get('responseLevel') !== 0
  }

  /** How long it waits before it answers, in seconds (register 7, unit 2 us). */
  get returnDelay(): Seconds {
    return this.#memory.get('returnDelay') * 2e-6
  }

  get baudIndex(): number {
    return this.#memory.get('baudIndex')
  }

  /** `count` bytes from `address` on; addresses outside the table are 0. */
  read(address: number, count: number, now: Seconds): Uint8Array {
    if (address + count > SENSED_FIRST && address <= SENSED_LAST) this.#sense(now)
    const data = new Uint8Array(count)
    data.set(this.#memory.bytes.subarray(address, address + count))
    return data
  }

  /** A write from the bus. What the firmware makes of the value (clamps, the lock) happens here. */
  write(address: number, data: Uint8Array, now: Seconds): void {
    const { torqueEnable, acceleration } = STS3215
    const touches = (at: number): boolean => address <= at && at < address + data.length
    this.#change(now, () => {
      this.#memory.write(address, data)
      if (touches(acceleration.address)) this.#clampAcceleration()
      if (touches(torqueEnable.address)) this.#torqueWritten()
    })
  }

  /** Holds a write back until `action`; a later one replaces it. */
  holdWrite(address: number, data: Uint8Array): void {
    this.#held = { address, data: data.slice() }
    this.#memory.set('writePending', 1)
  }

  /** Carries out the write that is held back, if there is one. */
  action(now: Seconds): void {
    const held = this.#held
    if (!held) return
    this.#held = undefined
    this.#memory.set('writePending', 0)
    this.write(held.address, held.data, now)
  }

  /** The alarm bits, as in register 65 and in every status frame. */
  status(now: Seconds): number {
    this.advance(now)
    const volts = this.#volts()
    const outside = volts < this.#memory.get('minVoltage') / 10 || volts > this.#memory.get('maxVoltage') / 10
    const hot = this.temperature(now) > this.#limits.temperature
    return this.#protection.tripped | (outside ? ALARM.voltage : 0) | (hot ? ALARM.temperature : 0)
  }

  /** A register's value, signed where it is, as a read over the bus would find it. */
  register(name: RegisterName, now: Seconds): number {
    this.#sense(now)
    return this.#memory.get(name)
  }

  /** Whether the motor is energised: torque on, and not unloaded by an alarm. */
  powered(now: Seconds): boolean {
    this.advance(now)
    return this.#drive.powered
  }

  /** The shaft in raw steps with fraction, as register 56 would show it without wrapping. */
  position(now: Seconds): number {
    this.advance(now)
    return this.#motion.position - this.#memory.get('positionOffset')
  }

  /** step/s. */
  velocity(now: Seconds): number {
    this.advance(now)
    return this.#motion.velocity
  }

  presentPosition(now: Seconds): number {
    return this.register('presentPosition', now)
  }

  presentGoal(now: Seconds): number {
    return this.register('presentGoal', now)
  }

  moving(now: Seconds): boolean {
    return this.register('moving', now) === 1
  }

  /** Names of the alarm bits that are set. */
  alarms(now: Seconds): readonly (keyof typeof ALARM)[] {
    const status = this.status(now)
    return (Object.keys(ALARM) as (keyof typeof ALARM)[]).filter((name) => (status & ALARM[name]) !== 0)
  }

  /** Degrees Celsius. */
  temperature(now: Seconds): number {
    this.advance(now)
    const rested = this.#resting ? stepsAt(now) - this.#step : 0
    return this.#fixedTemperature ?? this.#thermal.after(Math.max(0, rested), this.#motion.load)
  }

  /** Holds the shaft as an obstacle would, or lets it go. */
  jam(jammed: boolean, now: Seconds): void {
    this.#change(now, () => {
      this.#body = { ...this.#body, jammed }
    })
  }

  /** Changes the load that pulls at the shaft. */
  pull(gravity: number, now: Seconds): void {
    this.#change(now, () => {
      this.#body = { ...this.#body, gravity }
    })
  }

  /** Turns the shaft as a hand would, at once, to a position as register 56 shows it; the mechanical ends hold. */
  turnTo(position: number, now: Seconds): void {
    this.#change(now, () => {
      const { min, max } = this.#body
      this.#motion.position = Math.max(min, Math.min(max, position + this.#memory.get('positionOffset')))
      this.#motion.velocity = 0
    })
  }

  /** Whether its controller has the voltage that it needs to hear and answer anything. */
  get supplied(): boolean {
    return this.#supply >= BROWN_OUT
  }

  /**
   * Sets the supply in volts; `undefined`: what it was set up with. Outside of registers 14 and 15 the voltage alarm
   * shows. Below 3 V the servo goes out: limp and deaf, and once they are back it is as after a power cycle.
   */
  supply(volts: number | undefined, now: Seconds): void {
    const was = this.supplied
    this.#change(now, () => {
      this.#supply = volts ?? this.#nominal
    })
    if (was && !this.supplied) this.powerCycle(now)
  }

  /** Makes the joint follow at this share of the speed that it was told, 0 to 1. */
  slow(pace: number, now: Seconds): void {
    this.#change(now, () => {
      this.#pace = pace
    })
  }

  /** Trips the overload alarm, as two seconds against an obstacle do; torque off or a power cycle clears it. */
  overload(now: Seconds): void {
    this.#change(now, () => this.#protection.trip(ALARM.overload))
  }

  /** Clears the alarms that have tripped, as switching torque off does. */
  clearAlarms(now: Seconds): void {
    this.#change(now, () => this.#protection.reset())
  }

  /** Makes the sensor show this temperature until it is let go with `undefined`. */
  heat(celsius: number | undefined, now: Seconds): void {
    this.#change(now, () => {
      this.#fixedTemperature = celsius
    })
  }

  /** Instruction 6: EEPROM as from the factory, saved; id and baud rate stay, or the host would lose it. */
  recover(now: Seconds): void {
    this.#change(now, () => {
      this.#memory.recover(['id', 'baudIndex'])
    })
  }

  /** Instruction 10: forgets how many turns the shaft has made. */
  forgetTurns(now: Seconds): void {
    this.#change(now, () => this.#forgetTurns())
  }

  /** Instruction 11; without a position the same as torque 128: where the shaft is now becomes this position. */
  definePosition(now: Seconds, position = CENTRE): void {
    this.#change(now, () => this.#definePosition(position))
  }

  /** Power off and on: RAM as at power-on, EEPROM as saved, multi-turn count lost, torque off. */
  powerCycle(now: Seconds): void {
    this.#change(now, () => {
      this.#memory.powerCycle()
      this.#protection.reset()
      this.#held = undefined
      this.#motion.velocity = 0
      this.#motion.load = 0
      this.#forgetTurns()
      this.#memory.set('goalPosition', this.#presentPosition())
    })
  }

  /** Integrates the shaft up to `now`. Going back in time does nothing. */
  advance(now: Seconds): void {
    if (this.#resting) return
    const end = stepsAt(now)
    while (this.#step < end && !this.#resting) this.#integrate()
  }

  #integrate(): void {
    this.#step++
    const still = this.#motion.step(this.#drive, this.#body)
    const { load } = this.#motion
    this.#thermal.advance(1, load)
    const temperature = this.#fixedTemperature ?? this.#thermal.after(0, load)
    const tripped = this.#protection.step(load, this.#current(), temperature, this.#limits)
    if (tripped) this.#drive = this.#readDrive()
    this.#resting = still && !tripped && !this.#protection.counting && !this.#heatingUp(load)
  }

  /** Whether time alone will trip the temperature alarm. */
  #heatingUp(load: number): boolean {
    const tripped = (this.#protection.tripped & ALARM.temperature) !== 0
    return (
      !tripped && this.#fixedTemperature === undefined && this.#thermal.equilibrium(load) > this.#limits.temperature
    )
  }

  /** Everything that may set a resting shaft in motion goes through here. */
  #change(now: Seconds, apply: () => void): void {
    this.advance(now)
    if (this.#resting) {
      const end = Math.max(this.#step, stepsAt(now))
      this.#thermal.advance(end - this.#step, this.#motion.load)
      this.#step = end
      this.#resting = false
    }
    apply()
    this.#limits = limitsOf(this.#memory)
    this.#drive = this.#readDrive()
  }

  #clampAcceleration(): void {
    if (this.#memory.get('acceleration') > ACCELERATION_CLAMP) this.#memory.set('acceleration', ACCELERATION_CLAMP)
  }

  #torqueWritten(): void {
    const torque = this.#memory.get('torqueEnable')
    if (torque === 0) this.#protection.reset()
    if (torque === DEFINE_CENTRE) this.#definePosition(CENTRE)
  }

  /**
   * The offset becomes whatever makes the present position this one. That the goal becomes it too and torque stays as
   * it was is our reading: otherwise a powered servo would jump.
   */
  #definePosition(position: number): void {
    this.#memory.set('torqueEnable', this.#drive.powered ? 1 : 0)
    const offset = Math.round(modulo(this.#motion.position, STEPS_PER_TURN)) - position
    this.#memory.set('positionOffset', Math.max(-OFFSET_LIMIT, Math.min(OFFSET_LIMIT, offset)))
    this.#memory.save('positionOffset')
    this.#memory.set('goalPosition', position)
  }

  #forgetTurns(): void {
    const turns = Math.floor(this.#motion.position / STEPS_PER_TURN) * STEPS_PER_TURN
    this.#motion.position -= turns
    this.#body = { ...this.#body, min: this.#body.min - turns, max: this.#body.max - turns }
  }

  #presentPosition(): number {
    return presentPosition(this.#memory, this.#motion.position)
  }

  #readDrive(): Drive {
    const { supplied } = this
    return driveOf(this.#memory, {
      position: this.#motion.position,
      tripped: this.#protection.tripped,
      pace: this.#pace,
      supplied,
    })
  }

  #current(): number {
    return (this.#drive.powered ? IDLE_CURRENT : 0) + Math.abs(this.#motion.load) * STALL_CURRENT
  }

  #volts(): number {
    return this.#supply - SUPPLY_OHMS * this.#current()
  }

  #sense(now: Seconds): void {
    this.advance(now)
    const memory = this.#memory
    memory.set('presentPosition', this.#presentPosition())
    memory.set('presentVelocity', this.#motion.velocity)
    memory.set('presentLoad', this.#motion.load * 1000)
    memory.set('presentVoltage', Math.round(this.#volts() * 10))
    memory.set('presentTemperature', Math.round(this.temperature(now)))
    memory.set('status', this.status(now))
    memory.set('moving', this.#motion.velocity === 0 ? 0 : 1)
    memory.set('presentCurrent', Math.round(this.#current() / CURRENT_UNIT))
    memory.set('presentGoal', goalOf(memory))
  }
}
