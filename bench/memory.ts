import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Effort } from './effort.ts'
import { checkDone, median, type Row } from './measure.ts'
import { figure } from './rounds.ts'

/** What one fresh process found; `bench/memory-process.ts` prints it. */
export interface MemoryReport {
  readonly live: number
  readonly bytesPerCommand: number
  readonly commands: number
  readonly growth: number
  readonly timers: number
  readonly listeners: number
  readonly results: number
}

const program = fileURLToPath(new URL('./memory-process.ts', import.meta.url))

async function inFreshProcess(live: number, commands: number): Promise<MemoryReport> {
  const args = ['--expose-gc', '--conditions=tendon-source', '--import', 'tsx', program, `${live}`, `${commands}`]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout) as MemoryReport
}

/** G6: memory of live commands, and what is left of those that have ended. */
export async function g6({ divisor, rounds }: Effort): Promise<Row[]> {
  const live = 100_000 / divisor
  const commands = 1_000_000 / divisor
  const reports: MemoryReport[] = []
  for (let i = 0; i < Math.min(rounds, 3); i++) reports.push(await inFreshProcess(live, commands))
  for (const report of reports) checkDone('commands in the process', report.live + report.commands, live + commands)
  const row = (name: string, bound: number, unit: string, of: (report: MemoryReport) => number): Row =>
    figure('G6', name, bound, unit, median(reports.map(of)), reports.map(of))
  const after = `left after ${commands} commands`
  return [
    row(`a live command with deadline, subscription and caller, of ${live}`, 1536, 'bytes', (r) => r.bytesPerCommand),
    row(`heap growth over ${commands} commands`, 1, '%', (r) => r.growth),
    row(`timers ${after}`, 0, 'timers', (r) => r.timers),
    row(`listeners ${after}`, 0, 'listeners', (r) => r.listeners),
    row(`runs and handles ${after}`, 0, 'objects', (r) => r.results),
  ]
}
