import { badArgument } from '../../base/argument.ts'
import type { Seconds } from '../../base/units.ts'
import type { ServoScale } from '../family.ts'
import type { LineServo } from '../wire/half-duplex-line.ts'
import { Actuator, CENTRE } from './actuator.ts'
import { goalOf } from './control.ts'
import { Memory, type Written } from './memory.ts'
import { MODELS, type Model, type ModelName } from './models.ts'
import { sense } from './present.ts'
import { ALARM, ALERT, ERROR, type ErrorNumber, GOALS, type RegisterName, STEPS_PER_TURN } from './registers.ts'
import { checkWrite } from './write-check.ts'

/** What one simulated servo is, beyond its model. */
export interface DynamixelSetup {
  readonly model: ModelName
  /** Values that differ from the model's table, `{ id: 3, homingOffset: -120 }`. */
  readonly registers?: Partial<Record<RegisterName, number>>
  /** Where the shaft is at first, as register 132 shows it. Default 2048. Not for one on a shaft of another. */
  readonly position?: number
  /** Signed share of the largest torque that pulls at the shaft, positive to larger positions. Default 0. */
  readonly gravity?: number
  /** Mechanical ends, as register 132 shows them. Default: none. */
  readonly travel?: readonly [min: number, max: number]
  /** Volts. Default: what the model is made for. */
  readonly supply?: number
  /** Degrees Celsius of the surroundings. Default 25. */
  readonly ambient?: number
  /** A servo that turns the same shaft from its other side: what is right for the one is left for the other. */
  readonly opposite?: DynamixelServo
}

/** Raw positions: 2048 is the middle. */
export const SCALE: ServoScale = { zero: CENTRE, turn: STEPS_PER_TURN }
/** Secondary ids from here on are none. */
const NO_ID = 253
const RESETS = { all: 0xff, butId: 0x01, butIdAndBaud: 0x02 } as const
const CLEAR_TURNS = [0x01, 0x44, 0x58, 0x4c, 0x22] as const

/**
 * One servo of the X series at register level, after the maker's published control table and manual. Every call says what
 * time it is (seconds of the simulation). Two servos may turn one shaft. Throws `TENDON_ARGUMENT_INVALID` for a model that
 * there is not.
 */
export class DynamixelServo implements LineServo {
  readonly scale = SCALE
  readonly registerNames: readonly string[]
  readonly #model: Model
  readonly #memory: Memory
  readonly #actuator: Actuator
  #held: { readonly address: number; readonly data: Uint8Array } | undefined
  #bootedAt: Seconds = 0

