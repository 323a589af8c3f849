import type { Seconds } from '../base/units.ts'

/** What a full category or a taken claim does with a newcomer. */
export type ConflictPolicy = 'reject' | 'queue' | 'preempt'

/** A pool of slots. */
export interface CategorySpec {
  /** One sentence, for people. */
  readonly doc?: string
  /** Live runs at a time; default 1. */
  readonly limit?: number
  /** Default `reject`. */
  readonly conflict?: ConflictPolicy
  /** With `queue`: how many may wait. Default `limits.queueLength`. */
  readonly queueLength?: number
  /** With `queue`: how long one may wait. Default `limits.queueTimeout`. */
  readonly queueTimeout?: Seconds
}

/** A state that the definition adds to `disarmed` and `idle`. */
export interface StateSpec {
  /** One sentence, for people. */
  readonly doc?: string
}
