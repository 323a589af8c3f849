import { badArgument } from './argument.ts'
import { Cadence } from './cadence.ts'
import { type Clock, sleep } from './clock.ts'
import type { Seconds } from './units.ts'

/** What a loop reads the time from: a clock, or `now` and `sleep` of a body, whose waits end with its run. */
export type LoopTime =
  | { readonly clock: Clock }
  | { readonly now: () => Seconds; readonly sleep: (duration: Seconds) => Promise<void> }

export type ControlLoopOptions = LoopTime & {
  /** Ticks per second, more than 0, at most 1000. */
  readonly rate: number
  /** Ends the loop before its next tick. */
  readonly signal?: AbortSignal | undefined
}

/** One tick of a control loop. */
export interface LoopTick {
  /** Which deadline this is, from 0; skipped ones are counted in it. */
  readonly index: number
  /** The deadline that it runs for, on the clock of the loop. Compute with it and not with `now`: it has no jitter. */
  readonly due: Seconds
  /** When it runs: never before `due`. */
  readonly now: Seconds
  /** Deadlines passed over since the tick before. */
  readonly skipped: number
}

/** What became of the deadlines of a loop. `ticks + skipped` is how many there were. */
export interface LoopCounts {
  readonly ticks: number
  /** Deadlines that passed while the host or the tick before was busy. They are not made up for. */
  readonly skipped: number
  /** The longest time by which a tick ran after its deadline. */
  readonly worstLateness: Seconds
}

const MOST_PER_SECOND = 1000

/**
 * Calls `tick` at a fixed rate on absolute deadlines, the first at once, until it returns `false` or `signal` aborts, and
 * resolves to the counts. Never early; a late tick delays none after it; what was missed is counted and not made up
 * for, so that no two ticks fall into one period. An asynchronous tick is awaited: one that takes longer than a
 * period costs the deadlines that it overruns.
 *
 * In a body: `controlLoop({ now, sleep, rate: 50 }, tick)` with `now` and `sleep` of its context; it rejects when the run
 * is told to end. Elsewhere: `controlLoop({ clock: systemClock, rate: 50, signal }, tick)`. Rejects with what `tick` throws.
 */
export async function controlLoop(options: ControlLoopOptions, tick: (tick: LoopTick) => unknown): Promise<LoopCounts> {
  const { rate, signal } = options
  if (!(rate > 0 && rate <= MOST_PER_SECOND))
    throw badArgument('controlLoop()', 'rate', rate, `a number of ticks per second above 0, at most ${MOST_PER_SECOND}`)
  const { now, wait } = timeOf(options)
  // A timer that is a few microseconds short would make the tick early.
  const reach = async (due: Seconds): Promise<void> => {
    for (let left = due - now(); left > 0 && !signal?.aborted; left = due - now()) await wait(left)
  }
  const cadence = new Cadence(now(), 1 / rate)
  let [ticks, skipped, worstLateness, passed] = [0, 0, 0, 0]
  while (true) {
    await reach(cadence.due)
    passed += cadence.tick(now())
    const index = cadence.index - 1
    const due = cadence.at(index)
    await reach(due)
    if (signal?.aborted) break
    const at = now()
    ticks++
    skipped += passed
    worstLateness = Math.max(worstLateness, at - due)
    const returned = tick({ index, due, now: at, skipped: passed })
    if ((returned instanceof Promise ? await returned : returned) === false) break
    passed = cadence.skipTo(now())
  }
  return { ticks, skipped, worstLateness }
}

/** The time of a loop. A wait on a clock ends early, without a word, when the signal aborts. */
function timeOf(options: ControlLoopOptions): { now: () => Seconds; wait: (duration: Seconds) => Promise<void> } {
  if (!('clock' in options)) return { now: options.now, wait: options.sleep }
  const { clock, signal } = options
  const wait = (duration: Seconds): Promise<void> =>
    sleep(clock, duration, signal).catch((error: unknown) => {
      if (!signal?.aborted) throw error
    })
  return { now: () => clock.now(), wait }
}
