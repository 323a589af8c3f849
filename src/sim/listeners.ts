import type { Unsubscribe } from '../device/transport.ts'

/**
 * Who listens to one stream of values. What a listener throws reaches no other: it becomes a process warning, because
 * the bytes of a robot must go on.
 */
export class Listeners<T> {
  readonly #all = new Set<(value: T) => void>()

  add(listener: (value: T) => void): Unsubscribe {
    // A wrapper of its own, so that the same function added twice is two subscriptions.
    const own = (value: T): void => listener(value)
    this.#all.add(own)
    return () => this.#all.delete(own)
  }

  tell(value: T): void {
    for (const listener of this.#all) {
      try {
        listener(value)
      } catch (thrown) {
        process.emitWarning(thrown instanceof Error ? thrown : new Error(String(thrown)))
      }
    }
  }

  clear(): void {
    this.#all.clear()
  }
}
