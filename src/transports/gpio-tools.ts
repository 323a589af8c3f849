import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { badArgument } from '../base/argument.ts'
import { TendonError } from '../base/problem.ts'
import { gpioProblem } from './gpio-problems.ts'

/** A pin, and what is special about how it is wired. */
export interface GpioLine {
  /** The chip's name: `gpiochip0`; `gpiodetect` lists them. */
  readonly chip: string
  /** The line's number on it: 17 is GPIO17 of a Raspberry Pi, pin 11 of its header. */
  readonly line: number
  /** The folder of gpiomon, gpioget and gpioset. Default: where the system finds programs. */
  readonly tools?: string | undefined
}

/** A resistor inside the chip; `none`: switched off. Absent: as it is. */
export type GpioPull = 'up' | 'down' | 'none'

export type GpioLevel = 'high' | 'low'

/** A program and its arguments. */
export interface ToolCall {
  readonly tool: string
  readonly path: string
  readonly args: readonly string[]
}

/** How a tool is called for one line. Debian 12 has version 1 of libgpiod, Debian 13 version 2, with other arguments. */
export interface GpioTools {
  readonly version: 1 | 2
  /** Reads the line once, and prints 0 or 1. */
  get(pull: GpioPull | undefined): ToolCall
  /** Prints `high` or `low`, in these words or in those of `levelOf`, at each edge until it is ended. */
  monitor(pull: GpioPull | undefined): ToolCall
  /** Lists who holds which line, where `monitor` does not say itself when it has begun. */
  readonly holders?: ToolCall
  /** Drives the line until it is ended. */
  set(level: GpioLevel): ToolCall
}

/** How long a tool may take that only reads, in milliseconds. */
const PATIENCE_MS = 3000
const MOST_OUTPUT = 65_536

/** What a person calls a line. */
export const nameOf = ({ chip, line }: GpioLine): string => `${chip} line ${line}`

/** Throws `TENDON_ARGUMENT_INVALID` for what is no line. */
export function checkLine(call: string, { chip, line }: GpioLine): void {
  if (!/^[\w./-]+$/.test(chip) || chip.startsWith('-'))
    throw badArgument(call, 'chip', chip, 'the name of a chip: gpiochip0')
  if (!(Number.isInteger(line) && line >= 0)) throw badArgument(call, 'line', line, 'a whole number, 0 or more')
}

/** Asks which version is installed. Rejects with `TENDON_GPIO_TOOLS_MISSING` or `TENDON_GPIO_OPEN_FAILED`. */
export async function findTools(line: GpioLine): Promise<GpioTools> {
  const path = (tool: string): string => (line.tools === undefined ? tool : join(line.tools, tool))
  const call = (tool: string, args: readonly string[]): ToolCall => ({ tool, path: path(tool), args })
  const said = await runTool(line, call('gpiomon', ['--version']))
  const major = /v(\d+)\./.exec(said)?.[1]
  if (major === '1') return version1(line, call)
  if (major !== undefined && Number(major) >= 2) return version2(line, call)
  const reason = `it tells no version: ${said.trim().slice(0, 80)}`
  throw new TendonError(gpioProblem('TENDON_GPIO_OPEN_FAILED', { line: nameOf(line), tool: 'gpiomon', reason }))
}

type Call = (tool: string, args: readonly string[]) => ToolCall

function version1({ chip, line }: GpioLine, call: Call): GpioTools {
  const bias = (pull: GpioPull | undefined): string[] =>
    pull === undefined ? [] : [`--bias=${pull === 'none' ? 'disable' : `pull-${pull}`}`]
  return {
    version: 1,
    get: (pull) => call('gpioget', [...bias(pull), chip, String(line)]),
    // %e: 0 falling, 1 rising.
    monitor: (pull) => call('gpiomon', ['--line-buffered', '--format=%e', ...bias(pull), chip, String(line)]),
    holders: call('gpioinfo', [chip]),
    set: (level) => call('gpioset', ['--mode=signal', chip, `${line}=${level === 'high' ? 1 : 0}`]),
  }
}

function version2({ chip, line }: GpioLine, call: Call): GpioTools {
  const bias = (pull: GpioPull | undefined): string[] =>
    pull === undefined ? [] : [`--bias=${pull === 'none' ? 'disabled' : `pull-${pull}`}`]
  const where = [`--chip=${chip}`]
  return {
    version: 2,
    get: (pull) => call('gpioget', ['--numeric', ...bias(pull), ...where, String(line)]),
    monitor: (pull) =>
      call('gpiomon', ['--banner', '--edges=both', '--format=%E', ...bias(pull), ...where, String(line)]),
    set: (level) => call('gpioset', [...where, `${line}=${level === 'high' ? 1 : 0}`]),
  }
}

/** What a line of a tool's output says of the level; `undefined`: nothing. */
export function levelOf(text: string): GpioLevel | undefined {
  const word = text.trim()
  if (word === '1' || word === 'rising') return 'high'
  return word === '0' || word === 'falling' ? 'low' : undefined
}

/** Reads the line once. Rejects as `runTool` does. */
export async function readLevel(line: GpioLine, call: ToolCall): Promise<GpioLevel> {
  const said = await runTool(line, call)
  const level = levelOf(said)
  if (level) return level
  const reason = `it printed "${said.trim().slice(0, 80)}"`
  throw new TendonError(gpioProblem('TENDON_GPIO_OPEN_FAILED', { line: nameOf(line), tool: call.tool, reason }))
}

/** Whether a monitor holds the line, by this list of all lines of the chip. Rejects as `runTool` does. */
export async function isMonitored(line: GpioLine, holders: ToolCall): Promise<boolean> {
  return new RegExp(`^\\s*line\\s+${line.line}:.*"gpiomon"`, 'm').test(await runTool(line, holders))
}

/** Runs a tool to its end, within a bound. Resolves to what it printed. */
function runTool(line: GpioLine, { tool, path, args }: ToolCall): Promise<string> {
  const options = { timeout: PATIENCE_MS, killSignal: 'SIGKILL', maxBuffer: MOST_OUTPUT, env: english() } as const
  return new Promise((resolve, reject) => {
    execFile(path, [...args], options, (error, out, complaint) => {
      if (!error) return resolve(out)
      reject(new TendonError(failure(line, tool, error, complaint)))
    })
  })
}

function failure(line: GpioLine, tool: string, error: Error & { code?: unknown; killed?: boolean }, complaint: string) {
  if (error.code === 'ENOENT') return gpioProblem('TENDON_GPIO_TOOLS_MISSING', { line: nameOf(line), tool }, error)
  const late = `it did not answer within ${PATIENCE_MS / 1000} s`
  const reason = error.killed ? late : complaintOf(tool, complaint) || error.message
  return gpioProblem('TENDON_GPIO_OPEN_FAILED', { line: nameOf(line), tool, reason }, error)
}

/** What a tool complained of, without its own name in front. */
export function complaintOf(tool: string, text: string): string {
  const [first = ''] = text.trim().split('\n')
  return first.replace(`${tool}: `, '').slice(0, 200)
}

/** The tools' own words, whatever language this machine speaks. */
export const english = (): NodeJS.ProcessEnv => ({ ...process.env, LC_ALL: 'C' })
