import type { RobotEvent } from 'tendon'
import { theRobot } from '../control/find.ts'
import { eventText } from '../event-text.ts'
import { callerOutput } from '../output.ts'
import { UsageError } from '../usage-error.ts'
import { given, has, type Perform } from '../verb.ts'

/** The last events of a robot, and with `--follow` those to come until Ctrl-C. */
export const events: Perform = async (call) => {
  const output = callerOutput(call)
  const text = given(call, 'last') ?? '20'
  if (!/^\d+$/.test(text)) throw new UsageError(`--last ${text} is no number.`, 'tendon events --last 50')
  const client = await theRobot(given(call, 'robot'))
  const leave = (): void => client.close()
  process.once('SIGINT', leave)
  let interrupted = false
  process.once('SIGINT', () => {
    interrupted = true
  })
  try {
    await client.call('events', { last: Number(text), follow: has(call, 'follow') }, (event: RobotEvent) =>
      output.show(event, eventText(event)),
    )
    return 0
  } catch (error) {
    // Whoever only looks leaves with Ctrl-C: that is the end of it, and no failure.
    if (interrupted) return 0
    throw error
  } finally {
    client.close()
  }
}
