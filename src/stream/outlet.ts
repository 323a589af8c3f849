import type { Clock, Timer } from '../base/clock.ts'
import type { Overflow } from './overflow.ts'
import { Ring } from './ring.ts'

/**
 * Takes one value. It returns whether it wants the next one (`false`: only after another `request`); a promise means
 * "busy until then, then the next". It neither throws nor rejects.
 */
export type Take<T> = (value: T) => boolean | Promise<void>

/** How many values a producer has dropped for all of its consumers together. */
export interface DropCount {
  count: number
}

/**
 * Between a producer that never waits and one consumer: values go through at once while the consumer is ready and the
 * pace allows, and are kept by the overflow rule otherwise. Whatever the producer does, it holds no more than the rule's
 * capacity, and it has a timer only while a value waits for its time.
 */
export class Outlet<T> {
  readonly #clock: Clock
  readonly #rule: Overflow
  readonly #take: Take<T>
  readonly #waiting: Ring<T>
  #ready: boolean
  #open = true
  readonly #drops: DropCount
  #dropped = 0
  /** On the clock: nothing is delivered before. */
  #nextAt = -Infinity
  #timer: Timer | undefined

  /**
   * `ready` says whether the consumer takes values from the start, or only after `request`; `drops` is the producer's
   * own count.
   */
  constructor(clock: Clock, rule: Overflow, take: Take<T>, ready: boolean, drops: DropCount) {
    this.#clock = clock
    this.#rule = rule
    this.#take = take
    this.#waiting = new Ring(rule.capacity)
    this.#ready = ready
    this.#drops = drops
  }

  /** How many values the overflow rule has dropped. */
  get dropped(): number {
    return this.#dropped
  }

  /** A value of the producer. Never throws, never waits. */
  push(value: T): void {
    if (!this.#open) return
    if (this.#waiting.push(value)) {
      this.#dropped++
      this.#drops.count++
    }
    this.#pump()
  }

  /** The consumer takes one value, now or as soon as there is one. */
  request(): void {
    this.#ready = true
    this.#pump()
  }

  /** Takes what is kept without waiting for its time: how the rest is read after the end. */
  drain(): T | undefined {
    return this.#waiting.shift()
  }

  /** Takes no further value and leaves no timer. What is kept stays for `drain`, or is given up with `discard`. */
  close({ discard }: { discard: boolean }): void {
    this.#open = false
    this.#idle()
    if (discard) this.#waiting.clear()
  }

  #pump(): void {
    while (this.#open && this.#ready && this.#waiting.size > 0) {
      if (!this.#mayDeliver()) return
      this.#deliver(this.#waiting.shift() as T)
    }
  }

  /** Whether it is time for the next value; sets the timer when it is not. */
  #mayDeliver(): boolean {
    if (this.#rule.every === 0) return true
    const left = this.#nextAt - this.#clock.now()
    if (left <= 0) return true
    this.#timer ??= this.#clock.after(left, () => {
      this.#timer = undefined
      this.#pump()
    })
    return false
  }

  #deliver(value: T): void {
    if (this.#rule.every > 0) this.#nextAt = this.#clock.now() + this.#rule.every
    // Not ready while it takes: a value that comes out of the consumer itself waits behind this one.
    this.#ready = false
    const more = this.#take(value)
    if (typeof more === 'boolean') this.#ready = more
    else more.then(() => this.request()).catch(() => {})
  }

  #idle(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }
}
