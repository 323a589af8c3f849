import { badArgument } from '../base/argument.ts'
import type { Seconds } from '../base/units.ts'

/**
 * What a subscription does with values that its consumer has not taken yet. It keeps at most `capacity` of them and
 * then drops the oldest; it delivers at most one per `every` seconds.
 */
export interface Overflow {
  readonly kind: 'latest' | 'buffer' | 'sample'
  readonly capacity: number
  readonly every: Seconds
}

/** The most that `buffer` keeps. */
const LARGEST_BUFFER = 1_000_000

const LATEST: Overflow = { kind: 'latest', capacity: 1, every: 0 }

/** Keeps only the newest value: what a control loop wants. The default everywhere. */
export const latest = (): Overflow => LATEST

/** Keeps the newest `capacity` values (1 to 1,000,000) and drops the oldest: what a recording wants. */
export function buffer(capacity: number): Overflow {
  if (!(Number.isInteger(capacity) && capacity >= 1 && capacity <= LARGEST_BUFFER)) {
    throw badArgument('buffer()', 'capacity', capacity, `a whole number from 1 to ${LARGEST_BUFFER}`)
  }
  return { kind: 'buffer', capacity, every: 0 }
}

/**
 * Delivers the first value at once and then at most one per `every` seconds, the newest there is: what a display wants.
 * Values replaced before they were delivered count as dropped.
 */
export function sample(every: Seconds): Overflow {
  if (!(every > 0 && every < Infinity))
    throw badArgument('sample()', 'interval', every, 'a finite number of seconds above 0')
  return { kind: 'sample', capacity: 1, every }
}
