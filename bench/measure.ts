/** One measured case of a goal of BENCH.md, as `npm run bench -- --json` prints it. */
export interface Row {
  readonly goal: string
  readonly case: string
  readonly value: number
  readonly unit: string
  /** As a person writes it: `<=0.35`. */
  readonly target: string
  readonly met: boolean
  readonly rounds: number
  readonly spread: readonly [min: number, max: number]
}

/** One side of a comparison: does its whole work once, and throws when the work was not really done. */
export type Side = () => unknown

/** A ratio measured side by side: the median over the rounds, and the smallest and largest round. */
export interface Ratio {
  readonly value: number
  readonly rounds: number
  readonly spread: readonly [min: number, max: number]
  /** Median milliseconds of one call of each side, for people to read; never a target: the machines are shared. */
  readonly ms: readonly [a: number, b: number]
}

/** The middle value; of an even number, the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const upper = sorted[sorted.length >> 1] ?? Number.NaN
  const lower = sorted[(sorted.length - 1) >> 1] ?? Number.NaN
  return (lower + upper) / 2
}

/** Milliseconds of `calls` calls, one after the other. Awaits only what is a promise: an await costs a turn. */
async function time(side: Side, calls: number): Promise<number> {
  const start = performance.now()
  for (let i = 0; i < calls; i++) {
    const returned = side()
    if (returned instanceof Promise) await returned
  }
  return performance.now() - start
}

/** Milliseconds: long enough for the compiler to have seen the code. */
const WARM_UP = 150

/** How many calls of `side` take about `ms` milliseconds, once it is warm; at least one. */
async function callsFor(side: Side, ms: number): Promise<number> {
  const until = performance.now() + WARM_UP
  let calls = 0
  for (let n = 1; performance.now() < until; n *= 2) {
    await time(side, n)
    calls = n
  }
  const took = await time(side, calls)
  return Math.max(1, Math.round((calls * ms) / Math.max(took, 0.001)))
}

/** Turns per side and round; the round's time is their median, so that a preempted turn does not decide a round. */
const TURNS = 5

/** Milliseconds per call of each side, the two taking turns, `first` first. */
async function round(first: Turn, second: Turn): Promise<[first: number, second: number]> {
  const times: [number[], number[]] = [[], []]
  for (let turn = 0; turn < TURNS; turn++) {
    times[0].push((await time(first.side, first.calls)) / first.calls)
    times[1].push((await time(second.side, second.calls)) / second.calls)
  }
  return [median(times[0]), median(times[1])]
}

interface Turn {
  readonly side: Side
  readonly calls: number
}

/**
 * How long `a` takes as a multiple of `b`: the median over `rounds` (default 9) of the ratio within one round. In a
 * round the two take short turns, the order reversed each round. Each side is warmed up first and then called as often
 * as fills `slice` milliseconds (default 8) per turn.
 */
export async function compare(a: Side, b: Side, { rounds = 9, slice = 8 } = {}): Promise<Ratio> {
  const turnA = { side: a, calls: await callsFor(a, slice) }
  const turnB = { side: b, calls: await callsFor(b, slice) }
  const times: { a: number; b: number }[] = []
  for (let i = 0; i < rounds; i++) {
    const reversed = i % 2 === 1
    const [first, second] = reversed ? await round(turnB, turnA) : await round(turnA, turnB)
    times.push(reversed ? { a: second, b: first } : { a: first, b: second })
  }
  const ratios = times.map((took) => took.a / took.b)
  return {
    value: median(ratios),
    rounds,
    spread: [Math.min(...ratios), Math.max(...ratios)],
    ms: [median(times.map((took) => took.a)), median(times.map((took) => took.b))],
  }
}

/** A row whose target is an upper bound. */
export function atMost(goal: string, name: string, bound: number, ratio: Ratio): Row {
  const { value, rounds, spread } = ratio
  return { goal, case: name, value, unit: 'x', target: `<=${bound}`, met: value <= bound, rounds, spread }
}

/** Throws unless `actual` is what the work must have come to: a bench that did nothing is not fast. */
export function checkDone(what: string, actual: number, expected: number): void {
  if (actual !== expected) throw new Error(`${what}: expected ${expected}, the bench did ${actual}`)
}
