/** Reasons beyond this many are counted together: the text may come from a third party's driver. */
const MOST_REASONS = 32
const OTHER = 'other'

/** Counts by reason, in bounded memory. */
export class Tally {
  readonly #counts = new Map<string, number>()

  /** Counts one, and returns how many that makes of this reason. */
  add(reason: string): number {
    const known = this.#counts.has(reason) || this.#counts.size < MOST_REASONS
    const key = known ? reason : OTHER
    const count = (this.#counts.get(key) ?? 0) + 1
    this.#counts.set(key, count)
    return count
  }

  /** The counts so far. */
  toObject(): Record<string, number> {
    return Object.fromEntries(this.#counts)
  }
}

/** Whether this count is worth a line: the 1st, 10th, 100th, ... time, so that a broken cable does not flood a log. */
export function isPowerOfTen(count: number): boolean {
  return Number.isInteger(Math.log10(count))
}
