#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { cac } from 'cac'
import { TendonError } from 'tendon'
import { exitCodes } from './exit-codes.ts'
import { type SimOptions, sim } from './sim.ts'
import { UsageError } from './usage-error.ts'

const verbs = ['sim'] as const

const cli = cac('tendon')
cli
  .command(
    'sim <robot> [script]',
    'Run a robot behind simulated hardware; script: a file or a command; default: its story',
  )
  .option('--json', 'One JSON object a line')
  .option('--fault <joint=kind>', 'Begin with a fault: stuck, silent, hot, low (may be repeated)')
  .option('--seed <n>', 'Of everything that is left to chance', { default: 1 })
  .example('tendon sim so101')
  .example('tendon sim so101 wave --fault elbow_flex=stuck')
  .action((robot: string, script: string | undefined, options: SimOptions) => sim(robot, script, options))
cli.help()
cli.version(packageVersion())

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/** Runs the command line; gives its exit code. */
async function main(): Promise<number> {
  try {
    cli.parse(process.argv, { run: false })
    if (cli.matchedCommand) return ((await cli.runMatchedCommand()) as number | undefined) ?? exitCodes.done
    const [verb] = cli.args
    if (cli.options.help || cli.options.version) return exitCodes.done
    if (verb === undefined) {
      cli.outputHelp()
      return exitCodes.usage
    }
    throw UsageError.unknown('verb', verb, verbs)
  } catch (error) {
    return report(error)
  }
}

function report(error: unknown): number {
  if (error instanceof UsageError) process.stderr.write(`${error.message}\n  fix: ${error.fix}\n`)
  else if (error instanceof Error && error.name === 'CACError')
    process.stderr.write(`${error.message}\n  fix: tendon --help\n`)
  else if (error instanceof TendonError) {
    const { code, what, why, fix } = error.problem
    process.stderr.write(`${code}: ${what}\n  why: ${why}\n  fix: ${fix}\n`)
    return exitCodes.failed
  } else throw error
  return exitCodes.usage
}

process.exitCode = await main()
