import type { Seconds } from '../base/units.ts'

/** What a full category or a taken claim does with a newcomer. */
export type ConflictPolicy = 'reject' | 'queue' | 'preempt'

/** A pool of slots. */
export interface CategorySpec {
  readonly doc?: string
  /** Live runs at a time; default 1. */
  readonly limit?: number
  /** Default `reject`. */
  readonly conflict?: ConflictPolicy
  /** With `queue`: how many may wait (default `limits.queueLength`) and for how long (default `limits.queueTimeout`). */
  readonly queueLength?: number
  readonly queueTimeout?: Seconds
}

/** A state that the definition adds to `disarmed` and `idle`. */
export interface StateSpec {
  readonly doc?: string
}
