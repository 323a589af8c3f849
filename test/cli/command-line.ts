import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const program = ['--conditions=tendon-source', '--import', 'tsx', 'src/cli/main.ts']

/** What a command line printed, and how it ended. */
export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** One that has not ended yet. */
export interface Begun {
  readonly child: ChildProcess
  readonly pid: number
  /** Resolves, with all that was printed until then, once standard output holds this. Rejects when it ends before. */
  until(wanted: RegExp): Promise<string>
  readonly ended: Promise<Ended>
}

/** Folders of its own for sockets and for state: no test meets the robots of another, or of whoever runs it. */
export function ownFolders(): { readonly TENDON_RUNTIME_DIR: string; readonly TENDON_STATE_DIR: string } {
  const folder = mkdtempSync(join(tmpdir(), 'tendon-cli-'))
  return { TENDON_RUNTIME_DIR: join(folder, 'run'), TENDON_STATE_DIR: join(folder, 'state') }
}

const usual = ownFolders()

/** Begins `tendon ...` as a user runs it, with its output going to pipes. */
export function begin(args: readonly string[], env: Readonly<Record<string, string>> = usual): Begun {
  const child = spawn(process.execPath, [...program, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: undefined, FORCE_COLOR: undefined, ...env },
  })
  const waiting = new Set<() => void>()
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => {
    out += String(chunk)
    for (const look of [...waiting]) look()
  })
  child.stderr.on('data', (chunk) => {
    err += String(chunk)
  })
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, out, err })))
  const until = (wanted: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!wanted.test(out)) return
        waiting.delete(look)
        resolve(out)
      }
      waiting.add(look)
      look()
      void ended.then(() => reject(new Error(`it ended without ${wanted}:\n${out}\n${err}`)))
    })
  return { child, pid: child.pid ?? 0, until, ended }
}

/** `tendon ...` until it has ended. */
export function tendon(
  args: readonly string[],
  onOut?: (text: string, child: ChildProcess) => void,
  env: Readonly<Record<string, string>> = usual,
): Promise<Ended> {
  const { child, ended } = begin(args, env)
  child.stdout?.on('data', (chunk) => onOut?.(String(chunk), child))
  return ended
}
