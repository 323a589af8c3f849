/** Heap sizes after a full collection, and whether they stay where they are. */
export class Memory {
  readonly samples: { readonly at: number; readonly bytes: number }[] = []

  take(at: number): void {
    const collect = (globalThis as { gc?: () => void }).gc
    if (!collect) throw new Error('run with --expose-gc')
    collect()
    this.samples.push({ at, bytes: process.memoryUsage().heapUsed })
  }

  /** All samples, for people. */
  toString(): string {
    return this.samples.map(({ bytes }) => (bytes / 2 ** 20).toFixed(1)).join(' ')
  }

  /** The middle value between two times. */
  median(from: number, to: number): number {
    const sizes = this.samples.filter(({ at }) => at >= from && at < to).map(({ bytes }) => bytes)
    return sizes.sort((a, b) => a - b)[Math.floor(sizes.length / 2)] ?? Number.NaN
  }
}

export const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(2)} MiB`
