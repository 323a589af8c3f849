import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import type { Effort } from './effort.ts'
import { atMost, checkDone, type Row } from './measure.ts'
import { figure, ratioOf, report, type TimedSide } from './rounds.ts'

const ROOT = resolve(import.meta.dirname, '..')
const CLI = join(ROOT, 'dist/cli/main.js')
const CORE = pathToFileURL(join(ROOT, 'dist/index.js')).href
/** What no robot without that hardware may load. */
const HARDWARE = /\/node_modules\/(serialport|@serialport\/[^/]+|mqtt|aedes)\//

/** Builds what is published, unless that has been done since the last change of the sources. */
function build(): void {
  if (existsSync(CLI) && newestIn(join(ROOT, 'src')) < statSync(CLI).mtimeMs) return
  execFileSync('npm', ['run', 'build'], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] })
}

const newestIn = (folder: string): number =>
  Math.max(
    ...readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs),
  )

/** Milliseconds of one run of Node, from its start to its end. */
function node(args: readonly string[], worked: (stdout: string) => boolean): TimedSide {
  return async () => {
    const start = performance.now()
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' })
    const ms = performance.now() - start
    if (status !== 0 || !worked(stdout)) throw new Error(`node ${args.join(' ')}: ${status}\n${stdout}${stderr}`)
    return ms
  }
}

const nothing = node(['-e', '0'], (stdout) => stdout === '')
const help = node([CLI, '--help'], (stdout) => stdout.includes('tendon'))
const core = node(
  ['--input-type=module', '-e', `const { start } = await import('${CORE}'); console.log(typeof start)`],
  (stdout) => stdout.trim() === 'function',
)

/** Node runs this beside the program, and says what every import of the program is resolved to. */
const TELL = `
import { writeSync } from 'node:fs'
export async function resolve(specifier, context, next) {
  const found = await next(specifier, context)
  writeSync(2, 'import ' + found.url + '\\n')
  return found
}`
const asUrl = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`
const WATCH = asUrl(`import { register } from 'node:module'; register(${JSON.stringify(asUrl(TELL))})`)

/** Every module that a program imports. */
async function importsOf(...program: readonly string[]): Promise<string[]> {
  const { stderr } = await promisify(execFile)(process.execPath, ['--import', WATCH, ...program], { cwd: ROOT })
  return stderr.split('\n').flatMap((line) => line.match(/^import (.*)$/)?.[1] ?? [])
}

async function hardwareModules(name: string, ...program: readonly string[]): Promise<Row> {
  const imports = await importsOf(...program)
  checkDone('modules of our own among the imports', Number(imports.some((url) => url.includes('/dist/'))), 1)
  const found = imports.filter((url) => HARDWARE.test(url))
  return figure('G13', `${name}, modules of serialport and mqtt`, 0, 'modules', found.length)
}

/** Seconds from `npm start` until the arm begins its first motion. */
async function toFirstMotion(): Promise<number> {
  const start = performance.now()
  const story = spawn('npm', ['run', '-s', 'start', '--', '--json', '--headless'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
    // So that it can be ended with everything that npm has started.
    detached: true,
  })
  try {
    for await (const line of createInterface({ input: story.stdout }))
      if ((JSON.parse(line) as { type?: string }).type === 'started') return (performance.now() - start) / 1000
  } finally {
    if (story.pid !== undefined) process.kill(-story.pid, 'SIGKILL')
  }
  throw new Error('the story ended without a motion')
}

/** G13: how long people wait for the command line, for the library, and for the arm. */
export async function g13({ rounds, divisor }: Effort): Promise<Row[]> {
  build()
  // Processes come and go: more rounds make up for what else the machine does.
  const times = divisor === 1 ? 2 * rounds + 1 : rounds
  const motions: number[] = []
  for (let i = 0; i < Math.min(rounds, 3); i++) motions.push(await toFirstMotion())
  return [
    atMost('G13', 'tendon --help against node -e 0', 1.6, await ratioOf(help, nothing, times)),
    atMost('G13', "import 'tendon' against node -e 0", 3, await ratioOf(core, nothing, times)),
    await hardwareModules('tendon --help', CLI, '--help'),
    await hardwareModules("import 'tendon'", '--input-type=module', '-e', `await import('${CORE}')`),
    report(
      'G13',
      'npm start to the first motion',
      's',
      [...motions].sort((a, b) => a - b)[motions.length >> 1] ?? 0,
      motions,
    ),
  ]
}
