import { Interrupted } from '../base/outcome.ts'
import type { Inbox } from '../define/context.ts'

/** The messages sent to one run: bounded, the oldest are dropped and counted. */
export class RunInbox<M> implements Inbox<M> {
  readonly #capacity: number
  #messages: M[] = []
  #waiting: { resolve: (message: M) => void; reject: (error: unknown) => void }[] = []
  #ended: unknown
  dropped = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#messages.length
  }

  put(message: M): void {
    const waiter = this.#waiting.shift()
    if (waiter) return waiter.resolve(message)
    this.#messages.push(message)
    if (this.#messages.length > this.#capacity) {
      this.#messages.shift()
      this.dropped++
    }
  }

  take(): M | undefined {
    return this.#messages.shift()
  }

  next(): Promise<M> {
    if (this.#messages.length > 0) return Promise.resolve(this.#messages.shift() as M)
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    const waiting = new Promise<M>((resolve, reject) => {
      this.wait(resolve, (error) => {
        // The end of a run is told to whoever awaits it, and is not an unhandled rejection where nobody does.
        waiting.catch(() => {})
        reject(error)
      })
    })
    return waiting
  }

  /** The same with callbacks: returns what withdraws the wait, so that it takes no later message. */
  wait(resolve: (message: M) => void, reject: (error: unknown) => void): () => void {
    const waiter = { resolve, reject }
    if (this.#messages.length > 0) resolve(this.#messages.shift() as M)
    else if (this.#ended !== undefined) reject(this.#ended)
    else this.#waiting.push(waiter)
    return () => {
      const at = this.#waiting.indexOf(waiter)
      if (at >= 0) this.#waiting.splice(at, 1)
    }
  }

  /** Rejects those who wait now and later: the run was told to end. Messages that came before can still be taken. */
  end(reason: unknown): void {
    this.#ended = reason
    const waiting = this.#waiting
    this.#waiting = []
    for (const { reject } of waiting) reject(reason)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<M, void, undefined> {
    try {
      while (true) yield await this.next()
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error
    }
  }
}
