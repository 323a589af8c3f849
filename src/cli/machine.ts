import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

/** How a program of the system ended. */
export interface Ran {
  /** Undefined where there is no such program, or where it had to be ended because it took too long. */
  readonly code: number | undefined
  readonly out: string
  readonly err: string
}

/** A program to run, as an argument array: nothing in it is read by a shell. */
export interface ProgramCall {
  readonly program: string
  readonly args: readonly string[]
  /** What it reads on its standard input. */
  readonly input?: string | undefined
}

/** Runs programs of the system. */
export type Runner = (call: ProgramCall, patience?: number) => Promise<Ran>

/** How long a program may take, in milliseconds, unless somebody says otherwise. */
const PATIENCE = 10_000
/** Characters of its output that are kept. */
const MOST_OUTPUT = 1024 * 1024

/**
 * The machine that a verb looks at or changes: its files, all below one root, and its programs. The root is `/` in life
 * and a folder made for the purpose in a test; `TENDON_ROOT` names another one.
 */
export class Machine {
  readonly root: string
  readonly run: Runner

  constructor(root = process.env.TENDON_ROOT ?? '/', run: Runner = runProgram) {
    this.root = root
    this.run = run
  }

  /** Where a path of the machine really is. */
  place(path: string): string {
    return join(this.root, path)
  }

  /** What a file holds, without blanks and zeros at its ends; undefined where it cannot be read. */
  text(path: string): string | undefined {
    try {
      return readFileSync(this.place(path), 'utf8').replaceAll('\0', '').trim()
    } catch {
      return undefined
    }
  }

  /** The names in a folder, sorted; none where it cannot be read. */
  names(path: string): string[] {
    try {
      return readdirSync(this.place(path)).sort()
    } catch {
      return []
    }
  }

  /** Whether there is something at this path, itself or behind a link. */
  has(path: string): boolean {
    return existsSync(this.place(path)) || this.linkAt(path) !== undefined
  }

  /** Where a link points, as it is written. */
  linkAt(path: string): string | undefined {
    try {
      return readlinkSync(this.place(path))
    } catch {
      return undefined
    }
  }

  /** The path with every link followed, as a path of this machine; undefined where nothing is there. */
  realPath(path: string): string | undefined {
    try {
      const [real, root] = [realpathSync(this.place(path)), realpathSync(this.root)]
      if (root === '/') return real
      return real.startsWith(`${root}/`) ? real.slice(root.length) : undefined
    } catch {
      return undefined
    }
  }

  /** Writes a file and the folders above it. */
  write(path: string, text: string): void {
    const place = this.place(path)
    mkdirSync(dirname(place), { recursive: true })
    writeFileSync(place, text, { mode: 0o644 })
  }

  remove(path: string): void {
    rmSync(this.place(path), { force: true })
  }

  /** What a program printed when it ended well; undefined otherwise. */
  async answer(program: string, ...args: string[]): Promise<string | undefined> {
    const { code, out } = await this.run({ program, args })
    return code === 0 ? out.trim() : undefined
  }
}

/** Runs a program of this machine. Never rejects; ends it when it takes longer than `patience` milliseconds. */
export function runProgram({ program, args, input }: ProgramCall, patience = PATIENCE): Promise<Ran> {
  return new Promise((resolve) => {
    // `sudo` may ask for a password: that is between it and the terminal.
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    const kept = { out: '', err: '' }
    const keep = (stream: 'out' | 'err') => (chunk: unknown) => {
      if (kept[stream].length < MOST_OUTPUT) kept[stream] += String(chunk)
    }
    const end = (code: number | undefined): void => {
      clearTimeout(timer)
      resolve({ code, ...kept })
    }
    const timer = setTimeout(() => child.kill('SIGKILL'), patience)
    child.stdout.on('data', keep('out'))
    child.stderr.on('data', keep('err'))
    // A program that does not read its input is no fault of ours.
    child.stdin.on('error', () => {})
    child.on('error', (error) => {
      kept.err += error.message
      end(undefined)
    })
    child.on('close', (code) => end(code ?? undefined))
    child.stdin.end(input)
  })
}

const PLAIN_WORD = /^[\w@%+=:,./-]+$/

/** A word as a shell reads it back. */
export const shellWord = (word: string): string => (PLAIN_WORD.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)

/** A call as somebody would type it. */
export function commandText({ program, args, input }: ProgramCall): string {
  const call = [program, ...args].map(shellWord).join(' ')
  return input === undefined ? call : `echo ${shellWord(input.trimEnd())} | ${call}`
}

/** The same call with the rights of root: by `sudo`, where somebody else asks. */
export function asRoot(call: ProgramCall, uid = process.getuid?.()): ProgramCall {
  return uid === 0 ? call : { ...call, program: 'sudo', args: [call.program, ...call.args] }
}
