import { spawn } from 'node:child_process'
import { UsageError } from '../usage-error.ts'

/** How a script ended on the other computer. */
export interface Said {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** How long a script may take there, in milliseconds. */
const PATIENCE = 60_000
/** What ssh itself ends with. */
export const SSH_FAILED = 255
/** Characters of what is said there that are kept. */
const MOST_OUTPUT = 256 * 1024

/** Another computer, behind ssh. Everything is a script for its plain shell; nothing else has to be there. */
export class Remote {
  readonly host: string
  readonly #ssh: readonly string[]

  /** Throws a `UsageError` for a host that ssh would take for a flag. */
  constructor(host: string, ssh: string) {
    if (host.startsWith('-') || /\s/.test(host))
      throw new UsageError(`'${host}' is no host.`, 'tendon deploy pi@robot.local')
    this.host = host
    this.#ssh = ssh.split(/\s+/).filter(Boolean)
  }

  /** Runs a script there. Never rejects: a script that takes longer than `patience` milliseconds is ended. */
  run(script: string, patience = PATIENCE): Promise<Said> {
    return this.#start('sh -s', patience, (input) => input.end(script))
  }

  /** Sends what is in a folder here into a folder there, which is made. */
  send(folder: string, to: string, patience: number): Promise<Said> {
    const tar = spawn('tar', ['--create', '--gzip', '--file', '-', '--directory', folder, '.'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    tar.on('error', () => {})
    return this.#start(`umask 022 && mkdir -p ${to} && tar -xzf - -C ${to}`, patience, (input) =>
      tar.stdout.pipe(input),
    )
  }

  #start(command: string, patience: number, feed: (input: NodeJS.WritableStream) => unknown): Promise<Said> {
    const [program = 'ssh', ...flags] = this.#ssh
    return new Promise((resolve) => {
      const child = spawn(program, [...flags, this.host, command], { stdio: ['pipe', 'pipe', 'pipe'] })
      const timer = setTimeout(() => child.kill('SIGKILL'), patience)
      const kept = { out: '', err: '' }
      const keep = (stream: 'out' | 'err') => (chunk: unknown) => {
        if (kept[stream].length < MOST_OUTPUT) kept[stream] += String(chunk)
      }
      child.stdout.on('data', keep('out'))
      child.stderr.on('data', keep('err'))
      child.stdin.on('error', () => {})
      child.on('error', (error) => {
        kept.err += error.message
        clearTimeout(timer)
        resolve({ code: SSH_FAILED, ...kept })
      })
      child.on('close', (code) => {
        clearTimeout(timer)
        resolve({ code, ...kept })
      })
      feed(child.stdin)
    })
  }
}
