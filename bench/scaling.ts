import type { Effort } from './effort.ts'
import { atMost, checkDone, compare, median, type Row, type Side } from './measure.ts'
import { alternate, figure, type TimedSide, took } from './rounds.ts'
import { waitingRobot } from './waiting.ts'

const LIVE = [10, 100, 1000, 10_000, 100_000]
/** Few commands are done so often that as many are done as this, or the clock would decide. */
const ENOUGH = 5000

type WaitingRobot = Awaited<ReturnType<typeof waitingRobot>>

/** Milliseconds of `work`, which times itself, with `live` commands. */
function often(live: number, work: TimedSide): TimedSide {
  const times = Math.ceil(ENOUGH / live)
  return async () => {
    // What another size has left behind is not this one's to collect.
    globalThis.gc?.()
    let ms = 0
    for (let i = 0; i < times; i++) ms += await work()
    return ms / times
  }
}

function startAndFinish({ begin, finish, robot }: WaitingRobot, live: number): TimedSide {
  return often(live, async () => {
    const ms = await took(async () => finish(await begin(live)))
    checkDone('slots taken', robot.category('work').taken, 0)
    return ms
  })
}

function stopAll({ begin, stop, stopped, robot }: WaitingRobot, live: number): TimedSide {
  return often(live, async () => {
    const outcomes = await begin(live)
    const ms = await took(() => stop(outcomes))
    checkDone('slots taken', robot.category('work').taken, 0)
    await stopped()
    return ms
  })
}

/** The slope of log time over log size: 1 is linear. One for each round, and that of the medians. */
async function exponent(sizes: readonly number[], sides: readonly TimedSide[], rounds: number) {
  const times = await alternate(sides, rounds)
  const each = Array.from({ length: rounds }, (_, round) =>
    slope(
      sizes,
      times.map((ms) => ms[round] ?? Number.NaN),
    ),
  )
  return { value: slope(sizes, times.map(median)), each }
}

function slope(sizes: readonly number[], ms: readonly number[]): number {
  const xs = sizes.map(Math.log)
  const ys = ms.map(Math.log)
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const [mx, my] = [mean(xs), mean(ys)]
  const product = xs.reduce((sum, x, i) => sum + (x - mx) * ((ys[i] ?? Number.NaN) - my), 0)
  return product / xs.reduce((sum, x) => sum + (x - mx) ** 2, 0)
}

function oneMore({ robot }: WaitingRobot, live: number): Side {
  return async () => {
    for (let x = 0; x < 100; x++) {
      const outcome = await robot.one({ x }).result()
      checkDone('answer', outcome.status === 'succeeded' ? outcome.value : Number.NaN, x)
    }
    checkDone('live', robot.category('work').taken, live)
  }
}

async function oneMoreAmong(few: number, many: number, effort: Effort): Promise<Row> {
  const [little, large] = [await waitingRobot(few), await waitingRobot(many)]
  const waiting = [await little.begin(few), await large.begin(many)] as const
  const ratio = await compare(oneMore(large, many), oneMore(little, few), effort)
  await little.finish(waiting[0])
  await large.finish(waiting[1])
  await little.robot.close()
  await large.robot.close()
  return atMost('G5', `one more command, ${many} live against ${few}`, 1.3, ratio)
}

/** G5: what many live commands cost grows no faster than their number. */
export async function g5(effort: Effort): Promise<Row[]> {
  const sizes = LIVE.filter((live) => live <= 100_000 / effort.divisor)
  const most = Math.max(...sizes)
  const few = Math.min(...sizes)
  const robot = await waitingRobot(most)
  const run = await exponent(
    sizes,
    sizes.map((live) => startAndFinish(robot, live)),
    effort.rounds,
  )
  const stop = await exponent(
    sizes,
    sizes.map((live) => stopAll(robot, live)),
    effort.rounds,
  )
  await robot.robot.close()
  const range = `${few} to ${most} live`
  return [
    figure('G5', `start all and finish all, ${range}`, 1.05, 'exponent', run.value, run.each),
    await oneMoreAmong(few, most, effort),
    figure('G5', `stop all, ${range}`, 1.1, 'exponent', stop.value, stop.each),
  ]
}
