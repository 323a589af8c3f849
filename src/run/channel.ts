import { type Channel, type Op, op } from '../define/operation.ts'
import type { OpCall } from './op-table.ts'

/** The newest `capacity` values that nobody has read yet, for one reading strand at a time. */
export class BoundedChannel<T> implements Channel<T> {
  readonly #capacity: number
  readonly #values: T[] = []
  #reader: OpCall | undefined
  dropped = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  put(value: T): void {
    const reader = this.#reader
    this.#reader = undefined
    if (reader) return reader.done(value)
    this.#values.push(value)
    if (this.#values.length > this.#capacity) {
      this.#values.shift()
      this.dropped++
    }
  }

  next(): Op<T> {
    return op('stream.take', [this])
  }

  /** Starts a read; returns what withdraws it. */
  read(call: OpCall): () => void {
    if (this.#values.length > 0) call.done(this.#values.shift())
    else this.#reader = call
    return () => {
      if (this.#reader !== call) return
      this.#reader = undefined
      call.done(undefined)
    }
  }
}
