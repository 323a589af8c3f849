import type { Seconds } from '../../base/units.ts'
import type { Drive } from '../mechanics/motion.ts'
import { type Motor, Shaft } from '../mechanics/shaft.ts'
import { Thermal } from '../mechanics/thermal.ts'
import { directionOf, driveOf, fastestOf, goalOf, offsetOf, type Profile, timedProfile } from './control.ts'
import { type ErrorLimits, errorLimitsOf, HardwareErrors, type Sensed } from './hardware-errors.ts'
import type { Memory } from './memory.ts'
import type { Model } from './models.ts'
import { DRIVE, MODE, STEPS_PER_TURN } from './registers.ts'
import { Watchdog } from './watchdog.ts'

/** What surrounds an actuator. */
export interface Surroundings {
  /** Where the shaft is at first, as register 132 shows it. */
  readonly position: number
  /** Signed share of the largest torque that pulls at the shaft, positive to larger positions. */
  readonly gravity: number
  /** Mechanical ends, as register 132 shows them. */
  readonly travel: readonly [min: number, max: number]
  /** Volts. */
  readonly supply: number
  /** Degrees Celsius. */
  readonly ambient: number
  /** One that turns the same shaft, from the other side: what is right for the one is left for the other. */
  readonly opposite: Actuator | undefined
}

/** Raw position of the middle. */
export const CENTRE = STEPS_PER_TURN / 2
/** Ours, not measured: amperes of a powered motor at rest, and the resistance of its supply. */
const IDLE_CURRENT = 0.05
const SUPPLY_OHMS = 0.15
/** Volts below which the controller itself goes out, and starts anew when they are back. Ours, not measured. */
const BROWN_OUT = 3
/** What register 98 reads once the watchdog has tripped. */
const TRIPPED = 0xff

/**
 * The motor of one servo with its encoder, its sensors and its watchdog, as its registers command them. The shaft's own
 * scale is that of a servo in normal mode without offset.
 */
export class Actuator {
  readonly shaft: Shaft
  readonly #memory: Memory
  readonly #model: Model
  readonly #motor: Motor
  readonly #thermal: Thermal
  readonly #errors = new HardwareErrors()
  readonly #watchdog = new Watchdog()
  readonly #nominal: number
  /** -1 for one that faces the other way on another one's shaft. */
  readonly #facing: 1 | -1
  #supply: number
  #pace = 1
  #fixedTemperature: number | undefined
  /** The position of the encoder that register 132 counts from: whole turns that it has forgotten. */
  #origin = 0
  /** The bus watchdog has stopped it, and no new goal has come. */
  #stopped = false
  #timed: Profile | undefined
  // What the registers say, at hand for every step.
  #limits: ErrorLimits
  #watchdogDue: Seconds = Infinity

