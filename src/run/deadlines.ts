import type { Clock, Timer } from '../base/clock.ts'
import type { Seconds } from '../base/units.ts'

/** Something that can wait in a deadline queue: the links are part of it, so that waiting makes no object. */
export interface Deadlined {
  due: Seconds
  earlier: Deadlined | undefined
  later: Deadlined | undefined
  waitsIn: DeadlineQueue | undefined
}

/**
 * Everything that waits for the same duration, in order of due time, which is the order of joining: one timer serves
 * them all. Joining and leaving are O(1). The timer is kept for a turn after the last one left, so that commands that
 * follow each other do not make a timer each; `sweep` ends it.
 */
export class DeadlineQueue {
  readonly duration: Seconds
  readonly #clock: Clock
  readonly #onDue: (waiter: Deadlined) => void
  #first: Deadlined | undefined
  #last: Deadlined | undefined
  #timer: Timer | undefined
  #timerDue = Number.POSITIVE_INFINITY

  constructor(clock: Clock, duration: Seconds, onDue: (waiter: Deadlined) => void) {
    this.#clock = clock
    this.duration = duration
    this.#onDue = onDue
  }

  join(waiter: Deadlined, now: Seconds): void {
    waiter.due = now + this.duration
    waiter.waitsIn = this
    waiter.earlier = this.#last
    waiter.later = undefined
    if (this.#last) this.#last.later = waiter
    else this.#first = waiter
    this.#last = waiter
    if (!this.#timer) this.#arm(waiter.due, this.duration)
  }

  leave(waiter: Deadlined): void {
    if (waiter.earlier) waiter.earlier.later = waiter.later
    else this.#first = waiter.later
    if (waiter.later) waiter.later.earlier = waiter.earlier
    else this.#last = waiter.earlier
    waiter.earlier = undefined
    waiter.later = undefined
    waiter.waitsIn = undefined
  }

  /** Nobody waits and no timer runs. */
  get idle(): boolean {
    return this.#first === undefined && this.#timer === undefined
  }

  /** Ends the timer when nobody waits. */
  sweep(): void {
    if (this.#first) return
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #arm(due: Seconds, delay: Seconds): void {
    this.#timerDue = due
    this.#timer = this.#clock.after(delay, () => this.#fire())
  }

  #fire(): void {
    this.#timer = undefined
    // Those that were due when the timer was set are due, whatever rounding says about "now".
    const now = Math.max(this.#clock.now(), this.#timerDue)
    while (this.#first && this.#first.due <= now) {
      const due = this.#first
      this.leave(due)
      this.#onDue(due)
    }
    if (this.#first && !this.#timer) this.#arm(this.#first.due, Math.max(0, this.#first.due - this.#clock.now()))
  }
}

/** One queue per duration; there are as many as the definition has different deadlines. */
export class Deadlines {
  readonly #queues = new Map<Seconds, DeadlineQueue>()
  /** The one that was joined last, and probably will be next. */
  #recent: DeadlineQueue | undefined
  readonly #clock: Clock
  readonly #onDue: (waiter: Deadlined) => void

  constructor(clock: Clock, onDue: (waiter: Deadlined) => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  /** Calls `onDue(waiter)` after `duration`, unless it leaves before. `Infinity`: never. */
  join(waiter: Deadlined, duration: Seconds, now: Seconds): void {
    if (duration === Number.POSITIVE_INFINITY) return
    if (this.#recent?.duration !== duration) this.#recent = this.#queueOf(duration)
    this.#recent.join(waiter, now)
  }

  #queueOf(duration: Seconds): DeadlineQueue {
    let queue = this.#queues.get(duration)
    if (!queue) {
      queue = new DeadlineQueue(this.#clock, duration, this.#onDue)
      this.#queues.set(duration, queue)
    }
    return queue
  }

  leave(waiter: Deadlined): void {
    waiter.waitsIn?.leave(waiter)
  }

  /** Ends the timers of empty queues, and forgets durations that only a child run had. */
  sweep(): void {
    this.#recent = undefined
    for (const [duration, queue] of this.#queues) {
      queue.sweep()
      if (queue.idle) this.#queues.delete(duration)
    }
  }
}
