import type { Seconds } from './units.ts'

/** Share of a period that is rounding and not time: sums of periods are not exact. */
const ROUNDING = 1e-6

/**
 * Deadlines at a fixed rate, counted from one instant: `anchor + n x period`. A late tick moves none of those after it,
 * so the mean rate does not drift; deadlines that passed meanwhile are counted and not made up for.
 */
export class Cadence {
  readonly period: Seconds
  readonly #anchor: Seconds
  #index = 0

  /** The first deadline is `anchor` itself. */
  constructor(anchor: Seconds, period: Seconds) {
    this.#anchor = anchor
    this.period = period
  }

  /** Which deadline is next, from 0. */
  get index(): number {
    return this.#index
  }

  /** When the next one is. */
  get due(): Seconds {
    return this.at(this.#index)
  }

  /** When the deadline of this index is. */
  at(index: number): Seconds {
    return this.#anchor + index * this.period
  }

  /**
   * A tick runs now, for the newest deadline that has come (or is a rounding error away): moves on to the one after it.
   * Returns how many older ones it passes over.
   */
  tick(now: Seconds): number {
    const newest = Math.max(this.#index, Math.floor((now - this.#anchor) / this.period + ROUNDING))
    const skipped = newest - this.#index
    this.#index = newest + 1
    return skipped
  }

  /** Moves on to the first deadline that is still to come. Returns how many it passes over. */
  skipTo(now: Seconds): number {
    return this.due > now ? 0 : this.tick(now) + 1
  }
}
