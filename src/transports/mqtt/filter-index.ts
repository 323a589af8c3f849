import { isWildcard } from './topic-filter.ts'

interface Node<T> {
  readonly below: Map<string, Node<T>>
  /** What ends here: the filter `a/b`. */
  here: T | undefined
  /** What takes this and all below: the filter `a/b/#`. */
  rest: T | undefined
}

const node = <T>(): Node<T> => ({ below: new Map(), here: undefined, rest: undefined })

/**
 * Finds the filters that match a topic. Filters without wildcards are in a map, the others in a tree by level, so that a
 * message costs the number of its levels, however many filters there are.
 */
export class FilterIndex<T> {
  readonly #exact = new Map<string, T>()
  readonly #root = node<T>()
  /** Exact filters need no walk of the tree where there is no other. */
  #wild = 0

  set(filter: string, value: T): void {
    if (!isWildcard(filter)) {
      this.#exact.set(filter, value)
      return
    }
    const { levels, rest } = partsOf(filter)
    let at = this.#root
    for (const level of levels) {
      const next = at.below.get(level) ?? node<T>()
      at.below.set(level, next)
      at = next
    }
    const place = rest ? 'rest' : 'here'
    if (at[place] === undefined) this.#wild++
    at[place] = value
  }

  /** Takes a filter out again, with the branches that nothing else needs. */
  delete(filter: string): void {
    if (!isWildcard(filter)) this.#exact.delete(filter)
    else if (this.#prune(this.#root, partsOf(filter), 0)) this.#wild--
  }

  clear(): void {
    this.#exact.clear()
    this.#root.below.clear()
    this.#root.rest = undefined
    this.#wild = 0
  }

  /** All whose filter matches. Topics that begin with `$` are the broker's own: a wildcard in the first level has none. */
  match(topic: string): T[] {
    const found: T[] = []
    const exact = this.#exact.get(topic)
    if (exact !== undefined) found.push(exact)
    if (this.#wild > 0) collect(this.#root, topic.split('/'), 0, topic.startsWith('$'), found)
    return found
  }

  /** Whether there was something to take out. */
  #prune(at: Node<T>, parts: { levels: string[]; rest: boolean }, depth: number): boolean {
    const level = parts.levels[depth]
    if (level === undefined) {
      const place = parts.rest ? 'rest' : 'here'
      const found = at[place] !== undefined
      at[place] = undefined
      return found
    }
    const next = at.below.get(level)
    if (!next) return false
    const found = this.#prune(next, parts, depth + 1)
    if (next.below.size === 0 && next.here === undefined && next.rest === undefined) at.below.delete(level)
    return found
  }
}

function partsOf(filter: string): { levels: string[]; rest: boolean } {
  const levels = filter.split('/')
  const rest = levels.at(-1) === '#'
  return { levels: rest ? levels.slice(0, -1) : levels, rest }
}

function collect<T>(at: Node<T>, levels: readonly string[], depth: number, own: boolean, found: T[]): void {
  // `a/#` matches `a` itself too.
  if (at.rest !== undefined && !(own && depth === 0)) found.push(at.rest)
  const level = levels[depth]
  if (level === undefined) {
    if (at.here !== undefined) found.push(at.here)
    return
  }
  const named = at.below.get(level)
  if (named) collect(named, levels, depth + 1, own, found)
  const any = own && depth === 0 ? undefined : at.below.get('+')
  if (any) collect(any, levels, depth + 1, own, found)
}
