import { robotsHere, theRobot } from '../control/find.ts'
import type { CommandView, FieldView, ListView } from '../control/protocol.ts'
import { exitCodes } from '../exit-codes.ts'
import { callerOutput, type Output } from '../output.ts'
import { table } from '../table.ts'
import { given, type Perform } from '../verb.ts'

/** The running robots, or the commands of the one that is named. */
export const list: Perform = async (call) => {
  const output = callerOutput(call)
  const name = given(call, 'robot') ?? call.args[0]
  return name === undefined ? listRobots(output) : listCommands(output, name)
}

async function listRobots(output: Output): Promise<number> {
  const found = await robotsHere()
  const rows: string[][] = []
  for (const one of found) {
    if (one.is !== 'running') {
      output.problem(one.problem.problem)
      continue
    }
    one.client.close()
    const { robot, pid, simulated, safety } = one.hello
    output.data({ type: 'robot', ...one.hello })
    rows.push([robot, safety, simulated ? 'simulated' : 'hardware', `process ${pid}`])
  }
  if (rows.length > 0) output.say(`${table(rows)}\n\ntendon list <robot> shows its commands`)
  if (found.length > rows.length) return exitCodes.notConfirmed
  if (rows.length === 0) output.say('no robot is running; tendon sim so101 --stay starts one')
  return exitCodes.done
}

async function listCommands(output: Output, name: string): Promise<number> {
  const client = await theRobot(name)
  try {
    const { robot, doc, commands } = await client.call<ListView>('list')
    for (const command of commands) output.data({ type: 'command', ...command })
    output.say(
      [`${robot}${doc ? `: ${doc}` : ''}`, ...commands.map((command) => commandText(output, command))].join('\n\n'),
    )
    return exitCodes.done
  } finally {
    client.close()
  }
}

function commandText({ colors }: Output, { name, doc, category, allowed, goal }: CommandView): string {
  const head = `${colors.bold(name)}  ${doc ?? ''}`.trimEnd()
  const where = `  in ${allowed.join(', ')}; category ${category}`
  if (!goal) return `${head}\n${where}`
  const fields = goal.fields ? goal.fields.map(fieldRow) : [['?', 'its schema does not say what it takes; use --goal']]
  return `${head}\n${where}\n${table(fields)}${goal.open ? '\n  and others' : ''}`
}

function fieldRow({ name, type, unit, min, max, default: otherwise, required, doc }: FieldView): string[] {
  const short = (value: number): string => String(Number(value.toPrecision(4)))
  const range =
    min === undefined && max === undefined
      ? ''
      : `${min === undefined ? '' : `${short(min)} `}..${max === undefined ? '' : ` ${short(max)}`}`
  const needed = otherwise !== undefined ? `default ${JSON.stringify(otherwise)}` : required ? 'required' : 'optional'
  return [`  ${name}`, [type, unit].filter(Boolean).join(' '), range, needed, doc ?? '']
}
