import type { Clock, Timer } from './clock.ts'
import type { Seconds } from './units.ts'

/** The first and the longest wait between two attempts. */
export interface Backoff {
  readonly first: Seconds
  readonly longest: Seconds
}

/**
 * Tries something again until it works: one attempt at a time, after waits that double. It holds one timer while it
 * waits, and none otherwise.
 */
export class Reopening {
  readonly #clock: Clock
  readonly #backoff: Backoff
  readonly #attempt: () => Promise<unknown>
  readonly #onFailure: (error: unknown, failures: number) => void
  #wait: Seconds
  #failures = 0
  #timer: Timer | undefined
  #trying = false
  #wanted = false
  #ended = false

  /** `onFailure` is told of each attempt that failed, and how many that makes since the last `reset`. */
  constructor(
    clock: Clock,
    backoff: Backoff,
    attempt: () => Promise<unknown>,
    onFailure: (error: unknown, failures: number) => void,
  ) {
    this.#clock = clock
    this.#backoff = backoff
    this.#attempt = attempt
    this.#onFailure = onFailure
    this.#wait = backoff.first
  }

  /** What it is for is needed, until an attempt succeeds or `satisfied` is called. */
  begin(): void {
    if (this.#ended) return
    this.#wanted = true
    if (this.#timer || this.#trying) return
    const wait = this.#wait
    this.#wait = Math.min(2 * wait, this.#backoff.longest)
    this.#timer = this.#clock.after(wait, () => {
      this.#timer = undefined
      void this.#try()
    })
  }

  async #try(): Promise<void> {
    this.#wanted = false
    this.#trying = true
    try {
      await this.#attempt()
    } catch (error) {
      this.#wanted = true
      if (!this.#ended) this.#onFailure(error, ++this.#failures)
    }
    this.#trying = false
    // Also after a success: it may have been lost again before this went on.
    if (this.#wanted) this.begin()
  }

  /** Somebody else has done it: no attempt is needed any more. */
  satisfied(): void {
    this.#wanted = false
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** It works for good: the next loss starts with the first wait again. What works and fails at once keeps its long one. */
  reset(): void {
    this.#wait = this.#backoff.first
    this.#failures = 0
  }

  /** No further attempt, and no timer. One that is under way goes on by itself. */
  end(): void {
    this.#ended = true
    this.satisfied()
  }
}
