import { type Clock, checkDelay, type Timer } from '../base/clock.ts'
import { TendonError } from '../base/problem.ts'
import type { Seconds } from '../base/units.ts'
import { testingProblem } from './problems.ts'

interface Pending extends Timer {
  readonly due: Seconds
  readonly order: number
  fn: (() => void) | undefined
}

/**
 * Time that moves only when a test says so. Timers fire in order of due time, then of creation; between two of them
 * every promise reaction and every `turn` that is due has run. Hours pass in milliseconds.
 */
export class VirtualClock implements Clock {
  #now: Seconds
  #wallAtZero: number
  #order = 0
  #timers: Pending[] = []
  #turns: Pending[] = []
  #cancelled = 0

  /** `start` is the first `now()`; `wall` the wall time then, in milliseconds since the Unix epoch. */
  constructor({ start = 0, wall = Date.UTC(2026, 0, 1) }: { start?: Seconds; wall?: number } = {}) {
    this.#now = start
    this.#wallAtZero = wall - start * 1000
  }

  now(): Seconds {
    return this.#now
  }

  wall(): number {
    return this.#wallAtZero + this.#now * 1000
  }

  /** How many timers and turns are pending: a closed robot leaves 0. */
  get pending(): number {
    return this.#timers.length - this.#cancelled + this.#turns.filter((turn) => turn.fn).length
  }

  after(delay: Seconds, fn: () => void): Timer {
    checkDelay(delay)
    if (delay === Infinity) return { cancel() {} }
    const timer: Pending = {
      due: this.#now + delay,
      order: this.#order++,
      fn,
      cancel: () => {
        if (!timer.fn) return
        timer.fn = undefined
        // Cancelled timers stay in the heap until they surface; sweep when they are the majority.
        if (++this.#cancelled > 64 && this.#cancelled * 2 > this.#timers.length) this.#sweep()
      },
    }
    this.#timers.push(timer)
    this.#up(this.#timers.length - 1)
    return timer
  }

  turn(fn: () => void): Timer {
    const turn: Pending = {
      due: this.#now,
      order: this.#order++,
      fn,
      cancel: () => {
        turn.fn = undefined
      },
    }
    this.#turns.push(turn)
    return turn
  }

  /** Runs everything that is due now: promise reactions, turns, and what they start. Time does not move. */
  async settle(): Promise<void> {
    // A turn comes after all promise reactions that are due when it is asked for, so these run first.
    await macrotask()
    while (this.#turns.length > 0) {
      const turns = this.#turns
      this.#turns = []
      for (const turn of turns) {
        const fn = turn.fn
        turn.fn = undefined
        fn?.()
      }
      await macrotask()
    }
  }

  /** Moves time on by `by` seconds, firing everything that falls due on the way. */
  async advance(by: Seconds): Promise<void> {
    checkDelay(by)
    const end = this.#now + by
    await this.settle()
    for (let next = this.#next(); next && next.due <= end; next = this.#next()) await this.#fire(next)
    this.#now = end
    await this.settle()
  }

  /**
   * Moves time on, timer by timer, until `promise` settles, and returns its value or throws its error. Throws when
   * no timer is left to wait for, or after `limit` seconds of virtual time (default 10 minutes).
   */
  async run<T>(promise: PromiseLike<T>, { limit = 600 }: { limit?: Seconds } = {}): Promise<T> {
    let settled = false
    const done = (): void => {
      settled = true
    }
    promise.then(done, done)
    const end = this.#now + limit
    await this.settle()
    while (!settled) {
      const next = this.#next()
      if (!next) throw new TendonError(testingProblem('TENDON_CLOCK_STUCK', { at: this.#now }))
      if (next.due > end) throw new TendonError(testingProblem('TENDON_CLOCK_LIMIT', { limit }))
      await this.#fire(next)
    }
    return promise
  }

  async #fire(timer: Pending): Promise<void> {
    this.#pop()
    this.#now = Math.max(this.#now, timer.due)
    const fn = timer.fn
    timer.fn = undefined
    fn?.()
    await this.settle()
  }

  /** The next live timer, with the cancelled ones before it removed. */
  #next(): Pending | undefined {
    while (this.#timers[0] && !this.#timers[0].fn) {
      this.#pop()
      this.#cancelled--
    }
    return this.#timers[0]
  }

  #sweep(): void {
    const live = this.#timers.filter((timer) => timer.fn)
    this.#timers = []
    this.#cancelled = 0
    for (const timer of live) {
      this.#timers.push(timer)
      this.#up(this.#timers.length - 1)
    }
  }

  #before(a: number, b: number): boolean {
    const x = this.#timers[a] as Pending
    const y = this.#timers[b] as Pending
    return x.due < y.due || (x.due === y.due && x.order < y.order)
  }

  #swap(a: number, b: number): void {
    const x = this.#timers[a] as Pending
    this.#timers[a] = this.#timers[b] as Pending
    this.#timers[b] = x
  }

  #up(start: number): void {
    for (let at = start; at > 0; ) {
      const parent = (at - 1) >> 1
      if (!this.#before(at, parent)) return
      this.#swap(at, parent)
      at = parent
    }
  }

  #pop(): void {
    const last = this.#timers.pop()
    if (!last || this.#timers.length === 0) return
    this.#timers[0] = last
    for (let at = 0; ; ) {
      let least = at
      for (const child of [2 * at + 1, 2 * at + 2])
        if (child < this.#timers.length && this.#before(child, least)) least = child
      if (least === at) return
      this.#swap(at, least)
      at = least
    }
  }
}

const macrotask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
