import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { controlLoop, type LoopCounts, type LoopTick, systemClock } from 'tendon'
import type { Effort } from './effort.ts'
import { checkDone, type Row } from './measure.ts'
import { figure, quantile, report } from './rounds.ts'

const RATES = [200, 50]
const SECONDS = 60
/** How long the loop that is stalled on purpose, and the one beside a busy core, are watched. */
const SHORT_SECONDS = 20
/** The event loop is blocked for so long, this often a second: 7.4 periods of 200 Hz. */
const STALL_MS = 37
const STALLS_PER_SECOND = 2

/** What was seen of one loop. */
interface Watched {
  readonly rate: number
  readonly ticks: readonly LoopTick[]
  readonly counts: LoopCounts
  /** Seconds from the first deadline to the last tick. */
  readonly took: number
}

/** Runs a loop on the clock of this machine until the deadline at `seconds`; `more` is what a tick does besides. */
async function watch(rate: number, seconds: number, more?: (tick: LoopTick) => void): Promise<Watched> {
  const ticks: LoopTick[] = []
  const last = Math.round(seconds * rate)
  const counts = await controlLoop({ clock: systemClock, rate }, (tick) => {
    ticks.push(tick)
    more?.(tick)
    return tick.index < last
  })
  checkDone('ticks', ticks.length, counts.ticks)
  const [first, end] = [ticks[0], ticks.at(-1)]
  if (!first || !end || end.index < last) throw new Error('the loop ended before its time')
  return { rate, ticks, counts, took: end.now - first.due }
}

/** How much the mean rate of the deadlines is off what was asked for, in percent: a loop that drifts takes longer for them. */
const rateError = ({ rate, ticks, took }: Watched): number =>
  100 * Math.abs(((ticks.at(-1)?.index ?? 0) / took - rate) / rate)

/** Deadlines without a tick, in percent: those for which the machine was too busy. */
const missed = ({ counts }: Watched): number => (100 * counts.skipped) / (counts.ticks + counts.skipped)

const early = ({ ticks }: Watched): number => ticks.filter(({ now, due }) => now < due).length

/** Ticks that ran in the same period as the one before: a loop that makes up for missed ones has many. */
function bunched({ rate, ticks }: Watched): number {
  const start = ticks[0]?.due ?? 0
  const slots = ticks.map(({ now }) => Math.floor((now - start) * rate + 1e-6))
  return slots.filter((slot, i) => slot === slots[i - 1]).length
}

/** Deadlines that are neither ticks nor counted as skipped. */
function uncounted({ ticks, counts }: Watched): number {
  const deadlines = (ticks.at(-1)?.index ?? 0) + 1
  return Math.abs(deadlines - counts.ticks - counts.skipped)
}

const lateness = ({ ticks }: Watched): number[] => ticks.map(({ now, due }) => 1000 * (now - due))

async function atRest(rate: number, seconds: number): Promise<Row[]> {
  const seen = await watch(rate, seconds)
  const name = `${rate} Hz for ${seconds} s`
  const late = lateness(seen)
  return [
    figure('G9', `${name}, mean rate of its deadlines off by`, 0.05, '%', rateError(seen)),
    figure('G9', `${name}, early`, 0, 'ticks', early(seen)),
    figure('G9', `${name}, missed and not counted`, 0, 'ticks', uncounted(seen)),
    figure('G9', `${name}, bunched`, 0, 'ticks', bunched(seen)),
    report('G9', `${name}, missed and counted`, '%', missed(seen)),
    report('G9', `${name}, lateness p99`, 'ms', quantile(late, 0.99), late),
  ]
}

/** A host that is busy for several periods, again and again. */
async function stalled(rate: number, seconds: number): Promise<Row[]> {
  const every = rate / STALLS_PER_SECOND
  // What a last tick blocks, no later one counts.
  const last = seconds * rate - every / 2
  let stalls = 0
  let next = every
  const seen = await watch(rate, seconds, ({ index }) => {
    if (index < next || index > last) return
    next = index + every
    stalls++
    block(STALL_MS)
  })
  // Each costs the deadlines that pass meanwhile; the machine may cost some more.
  const least = stalls * Math.floor((STALL_MS / 1000) * rate)
  if (stalls === 0 || seen.counts.skipped < least) throw new Error(`${stalls} stalls, ${seen.counts.skipped} skipped`)
  const name = `${rate} Hz, blocked for ${STALL_MS} ms now and then`
  return [
    figure('G9', `${name}, early`, 0, 'ticks', early(seen)),
    figure('G9', `${name}, missed and not counted`, 0, 'ticks', uncounted(seen)),
    figure('G9', `${name}, bunched`, 0, 'ticks', bunched(seen)),
  ]
}

function block(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

/** Beside a process that never rests. */
async function besideBusyCore(rate: number, seconds: number): Promise<Row[]> {
  const busy = spawn(process.execPath, ['-e', 'while (true);'], { stdio: 'ignore' })
  try {
    await once(busy, 'spawn')
    const seen = await watch(rate, seconds)
    const late = lateness(seen)
    return [
      figure('G9', `${rate} Hz, one core busy, early`, 0, 'ticks', early(seen)),
      report('G9', `${rate} Hz, one core busy, lateness p99 (aim 1 ms)`, 'ms', quantile(late, 0.99), late),
    ]
  } finally {
    busy.kill('SIGKILL')
  }
}

/** G9: the control loop that users have, on the clock of this machine. */
export async function g9({ divisor }: Effort): Promise<Row[]> {
  const rows: Row[] = []
  for (const rate of RATES) rows.push(...(await atRest(rate, SECONDS / divisor)))
  const short = Math.max(SHORT_SECONDS / divisor, 1)
  rows.push(...(await stalled(200, short)), ...(await besideBusyCore(200, short)))
  return rows
}
