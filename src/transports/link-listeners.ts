import type { Problem } from '../base/problem.ts'
import type { Unsubscribe } from '../device/transport.ts'

/**
 * Who listens to one connection. A listener that throws stops nobody else: what it threw becomes a process warning,
 * because the bytes of a robot must reach the other listeners whatever one of them does.
 */
export class LinkListeners {
  readonly #bytes = new Set<(chunk: Uint8Array) => void>()
  readonly #lost = new Set<(problem: Problem) => void>()

  onBytes(listener: (chunk: Uint8Array) => void): Unsubscribe {
    return subscribe(this.#bytes, listener)
  }

  onLost(listener: (problem: Problem) => void): Unsubscribe {
    return subscribe(this.#lost, listener)
  }

  bytes(chunk: Uint8Array): void {
    for (const listener of this.#bytes) guarded(listener, chunk)
  }

  /** Tells that the link is gone, and forgets everybody: nothing follows a loss. */
  lost(problem: Problem): void {
    const listeners = [...this.#lost]
    this.clear()
    for (const listener of listeners) guarded(listener, problem)
  }

  clear(): void {
    this.#bytes.clear()
    this.#lost.clear()
  }
}

function subscribe<T>(listeners: Set<(value: T) => void>, listener: (value: T) => void): Unsubscribe {
  // A wrapper of its own, so that the same function subscribed twice is two subscriptions.
  const own = (value: T): void => listener(value)
  listeners.add(own)
  return () => listeners.delete(own)
}

function guarded<T>(listener: (value: T) => void, value: T): void {
  try {
    listener(value)
  } catch (thrown) {
    process.emitWarning(thrown instanceof Error ? thrown : new Error(String(thrown)))
  }
}
