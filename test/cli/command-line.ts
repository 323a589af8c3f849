import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What a command line printed, and how it ended. */
export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** `tendon ...` as a user runs it, with its output going to a pipe. */
export function tendon(args: readonly string[], onOut?: (text: string, child: ChildProcess) => void): Promise<Ended> {
  const child = spawn(process.execPath, ['--conditions=tendon-source', '--import', 'tsx', 'src/cli/main.ts', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => {
    out += String(chunk)
    onOut?.(String(chunk), child)
  })
  child.stderr.on('data', (chunk) => {
    err += String(chunk)
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })))
}
