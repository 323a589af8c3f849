import { type ChildProcess, spawn } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Block, fileOf, isFile, nameOf, type Page, root } from '../blocks.ts'

/** Commands of the whole project, which CI runs by itself: a page may show them, here they would only run again. */
const OF_THE_PROJECT = /^(git clone|cd|npm (ci|install|start|test|run)|npx tsx)\b/

/** What a block printed, and how it ended. */
export interface Printed {
  readonly code: number | null
  readonly output: string
}

/** A block that did not do what its page says. */
export class PageWrong extends Error {}

/**
 * Does what a page tells its reader to do, from top to bottom, in a folder and a home of its own: writes the files, runs
 * the programs and the commands, and compares what they print with the `text` block that follows.
 */
export class PageRun {
  readonly #page: Page
  readonly #folder: string
  readonly #home: string
  readonly #background: ChildProcess[] = []

  private constructor(page: Page, folder: string, home: string) {
    this.#page = page
    this.#folder = folder
    this.#home = home
  }

  static async of(page: Page): Promise<PageRun> {
    const folder = join(root, '.tendon/docs-run', nameOf(page))
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    // Short: the path of a socket has a bound.
    const home = await mkdtemp(join(tmpdir(), 'tendon-docs-'))
    const bin = join(home, 'bin')
    await mkdir(bin)
    const shim = `#!/bin/sh\nexec ${process.execPath} --conditions=tendon-source --import ${root}/node_modules/tsx/dist/esm/index.mjs ${root}/src/cli/main.ts "$@"\n`
    await writeFile(join(bin, 'tendon'), shim)
    // `npx tendon` and `npx vitest` are what stands in a project's node_modules; here that is the shim.
    await writeFile(join(bin, 'npx'), '#!/bin/sh\nexec "$@"\n')
    for (const name of ['tendon', 'npx']) await chmod(join(bin, name), 0o755)
    return new PageRun(page, folder, home)
  }

  async run(): Promise<void> {
    let last: { block: Block; printed: Printed } | undefined
    for (const block of this.#page.blocks) {
      if (block.language === 'text') {
        if (last) this.#compare(last.block, last.printed.output, block)
        last = undefined
      } else {
        const printed = await this.#do(block)
        last = printed && { block, printed }
      }
    }
  }

  /** Ends what runs in the background, and removes what the page has made. */
  async close(): Promise<void> {
    for (const child of this.#background) await ended(child, 'SIGINT')
    await rm(this.#folder, { recursive: true, force: true })
    await rm(this.#home, { recursive: true, force: true })
  }

  async #do(block: Block): Promise<Printed | undefined> {
    if (isFile(block)) {
      const file = join(this.#folder, fileOf(block))
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, block.text)
      const alone = block.language === 'ts' && block.values.file === undefined && !block.words.includes('compile')
      if (!alone) return undefined
      const args = ['--conditions=tendon-source', '--import', 'tsx', fileOf(block)]
      return this.#finish(block, this.#spawn(process.execPath, args))
    }
    if (block.language !== 'sh') return undefined
    const commands = block.text.split('\n').filter((line) => line.trim() && !line.startsWith('#'))
    if (commands.every((command) => OF_THE_PROJECT.test(command))) return undefined
    const child = this.#spawn('bash', ['-euo', 'pipefail', '-c', block.text])
    return block.words.includes('background') ? this.#until(block, child) : this.#finish(block, child)
  }

  #spawn(program: string, args: readonly string[]): ChildProcess {
    const path = `${join(this.#home, 'bin')}:${root}/node_modules/.bin:${process.env.PATH}`
    const env = { PATH: path, HOME: this.#home, TENDON_RUNTIME_DIR: this.#home, NO_COLOR: '1', LANG: 'C.UTF-8' }
    // A group of its own, so that what a shell has started ends with it.
    return spawn(program, args, { cwd: this.#folder, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  }

  async #finish(block: Block, child: ChildProcess): Promise<Printed> {
    let output = ''
    const hear = (chunk: unknown): void => {
      output += String(chunk)
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    const limit = setTimeout(() => kill(child, 'SIGKILL'), 60_000)
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
    clearTimeout(limit)
    const wanted = Number(block.values.exit ?? 0)
    if (code !== wanted) throw this.#wrong(block, `ended with ${code}, and not with ${wanted}`, output)
    return { code, output }
  }

  /** Waits for the line that says that the program is up. */
  async #until(block: Block, child: ChildProcess): Promise<Printed> {
    this.#background.push(child)
    const wanted = block.values.until
    if (wanted === undefined) throw this.#wrong(block, 'runs in the background and does not say until="..."', '')
    let output = ''
    await new Promise<void>((resolve, reject) => {
      const limit = setTimeout(() => reject(this.#wrong(block, `never printed "${wanted}"`, output)), 60_000)
      const hear = (chunk: unknown): void => {
        output += String(chunk)
        if (!output.includes(wanted)) return
        clearTimeout(limit)
        resolve()
      }
      child.stdout?.on('data', hear)
      child.stderr?.on('data', hear)
      child.on('close', (code) => {
        clearTimeout(limit)
        reject(this.#wrong(block, `ended with ${code} before it printed "${wanted}"`, output))
      })
    })
    return { code: null, output }
  }

  /**
   * Each line of the page is printed, in this order; `…` stands for anything, white space counts as one blank, and
   * other lines may come between.
   */
  #compare(block: Block, output: string, shown: Block): void {
    const lines = output.split('\n').map(plain)
    let from = 0
    for (const line of shown.text.split('\n').map(plain)) {
      if (line === '' || line === '…') continue
      const pattern = new RegExp(`^${line.split('…').map(escaped).join('.*')}$`)
      const at = lines.findIndex((printed, index) => index >= from && pattern.test(printed))
      if (at < 0) throw this.#wrong(block, `did not print "${line}" (page line ${shown.line})`, output)
      from = at + 1
    }
  }

  #wrong(block: Block, what: string, output: string): PageWrong {
    return new PageWrong(`${this.#page.path}:${block.line} ${what}\n${block.text}\n--- it printed:\n${output}`)
  }
}

const plain = (line: string): string => line.trim().replaceAll(/\s+/g, ' ')

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** Signals a program and what it has started; one that has ended is no matter. */
function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal)
  } catch {
    // It has ended.
  }
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = new Promise((resolve) => child.on('close', resolve))
  kill(child, signal)
  const limit = setTimeout(() => kill(child, 'SIGKILL'), 20_000)
  await closed
  clearTimeout(limit)
}
