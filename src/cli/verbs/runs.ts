import { theRobot } from '../control/find.ts'
import type { EndedRun, LiveRun, RunsView } from '../control/protocol.ts'
import { callerOutput } from '../output.ts'
import { table } from '../table.ts'
import { given, type Perform } from '../verb.ts'

/** What is running, and what ended last. */
export const runs: Perform = async (call) => {
  const output = callerOutput(call)
  const client = await theRobot(given(call, 'robot'))
  try {
    const { live, ended } = await client.call<RunsView>('runs')
    for (const run of live) output.data({ type: 'live', ...run })
    for (const run of ended) output.data({ type: 'ended', ...run })
    output.say(live.length === 0 ? 'nothing is running' : table(live.map(liveRow)))
    if (ended.length > 0) output.say(`ended:\n${table(ended.map(endedRow))}`)
    return 0
  } finally {
    client.close()
  }
}

const liveRow = ({ run, status, category, claims, goal, parent }: LiveRun): string[] => [
  run,
  status,
  category,
  claims.join(','),
  goal === undefined ? '' : JSON.stringify(goal),
  parent ? `child of ${parent}` : '',
]

const endedRow = ({ run, status, reason, problem, ago }: EndedRun): string[] => [
  run,
  reason ? `${status} (${reason})` : status,
  `${ago.toFixed(0)} s ago`,
  problem?.what ?? '',
]
