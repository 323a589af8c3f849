/**
 * Progress of one run: the newest value wins. A reader that is slow skips values; one that comes late gets the newest
 * first; all end, without throwing, when the run does.
 */
export class Feedback<F> implements AsyncIterable<F> {
  #value: F | undefined
  #version = 0
  #ended = false
  #waiting: (() => void)[] = []

  push(value: F): void {
    if (this.#ended) return
    this.#value = value
    this.#version++
    this.#wake()
  }

  end(): void {
    this.#ended = true
    this.#wake()
  }

  #wake(): void {
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  [Symbol.asyncIterator](): AsyncIterator<F> {
    let seen = 0
    let done = false
    const next = async (): Promise<IteratorResult<F>> => {
      while (!done) {
        if (this.#version > seen) {
          seen = this.#version
          return { done: false, value: this.#value as F }
        }
        if (this.#ended) break
        await new Promise<void>((resolve) => this.#waiting.push(resolve))
      }
      return { done: true, value: undefined }
    }
    return {
      next,
      return: async () => {
        done = true
        // A reader that leaves while another of its calls waits must not stay in the list.
        this.#wake()
        return { done: true, value: undefined }
      },
    }
  }
}
