/** How many new entries are gathered before they move to the large map. */
const YOUNG = 32

/**
 * A map in which adding and removing costs the same however large it is. V8's own `Map` keeps removed entries in their
 * hash chain until it is rebuilt, which a map of 10,000 rarely is: one key that comes and goes makes it forty times as
 * slow. New entries therefore start in a small map, which is rebuilt all the time, and only those that stay move on.
 */
export class TopicIndex<K, V> {
  readonly #young = new Map<K, V>()
  readonly #old = new Map<K, V>()

  get size(): number {
    return this.#young.size + this.#old.size
  }

  get(key: K): V | undefined {
    return this.#young.get(key) ?? this.#old.get(key)
  }

  /** Adds an entry whose key is not there yet. */
  add(key: K, value: V): void {
    if (this.#young.size >= YOUNG) this.#settle()
    this.#young.set(key, value)
  }

  delete(key: K): void {
    if (!this.#young.delete(key)) this.#old.delete(key)
  }

  #settle(): void {
    for (const [key, value] of this.#young) this.#old.set(key, value)
    this.#young.clear()
  }
}
