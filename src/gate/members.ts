/**
 * A set, in no order. One member has a field to itself: V8 makes a Set anew whenever its last member leaves, and the
 * slot of most categories is taken and given back by one command after the other.
 */
export class Members<T extends object> implements Iterable<T> {
  #one: T | undefined
  readonly #others = new Set<T>()

  get size(): number {
    return this.#others.size + (this.#one ? 1 : 0)
  }

  add(member: T): void {
    if (this.#one === member) return
    if (this.#one || this.#others.has(member)) this.#others.add(member)
    else this.#one = member
  }

  /** False when it was not in it. */
  delete(member: T): boolean {
    if (this.#one !== member) return this.#others.delete(member)
    this.#one = undefined
    return true
  }

  *[Symbol.iterator](): Generator<T, void, undefined> {
    if (this.#one) yield this.#one
    yield* this.#others
  }
}
