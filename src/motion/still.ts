import type { Radians, RadiansPerSecond } from '../base/units.ts'
import type { ServoSample } from '../device/servo-bus.ts'

/** How many reads in a row must show no motion. */
const READS = 3

/** Decides from a servo's own readings whether its shaft stands still. Commands do not count, only what was read. */
export class StandstillDetector {
  readonly #velocity: RadiansPerSecond
  readonly #travel: Radians
  #reads = 0
  #low = 0
  #high = 0

  constructor({ stillVelocity, stillTravel }: { stillVelocity: RadiansPerSecond; stillTravel: Radians }) {
    this.#velocity = stillVelocity
    this.#travel = stillTravel
  }

  /** The newest `READS` readings show no motion. */
  get isStill(): boolean {
    return this.#reads >= READS
  }

  /** Forgets what was read: the servo has been told to move. */
  reset(): void {
    this.#reads = 0
  }

  take({ position, velocity }: ServoSample): void {
    const low = Math.min(this.#low, position)
    const high = Math.max(this.#high, position)
    const still = Math.abs(velocity) <= this.#velocity && (this.#reads === 0 || high - low <= this.#travel)
    if (still && this.#reads > 0) {
      this.#low = low
      this.#high = high
      this.#reads++
    } else {
      // This reading ends the old streak, and begins a new one unless it shows speed.
      this.#low = this.#high = position
      this.#reads = Math.abs(velocity) <= this.#velocity ? 1 : 0
    }
  }
}
