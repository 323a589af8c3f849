import { execFileSync } from 'node:child_process'
import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Programs in the place of libgpiod's tools, as real processes: they write down how they were called, refuse what the
 * version they play does not know, and say what a test tells them.
 */
export class FakeGpio {
  /** To be given as `tools`. */
  readonly folder = mkdtempSync(join(tmpdir(), 'tendon-gpio-'))
  readonly #version: 1 | 2
  readonly #edges: number

  constructor(version: 1 | 2) {
    this.#version = version
    execFileSync('mkfifo', [join(this.folder, 'edges')])
    // Both ends: it neither waits for a reader nor ends when one goes.
    this.#edges = openSync(join(this.folder, 'edges'), 'r+')
    this.level('0')
    this.#program('gpioget', 'cat "$dir/level"')
    const held = 'echo $$ >> "$dir/pids"; '
    const banner = version === 2 ? 'echo "Monitoring line..."; ' : ''
    this.#program('gpiomon', `${held}${banner}exec cat "$dir/edges"`)
    const busy = 'echo "gpioset: error setting the GPIO line values: Device or resource busy" >&2; exit 1'
    const last = '"$(cat "$dir/holder" 2>/dev/null)"'
    // Two programs cannot hold one line.
    const alone = `if kill -0 ${last} 2>/dev/null; then ${busy}; fi; echo $$ > "$dir/holder"; `
    this.#program('gpioset', `${alone}${held}exec sleep 1000`)
    const [used, free] = ['  line  17: unnamed "gpiomon" input active-high [used]', '  line  17: unnamed unused input']
    this.#program('gpioinfo', `if [ -s "$dir/pids" ]; then echo '${used}'; else echo '${free}'; fi`)
  }

  /** What gpioget prints. */
  level(text: string): void {
    writeFileSync(join(this.folder, 'level'), `${text}\n`)
  }

  /** What gpiomon prints at an edge. */
  edge(to: 'high' | 'low'): void {
    const words = this.#version === 1 ? { high: '1', low: '0' } : { high: 'rising', low: 'falling' }
    writeSync(this.#edges, `${words[to]}\n`)
  }

  /** Makes a tool fail at once with this complaint. */
  fail(tool: string, complaint: string): void {
    this.#program(tool, `echo "${tool}: ${complaint}" >&2; exit 1`)
  }

  /** How the tools were called, one line for each call, without the questions for the version. */
  calls(): string[] {
    return this.#lines('calls')
  }

  /** The process numbers of the gpiomon and gpioset that were started, in order. */
  pids(): number[] {
    return this.#lines('pids').map(Number)
  }

  end(): void {
    closeSync(this.#edges)
    rmSync(this.folder, { recursive: true, force: true })
  }

  #lines(name: string): string[] {
    try {
      return readFileSync(join(this.folder, name), 'utf8').trim().split('\n')
    } catch {
      return []
    }
  }

  #program(tool: string, what: string): void {
    const path = join(this.folder, tool)
    const script = [
      '#!/bin/sh',
      `dir=${this.folder}`,
      `if [ "$1" = --version ]; then echo "${tool} (libgpiod) v${this.#version}.${this.#version === 1 ? '6.3' : '2.1'}"; exit; fi`,
      tool === 'gpioinfo' ? '' : `echo "${tool} $*" >> "$dir/calls"`,
      what,
    ]
    writeFileSync(path, `${script.join('\n')}\n`)
    chmodSync(path, 0o755)
  }
}

/** Whether a process is there; one that has ended and that nobody has asked for yet is not. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
