import { type Clock, systemClock } from 'tendon'
import { scaledClock } from 'tendon/sim'
import { UsageError } from './usage-error.ts'

/** What `tendon sim` can be told; numbers may come as they were written. */
export interface SimOptions {
  /** One JSON object a line. */
  readonly json?: boolean | undefined
  /** `elbow_flex=stuck@3s`; several begin and end each at its own time. */
  readonly fault?: string | readonly string[] | undefined
  /** Of everything that is left to chance: a whole number. Default 1. */
  readonly seed?: number | string | undefined
  /** How fast the robot lives: 0.1 to 20. Default 1. */
  readonly speed?: number | string | undefined
  /** Plain lines and no stop key, even on a terminal. */
  readonly headless?: boolean | undefined
  /** No robot program: the simulated servos on a pseudo terminal. A text is the path of a link to it. */
  readonly pty?: boolean | string | undefined
}

/** The seed as a number. Throws a `UsageError`. */
export function seedOf({ seed = 1 }: SimOptions): number {
  const number = Number(seed)
  if (Number.isSafeInteger(number) && seed !== '') return number
  throw new UsageError(`--seed takes a whole number, not ${seed}.`, 'tendon sim so101 --seed 7')
}

/** The clock that the robot lives on. Throws a `UsageError`. */
export function clockOf({ speed = 1 }: SimOptions): Clock {
  const factor = speed === '' ? Number.NaN : Number(speed)
  if (factor === 1) return systemClock
  try {
    return scaledClock(systemClock, factor)
  } catch {
    throw new UsageError(`--speed takes a number from 0.1 to 20, not ${speed}.`, 'tendon sim so101 --speed 4')
  }
}
