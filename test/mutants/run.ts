import { spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { argv, env, exit, stdout } from 'node:process'
import { type Mutant, mutants } from './catalogue.ts'

/**
 * `npm run test:mutants [part of a name]`: plants each bug of the catalogue in a copy of this tree and requires that
 * the tests named beside it turn red. First the same tests must be green without any.
 */
const ROOT = resolve(import.meta.dirname, '../..')
const COPIED = ['src', 'test', 'robots', 'package.json', 'tsconfig.json', 'vitest.config.ts']
/** The unmutated files take a few seconds; a mutant that hangs is killed, and that counts, but it is told. */
const MOST_SECONDS = 60
const AT_ONCE = 2

interface Verdict {
  readonly name: string
  readonly how: 'killed' | 'hangs' | 'SURVIVED' | 'STALE' | 'BROKEN'
  readonly by: string
  readonly seconds: number
}

/** What vitest's JSON reporter says, as far as it is read here. */
interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly testResults: readonly {
    readonly message: string
    readonly assertionResults: readonly {
      readonly status: string
      readonly fullName: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

interface Ended {
  readonly timedOut: boolean
  readonly report: Report | undefined
  readonly output: string
}

class StaleMutant extends Error {}

async function main(): Promise<number> {
  const wanted = mutants.filter(({ name }) => name.includes(argv[2] ?? ''))
  const begin = performance.now()
  const files = [...new Set(wanted.flatMap(({ tests }) => tests))]
  const green = await inCopy(undefined, (folder) => runTests(folder, files, 3 * MOST_SECONDS))
  if (!green.report || green.report.numFailedTests > 0 || green.report.numPassedTests === 0) {
    const failed = green.report?.testResults.flatMap(({ message, assertionResults }) => [
      message,
      ...assertionResults.filter(isFailed).map(({ fullName, failureMessages }) => `${fullName}\n${failureMessages[0]}`),
    ])
    stdout.write(`the tests are not green without any mutant:\n${failed?.join('\n').trim() ?? green.output}\n`)
    return 1
  }
  stdout.write(
    `${green.report.numPassedTests} tests in ${files.length} files are green without a mutant (${since(begin)} s)\n`,
  )
  const verdicts = await allOf(wanted)
  print(verdicts)
  const killed = verdicts.filter(({ how }) => how === 'killed' || how === 'hangs').length
  stdout.write(`${killed} of ${verdicts.length} mutants killed, ${since(begin)} s in all\n`)
  return killed === verdicts.length && verdicts.length > 0 ? 0 : 1
}

async function allOf(wanted: readonly Mutant[]): Promise<Verdict[]> {
  const verdicts = new Map<Mutant, Verdict>()
  const left = [...wanted]
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next; next = left.shift()) verdicts.set(next, await judge(next))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return wanted.flatMap((mutant) => verdicts.get(mutant) ?? [])
}

async function judge(mutant: Mutant): Promise<Verdict> {
  const { name, tests } = mutant
  const begin = performance.now()
  const verdict = (how: Verdict['how'], by: string): Verdict => ({ name, how, by, seconds: Number(since(begin)) })
  try {
    const { timedOut, report, output } = await inCopy(mutant, (folder) => runTests(folder, tests, MOST_SECONDS))
    if (timedOut) return verdict('hangs', tests.join(', '))
    const failed = report?.testResults.flatMap(({ assertionResults }) => assertionResults).find(isFailed)
    if (failed) return verdict('killed', `${failed.fullName}: ${reasonOf(failed.failureMessages[0] ?? '')}`)
    // A mutant that does not even load proves nothing about the tests.
    if (!report || report.numPassedTests === 0) return verdict('BROKEN', output.slice(-400))
    return verdict('SURVIVED', tests.join(', '))
  } catch (error) {
    if (error instanceof StaleMutant) return verdict('STALE', error.message)
    throw error
  }
}

const isFailed = ({ status }: { readonly status: string }): boolean => status === 'failed'

/** The line that says what was wrong, below what the property runner says about seed and path. */
function reasonOf(message: string): string {
  const cause = /Caused by: (?:Error: )?(.*)/.exec(message) ?? /Got (?:Error: )?(.*)/.exec(message)
  return cause?.[1] ?? message.split('\n')[0] ?? ''
}

/** Copies the tree, plants the mutant, and removes the copy whatever happens. */
async function inCopy<T>(mutant: Mutant | undefined, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'tendon-mutant-'))
  try {
    for (const name of COPIED) await cp(join(ROOT, name), join(folder, name), { recursive: true })
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    if (mutant) await plant(mutant, folder)
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function plant({ name, file, edits }: Mutant, folder: string): Promise<void> {
  const path = join(folder, file)
  let text = await readFile(path, 'utf8')
  for (const [find, replace] of edits) {
    if (text.split(find).length !== 2)
      throw new StaleMutant(`stale mutant '${name}': ${file} has not exactly one: ${find}`)
    text = text.replace(find, () => replace)
  }
  await writeFile(path, text)
}

function runTests(folder: string, files: readonly string[], seconds: number): Promise<Ended> {
  const reportFile = join(folder, 'report.json')
  const vitest = join(folder, 'node_modules/vitest/vitest.mjs')
  const options = ['--bail=1', '--maxWorkers=1', '--reporter=json', `--outputFile=${reportFile}`]
  // Its own process group, so that a hanging run can be ended together with its workers.
  const child = spawn(process.execPath, [vitest, 'run', ...files, ...options], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...env, TENDON_SHRINK: '0' },
  })
  let output = ''
  const take = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-20_000)
  }
  child.stdout.on('data', take)
  child.stderr.on('data', take)
  return new Promise((resolve, reject) => {
    let timedOut = false
    const timer = setTimeout(() => {
      timedOut = true
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    }, seconds * 1000)
    child.on('error', reject)
    child.on('close', () => {
      clearTimeout(timer)
      readReport(reportFile).then((report) => resolve({ timedOut, report, output }), reject)
    })
  })
}

async function readReport(file: string): Promise<Report | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Report
  } catch {
    return undefined
  }
}

function print(verdicts: readonly Verdict[]): void {
  const width = Math.max(...verdicts.map(({ name }) => name.length))
  for (const { name, how, by, seconds } of verdicts)
    stdout.write(`${name.padEnd(width)}  ${how.padEnd(8)}  ${seconds.toFixed(1).padStart(5)} s  ${by.slice(0, 200)}\n`)
}

const since = (begin: number): string => ((performance.now() - begin) / 1000).toFixed(1)

exit(await main())
