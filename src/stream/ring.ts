/** The newest values, oldest first: a queue of fixed capacity that makes room by dropping the oldest. */
export class Ring<T> {
  readonly #capacity: number
  /** Grows to the capacity only when that many values wait. */
  readonly #slots: (T | undefined)[] = []
  #head = 0
  #size = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#size
  }

  /** Adds a value; true when the oldest had to go for it. */
  push(value: T): boolean {
    const full = this.#size === this.#capacity
    this.#slots[(this.#head + this.#size) % this.#capacity] = value
    if (full) this.#head = (this.#head + 1) % this.#capacity
    else this.#size++
    return full
  }

  /** Takes the oldest value out. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined
    const value = this.#slots[this.#head]
    this.#slots[this.#head] = undefined
    this.#head = (this.#head + 1) % this.#capacity
    this.#size--
    return value
  }

  clear(): void {
    this.#slots.length = 0
    this.#head = 0
    this.#size = 0
  }
}
