import { badArgument } from './argument.ts'
import { onAbort } from './on-abort.ts'
import type { Seconds } from './units.ts'

/** A pending call that can be withdrawn. Withdrawing it twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void
}

/**
 * The only source of time in Tendon. Nothing else in the library reads a clock or sets a timer, so that the whole
 * runtime also runs on the virtual clock of `tendon/testing`.
 */
export interface Clock {
  /** Monotonic time in seconds. Its zero is arbitrary; only differences mean something. */
  now(): Seconds
  /** Wall time in milliseconds since the Unix epoch, as `Date` takes it. For records, never for control. */
  wall(): number
  /**
   * Calls `fn` once, never early, when `delay` seconds have passed. `Infinity` never fires and holds nothing;
   * delays beyond 2^31-1 ms are exact too. A negative or NaN delay throws `TENDON_ARGUMENT_INVALID`.
   */
  after(delay: Seconds, fn: () => void): Timer
  /** Calls `fn` in a later macrotask turn, after all promise reactions that are now due. */
  turn(fn: () => void): Timer
}

const NEVER: Timer = { cancel() {} }
/** Node fires timers of more than 2^31-1 ms at once, so longer waits are made of several. */
const LONGEST_MS = 2 ** 31 - 1

/** Throws `TENDON_ARGUMENT_INVALID` for what no timer can wait for. */
export function checkDelay(delay: Seconds): void {
  if (!(delay >= 0)) throw badArgument('A timer', 'delay', delay, 'a number of seconds, 0 or more')
}

class SystemTimer implements Timer {
  readonly #due: Seconds
  readonly #fn: () => void
  #handle: NodeJS.Timeout | undefined

  constructor(due: Seconds, fn: () => void) {
    this.#due = due
    this.#fn = fn
    this.#wait()
  }

  #wait(): void {
    const left = (this.#due - performance.now() / 1000) * 1000
    this.#handle = setTimeout(() => this.#wake(), Math.min(Math.max(Math.ceil(left), 0), LONGEST_MS))
  }

  #wake(): void {
    // setTimeout may fire up to half a millisecond early, and a chained long wait is not due yet.
    if (performance.now() / 1000 < this.#due) return this.#wait()
    this.#handle = undefined
    this.#fn()
  }

  cancel(): void {
    if (this.#handle === undefined) return
    clearTimeout(this.#handle)
    this.#handle = undefined
  }
}

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => performance.now() / 1000,
  wall: () => Date.now(),
  after(delay, fn) {
    checkDelay(delay)
    return delay === Infinity ? NEVER : new SystemTimer(performance.now() / 1000 + delay, fn)
  },
  turn(fn) {
    const handle = setImmediate(fn)
    return { cancel: () => clearImmediate(handle) }
  },
}

/** Resolves after `delay` seconds; rejects with the signal's reason, and leaves no timer, when `signal` aborts first. */
export function sleep(clock: Clock, delay: Seconds, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const timer = clock.after(delay, () => {
      forget?.()
      resolve()
    })
    const aborted = (): void => {
      timer.cancel()
      reject(signal?.reason)
    }
    const forget = signal && onAbort(signal, aborted)
  })
}

/**
 * Resolves to the value of `work`, or to `onTimeout()` once `limit` seconds have passed; the timer never outlives
 * either. `work` goes on by itself: whoever started it owns it.
 */
export async function within<T, U>(clock: Clock, limit: Seconds, work: Promise<T>, onTimeout: () => U): Promise<T | U> {
  let timer: Timer | undefined
  const timeout = new Promise<U>((resolve, reject) => {
    timer = clock.after(limit, () => {
      try {
        resolve(onTimeout())
      } catch (error) {
        reject(error)
      }
    })
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    timer?.cancel()
  }
}