  constructor(memory: Memory, model: Model, { supply, ambient, opposite, ...place }: Surroundings) {
    this.#memory = memory
    this.#model = model
    this.#facing = opposite ? -1 : 1
    this.#nominal = supply
    this.#supply = supply
    this.#thermal = new Thermal(ambient)
    this.#limits = errorLimitsOf(memory)
    this.shaft = opposite ? opposite.shaft : this.#shaftAt(place)
    this.#motor = this.#asMotor()
    this.restart()
    this.shaft.add(this.#motor)
  }

  get supplied(): boolean {
    return this.#supply >= BROWN_OUT
  }

  /** Whether the torque register says so. */
  get torqueOn(): boolean {
    return this.#memory.get('torqueEnable') !== 0
  }

  /** Whether the motor is energised. */
  get powered(): boolean {
    return this.torqueOn && this.supplied
  }

  /** Whether goals can only be read. */
  get goalsLocked(): boolean {
    return this.#watchdog.tripped
  }

  /** 1 where its positions grow with those of the shaft. */
  get direction(): 1 | -1 {
    return (this.#facing * directionOf(this.#memory)) as 1 | -1
  }

  /** Share of its largest torque that it gives, in its own direction. */
  get load(): number {
    return this.shaft.load(this.#motor) * this.direction
  }

  /** Where the shaft is, as register 132 shows it if it never forgot a turn. */
  get place(): number {
    return this.#mirrored(this.shaft.position) + offsetOf(this.#memory)
  }

  get presentPosition(): number {
    return Math.round(this.place - this.#origin)
  }

  /** Step/s. */
  get velocity(): number {
    // No minus zero for one that is the other way round.
    return this.shaft.velocity * this.direction + 0
  }

  get volts(): number {
    const current = (this.powered ? IDLE_CURRENT : 0) + Math.abs(this.load) * this.#model.stall
    return this.#supply - SUPPLY_OHMS * current
  }

  /** Degrees Celsius. */
  temperature(now: Seconds): number {
    return this.#fixedTemperature ?? this.#thermal.after(this.shaft.rested(now), this.load)
  }

  /** What register 70 shows. */
  errorStatus(now: Seconds): number {
    return this.#errors.status(this.#sensed(this.temperature(now)), this.#limits)
  }

  // What acts on it

  /** Everything that may set the shaft in motion or shut the motor down goes through here. */
  change(now: Seconds, apply: () => void = () => {}): void {
    this.shaft.change(now, () => {
      apply()
      this.#limits = errorLimitsOf(this.#memory)
      if (this.supplied && this.#errors.look(this.#sensed(), this.#limits)) this.#memory.set('torqueEnable', 0)
      this.#mindWatchdog()
    })
  }

  /** An instruction was on the line. */
  feed(now: Seconds): void {
    this.shaft.advance(now)
    this.#watchdog.feed(now)
    this.#mindWatchdog()
  }

  /** As after power-on: no errors, no turns, no power, and goals that ask for nothing. */
  restart(): void {
    this.#memory.forget()
    this.#errors.reset()
    this.#watchdog.clear()
    this.#stopped = false
    this.#timed = undefined
    this.forgetTurns()
    this.#freshGoals()
  }

  /** Register 132 shows a position within one turn again, and the offset. */
  forgetTurns(): void {
    const actual = Math.round(this.#mirrored(this.shaft.position))
    this.#origin = Math.floor(actual / STEPS_PER_TURN) * STEPS_PER_TURN
  }

  /** Turns the shaft as a hand would. */
  turnTo(position: number, now: Seconds): void {
    this.shaft.change(now, ({ body, motion }) => {
      const there = this.#mirrored(position - offsetOf(this.#memory))
      motion.position = Math.max(body.min, Math.min(body.max, there))
      motion.velocity = 0
    })
  }

  jam(jammed: boolean, now: Seconds): void {
    this.shaft.change(now, (shaft) => {
      shaft.body = { ...shaft.body, jammed }
    })
  }

  set pace(share: number) {
    this.#pace = share
  }

  set fixedTemperature(celsius: number | undefined) {
    this.#fixedTemperature = celsius
  }

  /** `undefined`: what it was set up with. */
  set supply(volts: number | undefined) {
    this.#supply = volts ?? this.#nominal
  }

  trip(alarm: number): void {
    this.#errors.trip(alarm)
  }

  clearErrors(): void {
    this.#errors.reset()
  }

  // What a written register does

  /** Switched on in position mode it forgets its turns. The goal stays what it was: who does not set it first, jumps. */
  torqueWritten(now: Seconds): void {
    this.#stopped = false
    if (!this.torqueOn) return
    this.#watchdog.feed(now)
    if (this.#memory.get('operatingMode') === MODE.position) this.forgetTurns()
  }

  modeWritten(): void {
    if (this.#memory.get('operatingMode') === MODE.position) this.forgetTurns()
    this.#timed = undefined
    this.#freshGoals()
  }

  watchdogWritten(): void {
    if (this.#memory.get('busWatchdog') === 0) this.#watchdog.clear()
  }

  /** A new goal sets one in motion again that the watchdog has stopped. */
  goalWritten(isPosition: boolean): void {
    const memory = this.#memory
    this.#stopped = false
    if ((memory.get('driveMode') & DRIVE.torqueByGoal) !== 0) memory.set('torqueEnable', 1)
    if (isPosition) this.#timed = timedProfile(memory, this.#model, goalOf(memory) - this.presentPosition)
  }

  // Inside

  /** A place on the shaft as this encoder has it; the other way round it is the same sum. */
  #mirrored(place: number): number {
    return CENTRE + this.direction * (place - CENTRE)
  }

  #shaftAt({ position, gravity, travel }: Pick<Surroundings, 'position' | 'gravity' | 'travel'>): Shaft {
    const offset = offsetOf(this.#memory)
    const ends = travel.map((end) => this.#mirrored(end - offset))
    return new Shaft(this.#mirrored(position - offset), {
      gravity: gravity * this.direction,
      min: Math.min(...ends),
      max: Math.max(...ends),
      jammed: false,
      rated: fastestOf(this.#model),
    })
  }

  /** Where it is, no speed, and limits as wide as they go. What a new mode begins with is our reading. */
  #freshGoals(): void {
    const memory = this.#memory
    const mode = memory.get('operatingMode')
    memory.set('goalPosition', this.presentPosition)
    memory.set('goalVelocity', 0)
    memory.set('goalPwm', mode === MODE.pwm ? 0 : memory.get('pwmLimit'))
    memory.set('goalCurrent', mode === MODE.current ? 0 : memory.get('currentLimit'))
  }

  #asMotor(): Motor {
    const dueAt = (): Seconds => this.#watchdogDue
    return {
      drive: () => this.#drive(),
      step: (load) => this.#step(load),
      rest: (steps, load) => this.#thermal.advance(steps, load),
      get alarmClock() {
        return dueAt()
      },
      ring: () => this.#bite(),
    }
  }

  /** On the shaft's scale. */
  #drive(): Drive {
    const { direction, powered } = this
    const drive = driveOf(this.#memory, this.#model, {
      powered,
      stopped: this.#stopped,
      origin: this.#origin,
      pace: this.#pace,
      gravity: this.shaft.body.gravity * direction,
      timed: this.#timed,
    })
    const velocity = drive.kind === 'velocity' ? drive.velocity * direction : drive.velocity
    return { ...drive, target: this.#mirrored(drive.target), velocity }
  }

  #step(load: number): boolean {
    this.#thermal.advance(1, load)
    if (!this.supplied) return true
    const off = this.#errors.step(this.#sensed(), this.#limits)
    if (off && this.torqueOn) {
      this.#memory.set('torqueEnable', 0)
      this.shaft.refresh()
      return false
    }
    const heatsUp = this.#fixedTemperature === undefined && this.#thermal.equilibrium(load) > this.#limits.temperature
    return !this.#errors.counting && (off || !heatsUp)
  }

  #mindWatchdog(): void {
    this.#watchdogDue = this.#watchdog.due(this.#memory.get('busWatchdog'), this.powered)
  }

  /** The bus watchdog trips: it stops, and takes no goal until 0 is written to register 98. */
  #bite(): void {
    this.#watchdog.trip()
    this.#memory.set('busWatchdog', TRIPPED)
    this.#stopped = true
    this.#mindWatchdog()
  }

  #sensed(temperature = this.#fixedTemperature ?? this.#thermal.after(0, 0)): Sensed {
    return { load: Math.abs(this.load), temperature, volts: this.volts }
  }
}
