import { completions } from '../complete.ts'
import { completionScripts } from '../completion-scripts.ts'
import { UsageError } from '../usage-error.ts'
import type { Perform } from '../verb.ts'

/** Prints the completion script of a shell. */
export const completion: Perform = async ({ args: [shell = ''] }) => {
  if (!Object.hasOwn(completionScripts, shell)) throw UsageError.unknown('shell', shell, Object.keys(completionScripts))
  process.stdout.write(completionScripts[shell as keyof typeof completionScripts])
  return 0
}

/** Prints what could stand in the place of the last word. */
export const complete: Perform = async ({ args }, verbs) => {
  for (const word of await completions(args, verbs)) process.stdout.write(`${word}\n`)
  return 0
}
