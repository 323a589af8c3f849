import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { type Clock, within } from '../base/clock.ts'
import type { Seconds } from '../base/units.ts'
import { complaintOf, english, type ToolCall } from './gpio-tools.ts'

/** How long an ended program may take to be gone. */
const PATIENCE: Seconds = 2
/** The longest line and complaint that are kept. */
const MOST_TEXT = 500

/**
 * Becomes the program, with a watcher beside it that kills it when this process is gone, however it went: then the pipe
 * ends. A line on the pipe sends the watcher home instead.
 */
const WITH_WATCHER = 'exec 3<&0 </dev/null; { read -r _ <&3 || kill -9 "$$"; } >/dev/null 2>&1 & exec 3<&-; exec "$@"'

export interface ToolEars {
  /** Each line that it prints. */
  line(text: string): void
  /** It has ended without having been told to: why, for people. */
  ended(reason: string): void
}

/**
 * A program that goes on until it is ended: by `end`, or by the end of this process. In a session of its own, so that
 * Ctrl-C at the terminal, which a robot takes as "go to rest", does not end it.
 */
export class HeldTool {
  readonly #call: ToolCall
  readonly #clock: Clock
  readonly #child: ChildProcessWithoutNullStreams
  readonly #gone: Promise<void>
  #ears: ToolEars | undefined
  #line = ''
  #complaint = ''

  constructor(call: ToolCall, clock: Clock, ears: ToolEars) {
    this.#call = call
    this.#clock = clock
    this.#ears = ears
    this.#child = spawn('/bin/sh', ['-c', WITH_WATCHER, 'sh', call.path, ...call.args], {
      detached: true,
      stdio: 'pipe',
      env: english(),
    })
    this.#gone = new Promise((resolve) => {
      this.#child.once('error', (error) => this.#finish(error.message, resolve))
      // `close`, not `exit`: what it complained of has been read by then.
      this.#child.once('close', (code, signal) => this.#finish(this.#reason(code, signal), resolve))
      this.#child.once('exit', () => this.#dismissWatcher())
    })
    // Writing to a program that has just ended fails here, and tells nothing that `exit` does not tell.
    this.#child.stdin.on('error', () => {})
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => this.#heard(text))
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint = (this.#complaint + text).slice(0, MOST_TEXT)
    })
  }

  /** Ends it. The signal is on its way when this returns; resolves when it is gone, within a bound. */
  end(): Promise<void> {
    this.#ears = undefined
    this.#child.kill('SIGKILL')
    return within(this.#clock, PATIENCE, this.#gone, () => undefined)
  }

  #heard(text: string): void {
    const lines = (this.#line + text).split('\n')
    this.#line = (lines.pop() ?? '').slice(0, MOST_TEXT)
    for (const line of lines) this.#ears?.line(line)
  }

  #dismissWatcher(): void {
    this.#child.stdin.end('\n')
  }

  #finish(reason: string, resolve: () => void): void {
    const ears = this.#ears
    this.#ears = undefined
    resolve()
    ears?.ended(reason)
  }

  #reason(code: number | null, signal: NodeJS.Signals | null): string {
    const complaint = complaintOf(this.#call.tool, this.#complaint)
    return complaint || (signal ? `signal ${signal}` : `exit code ${code}`)
  }
}
