import type { Outcome, Problem } from 'tendon'
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
      output.problem(asWritten(outcome.error, command))
      return exitCodes.failed
    case 'refused':
      output.problem(asWritten(outcome.error, command))
      return exitCodes.refused
    case 'uncertain':
      output.problem(outcome.error)
      return exitCodes.notConfirmed
  }
}

const valueText = (value: unknown): string =>
  value === undefined || value === null ? '' : `: ${JSON.stringify(value)}`

/** The fix of a problem in the words of the command line, where the catalogue has it in those of the library. */
function asWritten(found: Problem, command: string): Problem {
  const { facts } = found
  const near = (facts.near as readonly string[] | undefined)?.[0]
  const fixes: Readonly<Record<string, string>> = {
    TENDON_UNKNOWN_COMMAND: near ? `tendon exec ${near}` : 'tendon list',
    TENDON_DISARMED: `tendon exec ${command} --arm`,
    TENDON_NOT_ARMED: `tendon exec ${command} --arm`,
    TENDON_LATCHED: `Look at the robot, then: tendon reset, and tendon exec ${command} --arm`,
    TENDON_IN_FAULT: 'Keep clear, cut the supply if in doubt, then: tendon acknowledge',
    TENDON_CATEGORY_FULL: 'tendon runs shows what is running; tendon cancel <run> ends it',
    TENDON_CLAIM_TAKEN: `tendon cancel ${String(facts.holder)}`,
  }
  const fix = fixes[found.code]
  return fix === undefined ? found : { ...found, fix }
}
