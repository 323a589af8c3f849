import type { Run } from './run.ts'

/**
 * The live runs of a robot, oldest first. A list whose links are part of the runs: every command comes and goes here,
 * and V8 rebuilds a Map all the time when one key after the other does.
 */
export class LiveRuns {
  #oldest: Run | undefined
  #newest: Run | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Adds a run that is not in it; later ones have larger sequence numbers. */
  add(run: Run): void {
    run.older = this.#newest
    if (this.#newest) this.#newest.newer = run
    else this.#oldest = run
    this.#newest = run
    this.#size++
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
  }

  /** The run with this id. Looks at one after the other, the newest first: for callers that hold no handle. */
  find(id: string): Run | undefined {
    const seq = Number(id.slice(id.lastIndexOf('-') + 1))
    let run = this.#newest
    while (run && run.seq > seq) run = run.older
    return run?.id === id ? run : undefined
  }

  all(): Run[] {
    const runs: Run[] = []
    for (let run = this.#oldest; run; run = run.newer) runs.push(run)
    return runs
  }
}
