import { TendonError } from 'tendon/device'
import { exitCodes } from './exit-codes.ts'
import { outputFor } from './output.ts'
import { UsageError } from './usage-error.ts'

/** Says what went wrong on standard error, in JSON on standard output too; gives the exit code. Throws what is a bug. */
export function report(error: unknown, json: boolean): number {
  const output = outputFor(json)
  if (error instanceof UsageError) {
    output.usage(error.message, error.fix)
    return exitCodes.usage
  }
  if (!(error instanceof TendonError)) throw error
  output.problem(error.problem)
  return exitCodeOf(error)
}

function exitCodeOf({ code, problem }: TendonError): number {
  if (problem.power === 'unknown') return exitCodes.notConfirmed
  if (code === 'TENDON_CONTROL_NO_ROBOT') return exitCodes.unavailable
  if (code === 'TENDON_FIRST_MOTION') return exitCodes.refused
  if (code === 'TENDON_CONTROL_GOAL' || code === 'TENDON_CONTROL_WHICH') return exitCodes.usage
  return exitCodes.failed
}
