import type { Seconds } from '../base/units.ts'
import type { Utterance } from './line-faults.ts'
import type { Random } from './random.ts'

/** Which replies a fault hits: the next so many, or each with this probability (drawn from the simulation's seed). */
export type Hits = { readonly next: number } | { readonly probability: number }

/** A fault that hits some of many. */
export class Draw {
  #left = 0
  #probability = 0

  /** `undefined` ends it. */
  set(hits: Hits | undefined): void {
    this.#left = hits && 'next' in hits ? hits.next : 0
    this.#probability = hits && 'probability' in hits ? hits.probability : 0
  }

  hits(random: Random): boolean {
    if (this.#left === 0) return random.chance(this.#probability)
    this.#left--
    return true
  }
}

/** How many pieces a split reply comes in at most. */
const MOST_PIECES = 4

/** What can happen to the replies of one servo on their way. */
export class ReplyFaults {
  /** Nothing reaches it and nothing comes from it. */
  silent = false
  /** Seconds that replies are late. */
  late: Seconds = 0
  readonly drop = new Draw()
  readonly corrupt = new Draw()
  readonly duplicate = new Draw()
  readonly split = new Draw()

  /** What becomes of a reply. Draws no number for a fault that is not set. */
  apply(bytes: Uint8Array, random: Random): readonly Utterance[] {
    if (this.drop.hits(random)) return []
    if (this.corrupt.hits(random)) {
      const at = random.below(bytes.length)
      bytes[at] = (bytes[at] as number) ^ (1 << random.below(8))
    }
    const cuts = this.split.hits(random) ? randomCuts(bytes.length, random) : []
    const said: Utterance = { bytes, late: this.late, cuts }
    return this.duplicate.hits(random) ? [said, { ...said, bytes: bytes.slice() }] : [said]
  }
}

function randomCuts(length: number, random: Random): number[] {
  const cuts = new Set<number>()
  for (let count = 1 + random.below(MOST_PIECES - 1); count > 0; count--) cuts.add(1 + random.below(length - 1))
  return [...cuts].sort((a, b) => a - b)
}
