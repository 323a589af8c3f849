import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { callerOutput } from '../output.ts'
import { packageVersion } from '../package-version.ts'
import { UsageError } from '../usage-error.ts'
import { given, type Perform } from '../verb.ts'

const template = fileURLToPath(new URL('../../../templates/robot', import.meta.url))
/** What the template is called where nobody has given it a name. */
const PLACEHOLDER = 'my-robot'
/** What a robot and an npm package can both be called. */
const NAME = /^[a-z][a-z0-9_-]{0,60}$/

/** Makes a folder with a robot of its own; touches nothing that is there already. */
export const makeRobot: Perform = async (call) => {
  const output = callerOutput(call)
  const [folder = ''] = call.args
  const place = resolve(folder)
  const name = basename(place)
  if (!NAME.test(name))
    throw new UsageError(
      `'${name}' cannot be the name of a robot.`,
      'Small letters, digits, - and _: tendon new my-robot',
    )
  if (existsSync(place) && readdirSync(place).length > 0)
    throw new UsageError(`${folder} is there already, and is not empty.`, 'Choose another name.')
  mkdirSync(place, { recursive: true })
  cpSync(template, place, { recursive: true })
  // npm leaves a file of that name out of what it packs.
  renameSync(join(place, 'gitignore'), join(place, '.gitignore'))
  for (const file of readdirSync(place)) rename(join(place, file), name)
  setDependency(join(place, 'package.json'), dependency(given(call, 'tendon')))
  output.show(
    { type: 'made', folder: place, robot: name },
    [
      `${folder}: a robot with one joint, two commands and three tests`,
      '',
      `  cd ${folder}`,
      '  npm install && npm start',
      '  npm test',
    ].join('\n'),
  )
  return 0
}

function rename(file: string, name: string): void {
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replaceAll(PLACEHOLDER, name))
}

function setDependency(file: string, version: string): void {
  const made = JSON.parse(readFileSync(file, 'utf8')) as { dependencies: Record<string, string> }
  made.dependencies.tendon = version
  writeFileSync(file, `${JSON.stringify(made, null, 2)}\n`)
}

/** A path as npm wants it, from wherever the new folder is; anything else is a version. */
function dependency(given: string | undefined): string {
  if (given === undefined) return packageVersion()
  return existsSync(given) ? `file:${resolve(given)}` : given
}
