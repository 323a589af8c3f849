import type { Seconds } from '../../base/units.ts'
import { type Body, type Drive, Motion, STEP } from './motion.ts'

/** One of the motors that turn a shaft. All that it says is on the shaft's own scale. */
export interface Motor {
  /** What it does to the shaft, as its registers ask for it now. */
  drive(): Drive
  /**
   * One step has passed, with this share of the largest torque given by it. Returns whether it is at rest by itself: no
   * count running that time alone would end.
   */
  step(load: number): boolean
  /** So many steps have passed at rest. */
  rest(steps: number, load: number): void
  /** The instant at which it does something by itself though nothing moves; `Infinity`: never. */
  readonly alarmClock: Seconds
  /** That instant has come. */
  ring(): void
}

/** Two motors whose goals are further apart than this hold each other. Raw steps. */
const APART = 200

const stepsAt = (time: Seconds): number => Math.floor(time / STEP + 1e-6)

/**
 * A shaft with one motor or several, integrated in fixed steps up to whatever time it is asked about; while nothing can
 * change it rests, and an hour costs nothing. Several motors share the work by what each may give; the one that was
 * added first leads, and where their goals are far apart nothing moves and each gives all it has.
 */
export class Shaft {
  readonly #motion: Motion
  readonly #motors: Motor[] = []
  #body: Body
  #drives: readonly Drive[] = []
  /** What the motors do to the shaft together, and each one's share of it. */
  #together: Drive | undefined
  #shares: readonly number[] = []
  #fighting = false
  /** Steps integrated so far; while at rest, the step since which nothing has changed. */
  #step = 0
  #resting = false

  constructor(position: number, body: Body) {
    this.#motion = new Motion(position)
    this.#body = body
  }

  /** Adds a motor; before anything is asked. */
  add(motor: Motor): void {
    this.#motors.push(motor)
    this.refresh()
  }

  /** Where it is, as far as it has been integrated. */
  get position(): number {
    return this.#motion.position
  }

  get velocity(): number {
    return this.#motion.velocity
  }

  /** What pulls at it. */
  get body(): Body {
    return this.#body
  }

  /** Share of its largest torque that this motor gives, signed. */
  load(motor: Motor): number {
    return this.#loadOf(this.#motors.indexOf(motor))
  }

  /** Steps that have passed at rest and are not counted yet. */
  rested(now: Seconds): number {
    return this.#resting ? Math.max(0, stepsAt(now) - this.#step) : 0
  }

  /** Changes what acts on the shaft: its body, its motors, or, by hand, its place. */
  change(now: Seconds, apply: (shaft: { body: Body; motion: Motion }) => void): void {
    this.advance(now)
    this.#wake(stepsAt(now))
    const parts = { body: this.#body, motion: this.#motion }
    apply(parts)
    this.#body = parts.body
    this.refresh()
  }

  /** Asks the motors again what they do. */
  refresh(): void {
    this.#drives = this.#motors.map((one) => one.drive())
    const powered = this.#drives.filter((drive) => drive.powered)
    const [leads] = powered
    const all = powered.reduce((sum, { authority }) => sum + authority, 0)
    this.#together = leads ? { ...leads, authority: all } : this.#drives[0]
    this.#shares = this.#drives.map((drive) => (drive.powered && all > 0 ? drive.authority / all : 0))
    this.#fighting = powered.some((drive) => leads !== undefined && areApart(drive, leads))
  }

  /** Integrates up to `now`. Going back in time does nothing. */
  advance(now: Seconds): void {
    const end = stepsAt(now)
    for (;;) {
      const next = this.#nextAlarm()
      if (!this.#resting) {
        if (this.#step >= end) return
        this.#integrate()
      } else if (next <= end) this.#wake(next)
      else return
      this.#ringAll()
    }
  }

  #nextAlarm(): number {
    // Strictly after its instant, so that whoever comes at the instant itself still comes in time.
    return stepsAt(Math.min(...this.#motors.map((one) => one.alarmClock))) + 1
  }

  #ringAll(): void {
    for (const motor of this.#motors) {
      if (stepsAt(motor.alarmClock) >= this.#step) continue
      motor.ring()
      this.refresh()
    }
  }

  #integrate(): void {
    this.#step++
    const still = this.#motion.step(
      this.#together as Drive,
      this.#fighting ? { ...this.#body, jammed: true } : this.#body,
    )
    let calm = still
    for (const [index, motor] of this.#motors.entries()) calm = motor.step(this.#loadOf(index)) && calm
    this.#resting = calm
  }

  /** Motors that fight each give all they have, each its own way. */
  #loadOf(index: number): number {
    const share = this.#shares[index] ?? 0
    if (share === 0 || !this.#fighting) return share * this.#motion.load
    const { kind, target, velocity, authority } = this.#drives[index] as Drive
    return Math.sign(kind === 'position' ? target - this.#motion.position : velocity) * authority
  }

  #wake(step: number): void {
    if (!this.#resting) return
    const end = Math.max(this.#step, step)
    for (const motor of this.#motors) motor.rest(end - this.#step, this.load(motor))
    this.#step = end
    this.#resting = false
  }
}

/** Whether two motors want what cannot both be. */
const areApart = (one: Drive, other: Drive): boolean =>
  one.kind !== other.kind ||
  Math.abs(one.kind === 'position' ? one.target - other.target : one.velocity - other.velocity) > APART
