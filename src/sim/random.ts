/**
 * A small seeded generator (mulberry32): the same seed gives the same numbers on every machine, so that a failing
 * scenario can be run again. Not for secrets.
 */
export class Random {
  #state: number

  /** `seed` is any integer; only its low 32 bits count. */
  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A number in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** An integer in [0, `limit`). */
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  /** True with this probability. 0 and 1 are certain and draw no number. */
  chance(probability: number): boolean {
    if (probability <= 0) return false
    return probability >= 1 || this.next() < probability
  }

  /** A byte that is not `byte`. */
  otherByte(byte: number): number {
    return (byte + 1 + this.below(255)) & 0xff
  }
}
