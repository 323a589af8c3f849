import type { Clock, Timer } from '../base/clock.ts'
import { TendonError } from '../base/problem.ts'
import type { Seconds } from '../base/units.ts'
import { simProblem } from './problems.ts'

/**
 * The time of one simulation: 0 at its first open, and from then on as fast as the clock that was lent at the last
 * open. Before the first open it stands still. Starting at 0 makes two runs alike whatever their clocks read.
 */
export class Timeline {
  #clock: Clock | undefined
  #zero: Seconds = 0

  /** Follows this clock from now on; the simulation's own time goes on where it was. */
  bind(clock: Clock): void {
    if (clock === this.#clock) return
    const now = this.now()
    this.#clock = clock
    this.#zero = clock.now() - now
  }

  /** Simulation time in seconds. */
  now(): Seconds {
    return this.#clock === undefined ? 0 : this.#clock.now() - this.#zero
  }

  /** The same instant on the clock that was lent. */
  onClock(at: Seconds): Seconds {
    return at + this.#zero
  }

  /** Calls `fn` when simulation time reaches `at`; at the next occasion when that has passed. */
  at(at: Seconds, fn: () => void): Timer {
    if (this.#clock === undefined) throw new TendonError(simProblem('TENDON_SIM_NOT_OPEN', { call: 'Timeline.at()' }))
    return this.#clock.after(Math.max(0, at - this.now()), fn)
  }
}
