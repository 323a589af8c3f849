import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { TendonError } from 'tendon/device'
import { hostProblem } from '../host-problems.ts'
import { loadRobot } from '../load-robot.ts'
import { commandText, runProgram } from '../machine.ts'
import { UsageError } from '../usage-error.ts'

/** A robot's project as it goes to another computer: compiled, without what only its author needs. */
export interface Staged {
  readonly folder: string
  readonly robot: string
  /** How npm puts its dependencies there: `ci` by its lock, `install` where there is none that fits. */
  readonly npm: 'ci' | 'install'
  /** Removes it here again. */
  remove(): void
}

/** How long compiling and packing may take, in milliseconds. */
const PATIENCE = 300_000

/**
 * Compiles the project in a folder and collects it in a new one. Throws a `UsageError` for a folder that is no robot's
 * project, `TENDON_DEPLOY_COMPILE` for one that does not compile.
 */
export async function stage(project: string): Promise<Staged> {
  const source = resolve(project)
  const file = ['robot.ts', 'robot.js'].find((name) => existsSync(join(source, name)))
  if (file === undefined || !existsSync(join(source, 'package.json')))
    throw new UsageError(
      `${project} has no robot.ts beside a package.json.`,
      'tendon new my-arm, then: tendon deploy <host> my-arm',
    )
  const { definition } = await loadRobot(join(source, file))
  const folder = mkdtempSync(join(tmpdir(), 'tendon-deploy-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  try {
    cpSync(source, folder, { recursive: true, filter: (path) => path === source || isWanted(basename(path)) })
    if (file.endsWith('.ts')) await compile(source, folder)
    const isWhole = await packLocal(source, folder)
    return { folder, robot: definition.name, npm: isWhole ? 'ci' : 'install', remove }
  } catch (error) {
    remove()
    throw error
  }
}

/** No sources, no tests, no secrets (`.env`), nothing that is made there anew. */
const isWanted = (name: string): boolean =>
  name !== 'node_modules' && !name.startsWith('.') && !/\.[mc]?tsx?$|\.test\.[mc]?js$|^tsconfig.*\.json$/.test(name)

async function compile(source: string, folder: string): Promise<void> {
  const compiler = nearest(source, 'node_modules/typescript/bin/tsc')
  if (!compiler)
    throw new UsageError(
      'The robot is written in TypeScript, and its compiler is not installed.',
      `npm install --prefix ${source}`,
    )
  // Below the project, so that the packages that its own settings name are found.
  const place = join(source, 'node_modules/.cache/tendon-deploy')
  mkdirSync(place, { recursive: true })
  const config = join(place, 'tsconfig.json')
  writeFileSync(config, JSON.stringify(settings(source, folder)))
  try {
    const { code, out, err } = await runProgram(
      { program: process.execPath, args: [compiler, '--project', config] },
      PATIENCE,
    )
    const said = (out || err).trim().split('\n').slice(0, 3).join(' ')
    if (code !== 0) throw new TendonError(hostProblem('TENDON_DEPLOY_COMPILE', { folder: source, said }))
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

function settings(source: string, folder: string): object {
  const own = join(source, 'tsconfig.json')
  return {
    ...(existsSync(own) && { extends: own }),
    compilerOptions: {
      noEmit: false,
      noEmitOnError: true,
      rootDir: source,
      outDir: folder,
      rewriteRelativeImportExtensions: true,
      resolveJsonModule: true,
      declaration: false,
      emitDeclarationOnly: false,
      composite: false,
      incremental: false,
      sourceMap: false,
    },
    include: [`${source}/**/*`],
    exclude: [`${source}/node_modules`, `${source}/**/*.test.ts`, `${source}/**/*.config.ts`],
  }
}

function nearest(folder: string, path: string): string | undefined {
  const place = join(folder, path)
  if (existsSync(place)) return place
  return folder === dirname(folder) ? undefined : nearest(dirname(folder), path)
}

interface Package {
  readonly dependencies?: Readonly<Record<string, string>>
}

/**
 * Dependencies that are folders or files of this computer (`file:../tendon`) go along as packages. Gives whether the
 * lock of the project is still true.
 */
async function packLocal(source: string, folder: string): Promise<boolean> {
  const file = join(folder, 'package.json')
  const read = JSON.parse(readFileSync(file, 'utf8')) as Package
  const local = Object.entries(read.dependencies ?? {}).filter(([, version]) => version.startsWith('file:'))
  if (local.length === 0) return existsSync(join(folder, 'package-lock.json'))
  const dependencies = { ...read.dependencies }
  mkdirSync(join(folder, 'vendor'), { recursive: true })
  for (const [name, version] of local)
    dependencies[name] =
      `file:vendor/${await pack(resolve(source, version.slice('file:'.length)), join(folder, 'vendor'))}`
  writeFileSync(file, `${JSON.stringify({ ...read, dependencies }, null, 2)}\n`)
  rmSync(join(folder, 'package-lock.json'), { force: true })
  return false
}

/** Gives the name of the file that it became. */
async function pack(place: string, vendor: string): Promise<string> {
  if (place.endsWith('.tgz')) {
    cpSync(place, join(vendor, basename(place)))
    return basename(place)
  }
  const call = { program: 'npm', args: ['pack', place, '--pack-destination', vendor, '--json', '--silent'] }
  const { code, out, err } = await runProgram(call, PATIENCE)
  const made = code === 0 ? packedName(out) : undefined
  if (made === undefined)
    throw new TendonError(
      hostProblem('TENDON_PROGRAM_FAILED', { command: commandText(call), said: err.trim().slice(0, 500) }),
    )
  return made
}

/** What `npm pack --json` says, behind whatever a build has printed. */
function packedName(out: string): string | undefined {
  try {
    const [made] = JSON.parse(out.slice(out.search(/^\[/m))) as { filename: string }[]
    return made?.filename
  } catch {
    return undefined
  }
}
