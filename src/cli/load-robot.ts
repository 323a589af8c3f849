import { existsSync, readdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { CommandMap, ModelTypes, RobotDefinition } from 'tendon'
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

/** Loads `robots/<name>/robot.ts`, or the file that is named. Throws a `UsageError` with the robots there are. */
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
  for (const shelf of shelves())
    for (const ending of ['ts', 'js']) {
      const file = join(shelf, nameOrFile, `robot.${ending}`)
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
  return import(pathToFileURL(file).href)
}