  constructor({ model, registers, position, gravity, travel, supply, ambient, opposite }: DynamixelSetup) {
    this.#model = modelNamed(model)
    this.#memory = new Memory(this.#model.table, registers)
    this.registerNames = Object.keys(this.#model.table)
    this.#actuator = new Actuator(this.#memory, this.#model, {
      position: position ?? CENTRE,
      gravity: gravity ?? 0,
      travel: travel ?? [-Infinity, Infinity],
      supply: supply ?? this.#model.supply,
      ambient: ambient ?? 25,
      opposite: opposite ? opposite.#actuator : undefined,
    })
  }

  // Who it is

  get id(): number {
    return this.#memory.get('id')
  }

  /** The second id that it obeys. */
  get secondaryId(): number | undefined {
    const id = this.#memory.get('secondaryId')
    return id < NO_ID ? id : undefined
  }

  get baudIndex(): number {
    return this.#memory.get('baudIndex')
  }

  get returnDelay(): Seconds {
    return this.#memory.get('returnDelay') * 2e-6
  }

  /** 0: it answers pings only; 1: readings too; 2: everything. */
  get returnLevel(): number {
    return this.#memory.get('statusReturnLevel')
  }

  get supplied(): boolean {
    return this.#actuator.supplied
  }

  // What the bus does

  /** An instruction was on the line, for whomever. */
  hear(now: Seconds): void {
    this.#actuator.feed(now)
  }

  /** The error byte of a status frame: the number, and bit 7 where register 70 has something to say. */
  errorByte(error: ErrorNumber, now: Seconds): number {
    return error | (this.#advance(now).errorStatus(now) === 0 ? 0 : ALERT)
  }

  /** What a reading finds; `undefined` where it reaches beyond the table. */
  readTable(address: number, count: number, now: Seconds): Uint8Array | undefined {
    this.#sense(now)
    return this.#memory.read(address, count)
  }

  /**
   * A write from the bus; gives the number of the error that it is answered with. `bySecondaryId`: what is in the EEPROM
   * cannot be written so.
   */
  write(address: number, data: Uint8Array, now: Seconds, bySecondaryId = false): ErrorNumber {
    const checked = this.#check(address, data, now, bySecondaryId)
    if (typeof checked === 'number') return checked
    this.#actuator.change(now, () => {
      for (const { name, value } of checked) this.#memory.set(name, value)
      for (const { name } of checked) this.#written(name, now)
    })
    return ERROR.none
  }

  /** Holds a write back until `action`; a later one replaces it. */
  holdWrite(address: number, data: Uint8Array, now: Seconds, bySecondaryId = false): ErrorNumber {
    const checked = this.#check(address, data, now, bySecondaryId)
    if (typeof checked === 'number') return checked
    this.#held = { address, data: data.slice() }
    this.#memory.set('registered', 1)
    return ERROR.none
  }

  /** Carries out the write that is held back. */
  action(now: Seconds): ErrorNumber {
    const held = this.#held
    if (!held) return ERROR.instruction
    this.#held = undefined
    this.#memory.set('registered', 0)
    return this.write(held.address, held.data, now)
  }

  /** Instruction 0x10 with the maker's parameters: forgets its turns, where it stands still. */
  clear(params: Uint8Array, now: Seconds): ErrorNumber {
    if (params.length !== CLEAR_TURNS.length || CLEAR_TURNS.some((byte, i) => params[i] !== byte)) return ERROR.range
    if (this.moving(now)) return ERROR.failed
    this.#actuator.change(now, () => this.#actuator.forgetTurns())
    return ERROR.none
  }

  /** Instruction 6, and then a restart. That torque must be off for it is our reading. */
  factoryReset(what: number | undefined, now: Seconds): ErrorNumber {
    this.#advance(now)
    const kept = keptBy(what)
    if (!kept) return ERROR.range
    if (this.#actuator.torqueOn) return ERROR.access
    this.#memory.recover(kept)
    this.powerCycle(now)
    return ERROR.none
  }

  // What a test sees

  register(name: RegisterName, now: Seconds): number {
    this.#sense(now)
    return this.#memory.get(name)
  }

  read(address: number, count: number, now: Seconds): Uint8Array {
    this.#sense(now)
    const bytes = new Uint8Array(count)
    bytes.set(this.#memory.bytes.subarray(address, address + count))
    return bytes
  }

  powered(now: Seconds): boolean {
    return this.#advance(now).powered
  }

  position(now: Seconds): number {
    return this.#advance(now).place
  }

  velocity(now: Seconds): number {
    return this.#advance(now).velocity
  }

  moving(now: Seconds): boolean {
    return this.velocity(now) !== 0
  }

  presentPosition(now: Seconds): number {
    return this.#advance(now).presentPosition
  }

  presentGoal(now: Seconds): number {
    this.#advance(now)
    return goalOf(this.#memory)
  }

  alarms(now: Seconds): readonly (keyof typeof ALARM)[] {
    const status = this.#advance(now).errorStatus(now)
    return (Object.keys(ALARM) as (keyof typeof ALARM)[]).filter((name) => (status & ALARM[name]) !== 0)
  }

  /** Degrees Celsius. */
  temperature(now: Seconds): number {
    return this.#advance(now).temperature(now)
  }

  // What a test does to it

  turnTo(position: number, now: Seconds): void {
    this.#actuator.turnTo(position, now)
  }

  jam(jammed: boolean, now: Seconds): void {
    this.#actuator.jam(jammed, now)
  }

  slow(pace: number, now: Seconds): void {
    this.#actuator.change(now, () => {
      this.#actuator.pace = pace
    })
  }

  overload(now: Seconds): void {
    this.#actuator.change(now, () => this.#actuator.trip(ALARM.overload))
  }

  /** Clears its hardware errors, as a reboot does; torque stays as it is. */
  clearAlarms(now: Seconds): void {
    this.#actuator.change(now, () => this.#actuator.clearErrors())
  }

  heat(celsius: number | undefined, now: Seconds): void {
    this.#actuator.change(now, () => {
      this.#actuator.fixedTemperature = celsius
    })
  }

  /**
   * Sets the supply in volts; `undefined`: what it was set up with. Outside of registers 32 and 34 the voltage error
   * shows. Below 3 V the servo goes out: limp and deaf, and once they are back it is as after a power cycle.
   */
  supply(volts: number | undefined, now: Seconds): void {
    const was = this.supplied
    this.#actuator.change(now, () => {
      this.#actuator.supply = volts
    })
    if (was && !this.supplied) this.powerCycle(now)
  }

  /** Power off and on, or a reboot: RAM as at power-on, errors and turns forgotten, torque off. */
  powerCycle(now: Seconds): void {
    this.#actuator.change(now, () => {
      this.#held = undefined
      this.#bootedAt = now
      this.#actuator.restart()
    })
  }

  // Inside

  #advance(now: Seconds): Actuator {
    this.#actuator.shaft.advance(now)
    return this.#actuator
  }

  #sense(now: Seconds): void {
    sense(this.#memory, this.#advance(now), this.#model, now, this.#bootedAt)
  }

  #check(address: number, data: Uint8Array, now: Seconds, bySecondaryId: boolean): readonly Written[] | ErrorNumber {
    const { torqueOn, goalsLocked } = this.#advance(now)
    return checkWrite(this.#memory, this.#model, { locked: torqueOn || bySecondaryId, goalsLocked }, address, data)
  }

  /** What the firmware makes of a register that was just written. */
  #written(name: RegisterName, now: Seconds): void {
    if (name === 'torqueEnable') this.#actuator.torqueWritten(now)
    else if (name === 'busWatchdog') this.#actuator.watchdogWritten()
    else if (name === 'operatingMode') this.#actuator.modeWritten()
    else if (GOALS.has(name)) this.#actuator.goalWritten(name === 'goalPosition')
  }
}

function modelNamed(name: string): Model {
  const model = MODELS.get(name)
  if (!model) throw badArgument('new DynamixelServo()', 'model', name, `one of ${[...MODELS.keys()].join(', ')}`)
  return model
}

/** Registers that a factory reset leaves; `undefined`: no such reset. */
function keptBy(what: number | undefined): readonly RegisterName[] | undefined {
  if (what === RESETS.all) return []
  if (what === RESETS.butId) return ['id']
  return what === RESETS.butIdAndBaud ? ['id', 'baudIndex'] : undefined
}
