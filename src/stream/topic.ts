import type { Unsubscribe } from '../device/transport.ts'

/** Called with each value. A promise that it returns is not waited for; its rejection is a fault of this listener. */
export type Listener<T> = (value: T) => unknown

/** Told what a listener threw. What it throws itself is dropped: there is nobody left to tell. */
export type OnFault = (error: unknown) => void

/** Stands in for a listener that has ended: cheaper than asking each one whether it is still there. */
const ENDED = (): void => {}

interface Node<T> {
  listener: Listener<T>
  /** Grows with every subscription of the topic: a publish reaches only those that were there when it began. */
  readonly order: number
  before: Node<T> | undefined
  after: Node<T> | undefined
}

/**
 * The listeners of one topic, in the order in which they subscribed. A linked list: subscribing and ending cost the same
 * with ten listeners and with ten thousand, one listener costs one small object, and a publish needs no copy. A node that
 * was taken out keeps its way forward, so a publish that stands on it finds the rest.
 */
export class Topic<T> {
  readonly #onFault: OnFault
  readonly #onEnd: ((topic: Topic<T>) => void) | undefined
  #first: Node<T> | undefined
  #last: Node<T> | undefined
  #order = 0
  #size = 0

  /** `onFault` is told what listeners throw; `onEnd` is called once for each listener, when it was taken out. */
  constructor(onFault: OnFault, onEnd?: (topic: Topic<T>) => void) {
    this.#onFault = onFault
    this.#onEnd = onEnd
  }

  /** How many listeners there are. */
  get size(): number {
    return this.#size
  }

  /** Adds a listener; the same function may be added several times. */
  add(listener: Listener<T>): Unsubscribe {
    const node: Node<T> = { listener, order: ++this.#order, before: this.#last, after: undefined }
    // Let go of at the end: whoever keeps the function must not keep the chain of all nodes that came later.
    let mine: Node<T> | undefined = node
    if (this.#last) this.#last.after = node
    else this.#first = node
    this.#last = node
    this.#size++
    return () => {
      if (!mine) return
      this.#remove(mine)
      mine = undefined
      this.#onEnd?.(this)
    }
  }

  #remove(node: Node<T>): void {
    node.listener = ENDED
    if (node.before) node.before.after = node.after
    else this.#first = node.after
    if (node.after) node.after.before = node.before
    else this.#last = node.before
    // Not `after`: a publish that stands here must find its way on.
    node.before = undefined
    this.#size--
  }

  /** Marks the newest listener there is now, for `publish`. */
  get newest(): number {
    return this.#order
  }

  /** Calls every listener up to `newest`, in order; those that end meanwhile are left out, those that join wait. */
  publish(value: T, newest = this.#order): void {
    let node = this.#first
    while (node !== undefined && node.order <= newest) {
      try {
        // The loop is inside the `try`, so that a thousand listeners that do not throw enter it once.
        for (; node !== undefined && node.order <= newest; node = node.after) {
          const returned = node.listener(value)
          if (returned !== undefined) this.#watch(returned)
        }
      } catch (error) {
        this.#fault(error)
        node = node?.after
      }
    }
  }

  #watch(returned: unknown): void {
    if (returned instanceof Promise) returned.catch((error: unknown) => this.#fault(error))
  }

  #fault(error: unknown): void {
    try {
      this.#onFault(error)
    } catch {
      // A broken fault listener must not reach the publisher or the next listener.
    }
  }
}
