#!/usr/bin/env node
import { help, helpOf } from './help.ts'
import { verbs } from './verbs.ts'

// Nothing is imported here but what the help needs: every other file is loaded by the verb that wants it.

/** Runs the command line; gives its exit code. */
async function main([first, ...rest]: readonly string[]): Promise<number> {
  if (first === '--help' || first === '-h' || (first === 'help' && rest.length === 0)) return print(help(verbs))
  if (first === '--version' || first === '-v') return print(`${await version()}\n`)
  if (first === undefined) {
    print(help(verbs))
    return 2
  }
  try {
    const { parse, verbNamed } = await import('./arguments.ts')
    const name = first === 'help' ? (rest[0] ?? '') : first
    const verb = verbNamed(name, verbs)
    const asked = parse(verb, first === 'help' ? ['--help'] : rest, verbs)
    if (asked.kind === 'help') return print(helpOf(asked.verb))
    return await (await verb.load())(asked.call, verbs)
  } catch (error) {
    const { report } = await import('./report.ts')
    return report(error, rest.includes('--json'))
  }
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

async function version(): Promise<string> {
  const { packageVersion } = await import('./package-version.ts')
  return packageVersion()
}

process.exitCode = await main(process.argv.slice(2))
