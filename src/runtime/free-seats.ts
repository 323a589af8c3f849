import { onAbort } from '../base/on-abort.ts'
import { TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { Category } from '../gate/pool.ts'

/** Callers of `whenFree`: told one for each seat that a category has to give. */
export class FreeSeats {
  readonly #robot: string
  readonly #most: number
  readonly #waiting = new Map<Category, Set<(error?: TendonError) => void>>()
  #closed = false

  /** `most` callers may wait for one category. */
  constructor(robot: string, most: number) {
    this.#robot = robot
    this.#most = most
  }

  /** How many categories somebody waits for. */
  get size(): number {
    return this.#waiting.size
  }

  /** Resolves when a seat is free; rejects with the signal's reason, or when the robot closes. */
  wait(category: Category, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      if (this.#closed) return reject(this.#closedError())
      const waiters = this.#waiting.get(category) ?? new Set()
      if (waiters.size >= this.#most) {
        const facts = { command: 'whenFree', category: category.name, length: waiters.size }
        return reject(new TendonError(problem('TENDON_QUEUE_FULL', facts)))
      }
      this.#waiting.set(category, waiters)
      const free = (error?: TendonError): void => {
        forget?.()
        error ? reject(error) : resolve()
      }
      const aborted = (): void => {
        waiters.delete(free)
        reject(signal?.reason)
      }
      const forget = signal && onAbort(signal, aborted)
      waiters.add(free)
    })
  }

  /** Tells as many as there are seats that nobody holds, was promised or queues for. */
  tell(queued: (category: Category) => number): void {
    for (const [category, waiters] of this.#waiting) {
      let seats = category.limit - category.holders.size - category.heirs.size - queued(category)
      for (const resolve of waiters) {
        if (seats-- <= 0) break
        waiters.delete(resolve)
        resolve()
      }
      if (waiters.size === 0) this.#waiting.delete(category)
    }
  }

  /** No command will ever start again. */
  close(): void {
    this.#closed = true
    for (const waiters of this.#waiting.values()) for (const settle of waiters) settle(this.#closedError())
    this.#waiting.clear()
  }

  #closedError(): TendonError {
    return new TendonError(problem('TENDON_CLOSED', { robot: this.#robot }))
  }
}
