import type { Outcome } from 'tendon'
import { theRobot } from '../control/find.ts'
import { exitCodes } from '../exit-codes.ts'
import { callerOutput } from '../output.ts'
import { UsageError } from '../usage-error.ts'
import { given, has, type Perform } from '../verb.ts'

interface Canceled {
  readonly runs: readonly { readonly run: string; readonly outcome: Outcome }[]
}

/** Cancels a run by its id, all of a command, or all there are; ends when they have stopped. */
export const cancel: Perform = async (call) => {
  const output = callerOutput(call)
  const [run] = call.args
  const all = has(call, 'all')
  if ((run === undefined) === !all) throw new UsageError('Say which run: one by its name, or --all.', 'tendon runs')
  const client = await theRobot(given(call, 'robot'))
  try {
    const { runs } = await client.call<Canceled>('cancel', { run, all })
    let confirmed = true
    for (const { run: id, outcome } of runs) {
      const still = outcome.status !== 'canceled' || outcome.stopConfirmed
      confirmed &&= still
      const how = outcome.status === 'canceled' ? `canceled (${outcome.reason})` : `had ${outcome.status} by then`
      output.show(
        { type: 'outcome', run: id, ...outcome },
        `${id} ${how}${still ? '' : output.colors.red('; NOT confirmed standing still: keep clear')}`,
      )
    }
    if (runs.length === 0) output.say('nothing is running')
    return confirmed ? exitCodes.done : exitCodes.notConfirmed
  } finally {
    client.close()
  }
}
