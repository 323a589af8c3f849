import type { Clock, Timer } from '../base/clock.ts'
import type { Problem } from '../base/problem.ts'
import type { Seconds } from '../base/units.ts'

/**
 * What a sensor is worth now. `unknown`: it has not delivered yet. `ok`: it delivers. `stale`: it has delivered nothing
 * for its `maxAge`, counted from its opening where there was no reading at all. `lost`: its link is gone, or is back and
 * has delivered nothing yet.
 */
export type SensorHealth = 'unknown' | 'ok' | 'stale' | 'lost'

/** A change of a sensor's health. */
export interface HealthChange {
  readonly sensor: string
  readonly from: SensorHealth
  readonly to: SensorHealth
  /** How the link was lost, where it was. */
  readonly problem: Problem | undefined
  /** On the robot's clock. */
  readonly at: Seconds
}

/**
 * Watches one sensor's health. A reading costs it one comparison and one sum: its one timer is not set anew by readings,
 * it looks when it fires how much of `maxAge` the newest one has left.
 */
export class HealthWatch {
  readonly #clock: Clock
  readonly #maxAge: Seconds
  readonly #changed: (from: SensorHealth, to: SensorHealth, problem: Problem | undefined) => void
  #state: SensorHealth = 'unknown'
  /** When it is stale unless a reading comes. */
  #due: Seconds = Infinity
  #timer: Timer | undefined

  constructor(
    clock: Clock,
    maxAge: Seconds | undefined,
    changed: (from: SensorHealth, to: SensorHealth, problem: Problem | undefined) => void,
  ) {
    this.#clock = clock
    this.#maxAge = maxAge ?? Infinity
    this.#changed = changed
  }

  /** Now, also while the event loop owes the timer its call. */
  get state(): SensorHealth {
    const silent = this.#state === 'ok' || this.#state === 'unknown'
    return silent && this.#clock.now() >= this.#due ? 'stale' : this.#state
  }

  /** The link is open: from here on silence counts, unless it still counts as lost. */
  opened(): void {
    if (this.#state === 'unknown') this.#expect(this.#clock.now())
  }

  /** A reading came at `now`. True when it is the first after anything but `ok`. */
  reading(now: Seconds): boolean {
    const recovered = this.#state !== 'ok' || now >= this.#due
    // Two readings with too long a gap between them, and the timer's call still to come.
    if (recovered && this.#state === 'ok') this.#go('stale')
    this.#expect(now)
    if (recovered) this.#go('ok')
    return recovered
  }

  /** The link is gone. */
  lost(problem: Problem): void {
    this.end()
    this.#go('lost', problem)
  }

  /** Leaves no timer. */
  end(): void {
    this.#due = Infinity
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #expect(now: Seconds): void {
    this.#due = now + this.#maxAge
    if (this.#maxAge < Infinity) this.#timer ??= this.#clock.after(this.#maxAge, this.#look)
  }

  readonly #look = (): void => {
    this.#timer = undefined
    const now = this.#clock.now()
    if (now < this.#due) this.#timer = this.#clock.after(this.#due - now, this.#look)
    else this.#go('stale')
  }

  #go(to: SensorHealth, problem?: Problem): void {
    const from = this.#state
    if (from === to) return
    this.#state = to
    this.#changed(from, to, problem)
  }
}
