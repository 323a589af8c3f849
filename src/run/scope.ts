/**
 * What a run holds while it works: listeners, timers, its abort signal. Each run has one scope for its work and,
 * if it was told to end, a fresh one for its cleanup. Everything is made when it is first asked for.
 */
export class Scope {
  #controller: AbortController | undefined
  #interrupts: (() => void)[] | undefined
  #disposers: Set<() => void> | undefined
  #ended: { readonly reason: unknown } | undefined

  get ended(): boolean {
    return this.#ended !== undefined
  }

  /** The reason with which it ended. */
  get reason(): unknown {
    return this.#ended?.reason
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#ended) this.#controller.abort(this.#ended.reason)
    }
    return this.#controller.signal
  }

  /** Calls `listener` when the scope is interrupted. */
  onInterrupt(listener: () => void): void {
    this.#interrupts ??= []
    this.#interrupts.push(listener)
  }

  /** Owns `dispose` until the scope ends, or until the function that is returned is called. */
  own(dispose: () => void): () => void {
    this.#disposers ??= new Set()
    this.#disposers.add(dispose)
    return () => this.#disposers?.delete(dispose)
  }

  /** Ends it: interrupt listeners, then the abort, then everything it owns. `onThrow` gets what listeners throw. */
  end(reason: unknown, onThrow: (error: unknown) => void): void {
    if (this.#ended) return
    this.#ended = { reason }
    if (this.#interrupts) for (const listener of this.#interrupts) attempt(listener, onThrow)
    this.#interrupts = undefined
    this.#controller?.abort(reason)
    this.#dispose(onThrow)
  }

  /** Lets go of everything without telling anybody: the body is over. */
  release(onThrow: (error: unknown) => void): void {
    this.#interrupts = undefined
    this.#dispose(onThrow)
  }

  #dispose(onThrow: (error: unknown) => void): void {
    const disposers = this.#disposers
    this.#disposers = undefined
    if (disposers) for (const dispose of disposers) attempt(dispose, onThrow)
  }
}

function attempt(fn: () => void, onThrow: (error: unknown) => void): void {
  try {
    fn()
  } catch (error) {
    onThrow(error)
  }
}
