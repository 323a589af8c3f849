import { existsSync, readdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { CommandMap, ModelTypes, RobotDefinition } from 'tendon'
import { problem, TendonError } from 'tendon/device'
import { UsageError } from './usage-error.ts'

/** A robot, and where its folder is. */
export interface LoadedRobot {
  readonly definition: RobotDefinition<ModelTypes, CommandMap>
  readonly folder: string
}

/** Robots are looked for by name below the working directory and beside the package. */
const shelves = (): string[] => {
  const own = resolve(dirname(fileURLToPath(import.meta.url)), '../../robots')
  return [...new Set([resolve('robots'), own])].filter((shelf) => existsSync(shelf))
}

/** Loads `robots/<name>/robot.ts`, or what is in the file or folder (`.`) that is named. Throws a `UsageError` with the robots there are. */
export async function loadRobot(nameOrFile: string): Promise<LoadedRobot> {
  const file = robotFile(nameOrFile)
  const loaded = (await importFile(file)) as { default?: RobotDefinition<ModelTypes, CommandMap> }
  if (loaded.default === undefined || !('hardware' in loaded.default))
    throw new UsageError(`${file} does not export a robot as its default.`, 'export default model.with({ ... })')
  return { definition: loaded.default, folder: dirname(file) }
}

function robotFile(nameOrFile: string): string {
  if (/\.[mc]?[jt]s$/.test(nameOrFile)) {
    if (existsSync(nameOrFile)) return resolve(nameOrFile)
    throw new UsageError(`There is no file ${nameOrFile}.`, 'Name a file that exports a robot as its default.')
  }
  // A path is a folder; a bare name is looked for on the shelves, whatever lies in the working directory.
  const folders = /^\.|[/\\]/.test(nameOrFile)
    ? [resolve(nameOrFile)]
    : shelves().map((shelf) => join(shelf, nameOrFile))
  for (const folder of folders)
    for (const ending of ['ts', 'js']) {
      const file = join(folder, `robot.${ending}`)
      if (existsSync(file)) return file
    }
  const known = shelves().flatMap((shelf) => readdirSync(shelf))
  throw UsageError.unknown('robot', nameOrFile, known)
}

/** Imports a module; for TypeScript where Node cannot do it by itself, through tsx. */
export async function importFile(file: string): Promise<unknown> {
  const runsTypeScript = import.meta.url.endsWith('.ts')
  if (/\.[mc]?ts$/.test(file) && !runsTypeScript) {
    const { register } = await import('tsx/esm/api')
    register()
  }
  try {
    return await import(pathToFileURL(file).href)
  } catch (error) {
    throw missingPackage(file, error) ?? error
  }
}

/** Node's word that a robot, or a script, imports a package that is not installed, as a problem with a fix. */
function missingPackage(file: string, error: unknown): TendonError | undefined {
  const name = error instanceof Error ? /^Cannot find package '([^']+)'/.exec(error.message)?.[1] : undefined
  if (name === undefined) return undefined
  return new TendonError(problem('TENDON_MODULE_MISSING', { module: name, need: file }, error))
}
