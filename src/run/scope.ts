/**
 * What a run holds while it works: listeners, timers, its abort signal. Each run has one scope for its work and,
 * if it was told to end, a fresh one for its cleanup. Everything is made when it is first asked for.
 */
export class Scope {
  #controller: AbortController | undefined
  #interrupts: (() => void)[] | undefined
  /** The first thing that it owns has a field to itself: most runs own one or none, and a Set is twice a scope's size. */
  #disposer: (() => void) | undefined
  #disposers: Set<() => void> | undefined
  #ended: { readonly reason: unknown } | undefined
  #onThrow: ((error: unknown) => void) | undefined

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
      guardListeners(this.#controller.signal, (error) => this.#onThrow?.(error))
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
    if (!this.#disposer) this.#disposer = dispose
    else {
      this.#disposers ??= new Set()
      this.#disposers.add(dispose)
    }
    return () => this.#disown(dispose)
  }

  #disown(dispose: () => void): void {
    if (this.#disposer === dispose) this.#disposer = undefined
    else this.#disposers?.delete(dispose)
  }

  /** Ends it: tells everyone, then lets go of everything. `onThrow` gets what listeners throw. */
  end(reason: unknown, onThrow: (error: unknown) => void): void {
    this.interrupt(reason, onThrow)
    this.release(onThrow)
  }

  /** Tells everyone that it ends: interrupt listeners, then the abort. What it owns stays until `release`. */
  interrupt(reason: unknown, onThrow: (error: unknown) => void): void {
    if (this.#ended) return
    this.#ended = { reason }
    this.#onThrow = onThrow
    if (this.#interrupts) for (const listener of this.#interrupts) attempt(listener, onThrow)
    this.#interrupts = undefined
    this.#controller?.abort(reason)
  }

  /** Lets go of everything without telling anybody: the body is over. */
  release(onThrow: (error: unknown) => void): void {
    const disposer = this.#disposer
    const disposers = this.#disposers
    this.#interrupts = undefined
    this.#disposer = undefined
    this.#disposers = undefined
    if (disposer) attempt(disposer, onThrow)
    if (disposers) for (const dispose of disposers) attempt(dispose, onThrow)
  }
}

function attempt(fn: () => unknown, onThrow: (error: unknown) => void): void {
  try {
    const returned = fn()
    if (returned instanceof Promise) returned.catch(onThrow)
  } catch (error) {
    onThrow(error)
  }
}

type Listener = ((event: Event) => unknown) | { handleEvent(event: Event): unknown }

/** Node reports what a listener of an AbortSignal throws as an uncaught exception; here it goes to `onThrow`. */
function guardListeners(signal: AbortSignal, onThrow: (error: unknown) => void): void {
  const guarded = new WeakMap<Listener, (event: Event) => void>()
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  const guard = (listener: Listener): ((event: Event) => void) => {
    const known = guarded.get(listener)
    if (known) return known
    const call = (event: Event): void =>
      attempt(
        () => (typeof listener === 'function' ? listener.call(signal, event) : listener.handleEvent(event)),
        onThrow,
      )
    guarded.set(listener, call)
    return call
  }
  signal.addEventListener = (type: string, listener: Listener | null, options?: never): void => {
    if (listener) add(type, guard(listener), options)
  }
  signal.removeEventListener = (type: string, listener: Listener | null, options?: never): void => {
    if (listener) remove(type, guarded.get(listener) ?? (listener as never), options)
  }
}
