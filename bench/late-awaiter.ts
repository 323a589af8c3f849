import type { Effort } from './effort.ts'
import { checkDone, type Row } from './measure.ts'
import { settled } from './robots.ts'
import { figure } from './rounds.ts'
import { steppingRobot } from './whole-command.ts'

const COMMANDS = 1_000_000
/** Started together; all have ended before the first of them is awaited. */
const TOGETHER = 10_000

/** G12: commands that end before their caller awaits lose no outcome. */
export async function g12({ divisor }: Effort): Promise<Row[]> {
  const robot = await steppingRobot(TOGETHER)
  const commands = COMMANDS / divisor
  let right = 0
  for (let first = 0; first < commands; first += TOGETHER) {
    const handles = Array.from({ length: TOGETHER }, (_, i) => robot.step({ x: first + i }))
    await settled()
    checkDone('ended before they are awaited', handles.filter(({ status }) => status === 'ended').length, TOGETHER)
    for (const [i, handle] of handles.entries()) {
      const outcome = await handle.result()
      if (outcome.status === 'succeeded' && outcome.value === first + i) right++
    }
  }
  await robot.close()
  return [figure('G12', `${commands.toLocaleString('en')} late awaiters`, 0, 'lost outcomes', commands - right)]
}
