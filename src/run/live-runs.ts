import type { Run } from './run.ts'

/** Chains at first are two to the power of this. */
const FEWEST_BITS = 4
/** 2^32 over the golden ratio: spreads numbers that follow each other, and those at any regular distance. */
const SPREAD = 0x9e3779b1

/**
 * The live runs of a robot, oldest first, and by id. A list and a hash table whose links are part of the runs: every
 * command comes and goes here, and V8 rebuilds a Map all the time when one key after the other does.
 */
export class LiveRuns {
  #oldest: Run | undefined
  #newest: Run | undefined
  #size = 0
  /** Runs by a hash of their sequence number; those that share one hang together, the newest first. */
  #bits = FEWEST_BITS
  #chains = chains(FEWEST_BITS)

  get size(): number {
    return this.#size
  }

  /** Adds a run that is not in it; later ones have larger sequence numbers. */
  add(run: Run): void {
    run.older = this.#newest
    if (this.#newest) this.#newest.newer = run
    else this.#oldest = run
    this.#newest = run
    if (++this.#size > this.#chains.length) this.#spread()
    else this.#hang(run)
  }

  /** Takes out a run that is in it. */
  delete(run: Run): void {
    if (run.older) run.older.newer = run.newer
    else this.#oldest = run.newer
    if (run.newer) run.newer.older = run.older
    else this.#newest = run.older
    run.older = undefined
    run.newer = undefined
    this.#size--
    this.#unhang(run)
  }

  /** The run with this id, however many there are. */
  find(id: string): Run | undefined {
    const seq = Number(id.slice(id.lastIndexOf('-') + 1))
    let run = this.#chains[this.#chainOf(seq)]
    while (run && run.seq !== seq) run = run.beside
    return run?.id === id ? run : undefined
  }

  all(): Run[] {
    const runs: Run[] = []
    for (let run = this.#oldest; run; run = run.newer) runs.push(run)
    return runs
  }

  #chainOf(seq: number): number {
    return Math.imul(seq, SPREAD) >>> (32 - this.#bits)
  }

  #hang(run: Run): void {
    const chain = this.#chainOf(run.seq)
    run.beside = this.#chains[chain]
    this.#chains[chain] = run
  }

  #unhang(run: Run): void {
    const chain = this.#chainOf(run.seq)
    let before = this.#chains[chain]
    if (before === run) this.#chains[chain] = run.beside
    else {
      while (before && before.beside !== run) before = before.beside
      if (before) before.beside = run.beside
    }
    run.beside = undefined
  }

  /** More runs than chains: twice as many chains. They are never fewer again; their number is bounded by that of the runs. */
  #spread(): void {
    this.#chains = chains(++this.#bits)
    for (let run = this.#oldest; run; run = run.newer) this.#hang(run)
  }
}

const chains = (bits: number): (Run | undefined)[] => new Array<Run | undefined>(2 ** bits).fill(undefined)
