import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The checkout. */
const root = fileURLToPath(new URL('../..', import.meta.url))

/** What `npm pack --json` says of one package. */
export interface Packed {
  readonly filename: string
  readonly size: number
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string; readonly size: number; readonly mode: number }[]
}

/** What a program printed and how it ended. */
export interface Ended {
  readonly out: string
  readonly err: string
  readonly code: number
}

/** Packs the checkout into `folder`; building is part of it. */
export async function pack(folder: string): Promise<Packed> {
  const { stdout } = await run('npm', ['pack', '--json', '--silent', '--pack-destination', folder], { cwd: root })
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as Packed[]
  if (!packed) throw new Error('npm packed nothing')
  return packed
}

/** A new, empty project of somebody else, outside of this checkout. */
export class Project implements AsyncDisposable {
  readonly folder: string
  private constructor(folder: string) {
    this.folder = folder
  }

  static async create(name: string): Promise<Project> {
    const folder = await mkdtemp(join(tmpdir(), `tendon-${name}-`))
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name, private: true, type: 'module' }))
    return new Project(folder)
  }

  /** A project that is there already. */
  static at(folder: string): Project {
    return new Project(folder)
  }

  async install(...packages: string[]): Promise<void> {
    const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', '--save-exact']
    await run('npm', ['install', ...quiet, ...packages], { cwd: this.folder })
  }

  /** Copies a file or folder of the checkout to `to` in this project. */
  async copy(from: string, to: string): Promise<void> {
    await cp(join(root, from), join(this.folder, to), { recursive: true })
  }

  async write(name: string, text: string): Promise<void> {
    await mkdir(join(this.folder, name, '..'), { recursive: true })
    await writeFile(join(this.folder, name), text)
  }

  /** Runs a program of this project; none that fails rejects. */
  async exec(program: string, ...args: string[]): Promise<Ended> {
    const bin = join(this.folder, 'node_modules/.bin')
    const path = `${bin}${delimiter}${process.env.PATH ?? ''}`
    // npm's own warnings about the settings of this machine are none of ours.
    const env = { ...process.env, PATH: path, NODE_OPTIONS: '', NODE_ENV: '', npm_config_loglevel: 'error' }
    try {
      const { stdout, stderr } = await run(program, args, { cwd: this.folder, env, timeout: 100_000 })
      return { out: stdout, err: stderr, code: 0 }
    } catch (error) {
      const { stdout, stderr, code } = error as { stdout?: string; stderr?: string; code?: number }
      return { out: stdout ?? '', err: stderr ?? String(error), code: code ?? 1 }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}
