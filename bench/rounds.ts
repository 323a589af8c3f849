import { median, type Ratio, type Row } from './measure.ts'

/** A side that sets itself up, does its work and says how many milliseconds the work alone took. */
export type TimedSide = () => Promise<number>

/** Milliseconds from now until `work` has been done. */
export async function took(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** The times of each side over the rounds; all sides take part in each round, in reversed order every second one. */
export async function alternate(sides: readonly TimedSide[], rounds: number): Promise<number[][]> {
  const times: number[][] = sides.map(() => [])
  const order = sides.map((side, i) => ({ side, into: times[i] ?? [] }))
  // The first round of all warms up, and is not counted.
  for (let round = -1; round < rounds; round++) {
    for (const { side, into } of order) {
      const ms = await side()
      if (round >= 0) into.push(ms)
    }
    order.reverse()
  }
  return times
}

/** The first side's time as a multiple of the second's. */
export async function ratioOf(a: TimedSide, b: TimedSide, rounds: number): Promise<Ratio> {
  const [as = [], bs = []] = await alternate([a, b], rounds)
  const ratios = as.map((ms, i) => ms / (bs[i] ?? Number.NaN))
  return {
    value: median(ratios),
    rounds,
    spread: [Math.min(...ratios), Math.max(...ratios)],
    ms: [median(as), median(bs)],
  }
}

/** A row of something that is no ratio: bytes, microseconds, an exponent. */
export function figure(
  goal: string,
  name: string,
  bound: number,
  unit: string,
  value: number,
  samples: readonly number[] = [value],
): Row {
  return {
    goal,
    case: name,
    value,
    unit,
    target: `<=${bound}`,
    met: value <= bound,
    rounds: samples.length,
    spread: [Math.min(...samples), Math.max(...samples)],
  }
}

/** A row of something that is only told: there is no target to miss. */
export function report(
  goal: string,
  name: string,
  unit: string,
  value: number,
  samples: readonly number[] = [value],
): Row {
  return { ...figure(goal, name, Number.POSITIVE_INFINITY, unit, value, samples), target: 'report', met: true }
}

/** The value below which `share` of the samples lie. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
