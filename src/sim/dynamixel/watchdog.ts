import type { Seconds } from '../../base/units.ts'

/** One unit of register 98. */
const UNIT: Seconds = 0.02

/**
 * The bus watchdog (register 98): with torque on, a silence of the host that is longer than it was told stops the servo.
 * What stopped is its business; this only counts.
 */
export class Watchdog {
  #fed: Seconds = -Infinity
  #tripped = false

  /** Whether it has tripped and was not cleared. */
  get tripped(): boolean {
    return this.#tripped
  }

  /** An instruction was on the line. */
  feed(now: Seconds): void {
    this.#fed = now
  }

  /** When it trips with this many units, unless it is fed; `Infinity`: not. */
  due(units: number, powered: boolean): Seconds {
    return powered && units > 0 && !this.#tripped ? this.#fed + units * UNIT : Infinity
  }

  trip(): void {
    this.#tripped = true
  }

  /** 0 was written. */
  clear(): void {
    this.#tripped = false
  }
}
