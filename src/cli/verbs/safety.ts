import { theRobot } from '../control/find.ts'
import type { ArmResult, VerdictResult } from '../control/protocol.ts'
import { askingFirst } from '../first-motion.ts'
import { callerOutput } from '../output.ts'
import { given, has, type Perform } from '../verb.ts'
import { showNotArmed, showVerdict } from '../verdict-text.ts'

/** `arm`, `disarm`, `reset`, `retire` and `acknowledge`: acts on the whole robot, each with its own answer. */
export const safety: Perform = async (call) => {
  const output = callerOutput(call)
  const client = await theRobot(given(call, 'robot'))
  try {
    if (call.verb === 'arm') {
      const armed = await askingFirst(has(call, 'yes'), (confirmed) => client.call<ArmResult>('arm', { confirmed }))
      if (!armed.armed) return showNotArmed(output, armed.problems)
      output.show({ type: 'armed' }, 'armed: every joint holds where it stands')
      return 0
    }
    if (call.verb === 'reset') {
      const { latched } = await client.call<{ latched: boolean }>('reset')
      output.show({ type: 'reset', latched }, latched ? 'reset: it can be armed again' : 'reset: it was not stopped')
      return 0
    }
    const body = { cut: has(call, 'cut'), reason: given(call, 'reason') }
    const { verdict } = await client.call<VerdictResult>(call.verb, body)
    return showVerdict(output, call.verb, verdict)
  } finally {
    client.close()
  }
}
