/**
 * Removes our own bytes from what a line brings back: some wirings return everything that is sent. Bytes that differ
 * from the expected echo (a servo's, or noise) pass; so a disturbed echo costs one exchange and no more.
 */
export class EchoFilter {
  readonly #limit: number
  #expected: number[] = []
  #next = 0

  /** `limit` bounds the bytes that are remembered; older ones are forgotten first. */
  constructor(limit = 4096) {
    this.#limit = limit
  }

  sent(bytes: Uint8Array): void {
    this.#expected = this.#expected.slice(this.#next)
    this.#next = 0
    for (const byte of bytes) this.#expected.push(byte)
    const excess = this.#expected.length - this.#limit
    if (excess > 0) this.#expected.splice(0, excess)
  }

  /** The chunk without the echo that was still due. */
  received(chunk: Uint8Array): Uint8Array {
    if (this.#next === this.#expected.length) return chunk
    return chunk.filter((byte) => {
      if (byte !== this.#expected[this.#next]) return true
      this.#next++
      return false
    })
  }

  /** Waits for no echo any more: what did not come until now will not come. */
  reset(): void {
    this.#expected = []
    this.#next = 0
  }
}
