import type { Clock } from '../base/clock.ts'
import { type DropCount, Outlet } from './outlet.ts'
import type { Overflow } from './overflow.ts'

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

/**
 * Values to be read with `for await`, at the reader's own pace. It collects from the moment it is made, by its overflow
 * rule; leaving the loop, `return()` and disposing it end it. It never throws: when the producer ends, what was kept is
 * still read, then the loop ends.
 */
export class ReadingStream<T> implements AsyncIterableIterator<T>, AsyncDisposable {
  readonly #outlet: Outlet<T>
  readonly #onEnd: () => void
  readonly #readers: ((result: IteratorResult<T, undefined>) => void)[] = []
  #ended = false

  /** `onEnd` is called once, when the reader or the producer has ended it; `drops` is the producer's own count. */
  constructor(clock: Clock, overflow: Overflow, onEnd: () => void, drops: DropCount) {
    this.#outlet = new Outlet(clock, overflow, (value) => this.#take(value), false, drops)
    this.#onEnd = onEnd
  }

  /** How many values the overflow rule has dropped. */
  get dropped(): number {
    return this.#outlet.dropped
  }

  /** A value of the producer. */
  push(value: T): void {
    this.#outlet.push(value)
  }

  #take(value: T): boolean {
    this.#readers.shift()?.({ done: false, value })
    return this.#readers.length > 0
  }

  /** The producer has ended: the reader gets what was kept, then the end. */
  end(): void {
    this.#finish({ discard: false })
  }

  /** The next value, as soon as there is one. */
  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#ended) {
      const value = this.#outlet.drain()
      return Promise.resolve(value === undefined ? DONE : { done: false, value })
    }
    return new Promise((resolve) => {
      this.#readers.push(resolve)
      this.#outlet.request()
    })
  }

  /** The reader has ended: what was kept is given up. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.#finish({ discard: true })
    return Promise.resolve(DONE)
  }

  #finish(how: { discard: boolean }): void {
    this.#outlet.close(how)
    if (this.#ended) return
    this.#ended = true
    for (const reader of this.#readers.splice(0)) reader(DONE)
    this.#onEnd()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }
}
