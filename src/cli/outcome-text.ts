import type { Outcome } from 'tendon'
import { inCommandLineWords } from './command-line-words.ts'
import { exitCodes } from './exit-codes.ts'
import type { Output } from './output.ts'

/** Which run it was, and how long it took in seconds. */
export interface RunShown {
  readonly command: string
  readonly run: string
  readonly took: number
}

/** Shows how a run ended; gives the exit code. */
export function outcomeShown(output: Output, { command, run, took }: RunShown, outcome: Outcome): number {
  const { green, yellow, red } = output.colors
  output.data({ type: 'outcome', run, command, ...outcome })
  const after = `after ${took.toFixed(1)} s`
  switch (outcome.status) {
    case 'succeeded':
      output.say(`${green('✓')} ${command} succeeded ${after}${valueText(outcome.value)}`)
      return exitCodes.done
    case 'canceled': {
      const still = outcome.stopConfirmed ? '' : red('; NOT confirmed standing still: keep clear')
      output.say(`${yellow('■')} ${command} canceled (${outcome.reason}) ${after}${still}${valueText(outcome.partial)}`)
      return outcome.stopConfirmed ? exitCodes.canceled : exitCodes.notConfirmed
    }
    case 'failed':
      output.say(`${red('✗')} ${command} failed ${after}${valueText(outcome.partial)}`)
      output.problem(inCommandLineWords(outcome.error, command))
      return exitCodes.failed
    case 'refused':
      output.problem(inCommandLineWords(outcome.error, command))
      return exitCodes.refused
    case 'uncertain':
      output.problem(outcome.error)
      return exitCodes.notConfirmed
  }
}

const valueText = (value: unknown): string =>
  value === undefined || value === null ? '' : `: ${JSON.stringify(value)}`
