import type { Problem } from './problem.ts'

/**
 * Why a run was canceled. `requested` somebody called cancel; `preempted` a newer command took its place; `deadline`
 * it ran too long; `safety` stop, disarm or fault; `shutdown` close; `parent` the run that started it ended.
 */
export type CancelReason = 'requested' | 'preempted' | 'deadline' | 'safety' | 'shutdown' | 'parent'

export interface Succeeded<R> {
  readonly status: 'succeeded'
  readonly value: R
}

export interface Failed<P = unknown> {
  readonly status: 'failed'
  readonly error: Problem
  /** The last partial result that the body published, if any. */
  readonly partial?: P
}

export interface Canceled<P = unknown> {
  readonly status: 'canceled'
  readonly reason: CancelReason
  /** Whether its joints were read standing still or without power. `false`: keep clear, see the `ended` event. */
  readonly stopConfirmed: boolean
  /** True when the body ignored the cancel and its access was taken away. */
  readonly cutOff: boolean
  readonly partial?: P
}

export interface Refused {
  readonly status: 'refused'
  readonly error: Problem
}

export interface Uncertain {
  readonly status: 'uncertain'
  readonly error: Problem
}

/** How a run ended: exactly one of these, the same for everyone who asks. */
export type Outcome<R = unknown, P = unknown> = Succeeded<R> | Failed<P> | Canceled<P> | Refused | Uncertain

/**
 * What a body's calls reject with when its run is canceled. One frozen instance per reason: interrupting thousands of
 * runs makes no stacks.
 */
export class Interrupted extends Error {
  readonly reason: CancelReason
  private constructor(reason: CancelReason) {
    super(`the run was canceled: ${reason}`)
    this.name = 'Interrupted'
    this.reason = reason
    this.stack = `Interrupted: ${this.message}`
    Object.freeze(this)
  }

  static #shared = new Map<CancelReason, Interrupted>()

  static by(reason: CancelReason): Interrupted {
    let shared = Interrupted.#shared.get(reason)
    if (!shared) {
      shared = new Interrupted(reason)
      Interrupted.#shared.set(reason, shared)
    }
    return shared
  }
}
