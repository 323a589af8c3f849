/** How thoroughly to measure: a smoke run does every kind of work once, to see that it still can be done. */
export interface Effort {
  readonly rounds: number
  /** Milliseconds of each side in one turn of `compare`. */
  readonly slice: number
  /** By how much large numbers of commands are divided. */
  readonly divisor: number
}

export const FULL: Effort = { rounds: 9, slice: 20, divisor: 1 }
export const SMOKE: Effort = { rounds: 2, slice: 1, divisor: 100 }
