import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openPty } from 'tendon/pty'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** What tells the terminal to do something else than to show a letter. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: commands of a terminal begin with one
const COMMANDS = /\u001b\[[?0-9;]*[A-Za-z]/g

/** Longer than any of this takes on a busy machine; then the test says what was on the screen. */
const PATIENCE = 30_000

/** A program whose three streams are a terminal, and the person at it. */
export interface Session {
  /** Everything that came to the screen, commands of the terminal included. */
  screen(): string
  /** The same without them: what a person read. */
  text(): string
  /** Resolves when this was read; rejects when the program ends before. */
  until(wanted: RegExp): Promise<string>
  type(keys: string): void
  readonly ended: Promise<number | null>
  readonly child: ChildProcess
  close(): Promise<void>
}

/** Runs `tendon ...` as a person does, at a terminal without echo. */
export async function atTerminal(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Session> {
  const terminal = await openPty()
  const stream = openSync(terminal.path, 'r+')
  let screen = ''
  const waiting = new Set<() => void>()
  terminal.connection.onBytes((chunk) => {
    screen += Buffer.from(chunk).toString('utf8')
    for (const look of [...waiting]) look()
  })
  const child = spawn(process.execPath, ['--conditions=tendon-source', '--import', 'tsx', 'src/cli/main.ts', ...args], {
    cwd: root,
    stdio: [stream, stream, stream],
    env: { ...process.env, NO_COLOR: undefined, FORCE_COLOR: undefined, TERM: 'xterm', ...env },
  })
  closeSync(stream)
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const text = (): string => screen.replaceAll(COMMANDS, '')
  return {
    screen: () => screen,
    text,
    until: (wanted) =>
      new Promise((resolve, reject) => {
        const fail = (how: string): void => {
          waiting.delete(look)
          clearTimeout(timer)
          reject(new Error(`${how} ${wanted}:\n${text()}`))
        }
        const timer = setTimeout(() => fail('nothing came like'), PATIENCE)
        const look = (): void => {
          if (!wanted.test(text())) return
          waiting.delete(look)
          clearTimeout(timer)
          resolve(text())
        }
        waiting.add(look)
        look()
        void ended.then(() => fail('it ended without'))
      }),
    type: (keys) => terminal.connection.write(Buffer.from(keys)),
    ended,
    child,
    close: async () => {
      child.kill('SIGKILL')
      await terminal.close()
    },
  }
}
