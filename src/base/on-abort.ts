/** Who waits for each signal. */
const waiting = new WeakMap<AbortSignal, Waiters>()

/** Everyone who waits for one signal, behind its one listener. */
class Waiters {
  readonly #signal: AbortSignal
  readonly #all = new Set<{ readonly fn: () => void }>()

  constructor(signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', this.#abort, { once: true })
  }

  add(fn: () => void): () => void {
    const waiter = { fn }
    this.#all.add(waiter)
    return () => {
      if (this.#all.delete(waiter) && this.#all.size === 0) this.#end()
    }
  }

  readonly #abort = (): void => {
    this.#end()
    for (const waiter of this.#all) {
      this.#all.delete(waiter)
      waiter.fn()
    }
  }

  #end(): void {
    this.#signal.removeEventListener('abort', this.#abort)
    waiting.delete(this.#signal)
  }
}

/**
 * Calls `fn`, which must not throw, when `signal` aborts, once, until the function that is returned is called; never for a
 * signal that has aborted already. Any number may wait for one signal: it gets one listener for all of them, because Node
 * takes more than ten for a leak and says so.
 */
export function onAbort(signal: AbortSignal, fn: () => void): () => void {
  let waiters = waiting.get(signal)
  if (!waiters) {
    waiters = new Waiters(signal)
    waiting.set(signal, waiters)
  }
  return waiters.add(fn)
}
