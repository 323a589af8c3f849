import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type RobotDefinition, TendonError } from 'tendon'
import type { AnyRobot } from './control/views.ts'
import { exitCodes } from './exit-codes.ts'
import { importFile } from './load-robot.ts'
import { outcomeShown } from './outcome-text.ts'
import type { Output } from './output.ts'
import { progressFor } from './progress.ts'
import { UsageError } from './usage-error.ts'

/** What `tendon run` does with a robot before it goes to rest; resolves to the exit code. */
export type Script = (scene: { readonly robot: AnyRobot; readonly output: Output }) => Promise<number>

/** A command of the robot, or a file whose default export is a function of it. Throws a `UsageError` with near names. */
export async function scriptNamed(definition: RobotDefinition, name: string): Promise<Script> {
  if (Object.hasOwn(definition.commands, name)) return commandScript(name)
  if (!existsSync(name)) throw UsageError.unknown('command or script', name, Object.keys(definition.commands))
  const { default: told } = (await importFile(resolve(name))) as { default?: unknown }
  if (typeof told !== 'function')
    throw new UsageError(`${name} has no function as its default.`, 'export default async ({ robot }) => { ... }')
  return fileScript(told as (scene: { robot: AnyRobot }) => Promise<void>)
}

const commandScript =
  (command: string): Script =>
  async ({ robot, output }) => {
    const began = performance.now()
    const handle = robot.execute(command, undefined, { by: 'cli', reason: 'tendon run' })
    const progress = await progressFor(output, command)
    for await (const feedback of handle.feedback) progress.update(feedback)
    progress.end()
    const outcome = await handle.result()
    return outcomeShown(output, { command, run: handle.id, took: (performance.now() - began) / 1000 }, outcome)
  }

const fileScript =
  (told: (scene: { robot: AnyRobot }) => Promise<void>): Script =>
  async ({ robot, output }) => {
    try {
      await told({ robot })
      return exitCodes.done
    } catch (error) {
      output.show({ type: 'failed', error: String(error) }, `the script failed: ${String(error)}`)
      if (error instanceof TendonError) output.problem(error.problem)
      return exitCodes.failed
    }
  }
