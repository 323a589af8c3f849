import type { Seconds } from '../../base/units.ts'
import { STEP } from './motion.ts'

/** Kelvin above the surroundings after a long time at full load, and how long it takes: ours, not measured. */
const RISE = 60
const TIME_CONSTANT: Seconds = 240

/** The motor's temperature: first order, towards the surroundings plus what the load heats. Degrees Celsius. */
export class Thermal {
  readonly #ambient: number
  #temperature: number

  constructor(ambient: number) {
    this.#ambient = ambient
    this.#temperature = ambient
  }

  /** Where a load that lasts leads. */
  equilibrium(load: number): number {
    return this.#ambient + RISE * load * load
  }

  /** The temperature when this load has lasted for `steps` more steps; changes nothing. */
  after(steps: number, load: number): number {
    if (steps === 0) return this.#temperature
    const goal = this.equilibrium(load)
    return goal + (this.#temperature - goal) * Math.exp((-steps * STEP) / TIME_CONSTANT)
  }

  /** Lets `steps` steps pass under this load. */
  advance(steps: number, load: number): void {
    this.#temperature =
      steps === 1
        ? this.#temperature + (this.equilibrium(load) - this.#temperature) * (STEP / TIME_CONSTANT)
        : this.after(steps, load)
  }
}
