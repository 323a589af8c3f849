import type { ParameterInfo } from 'tendon'
import type { ControlClient } from '../control/client.ts'
import { theRobot } from '../control/find.ts'
import { callerOutput, type Output } from '../output.ts'
import { table } from '../table.ts'
import { UsageError } from '../usage-error.ts'
import { type Call, given, type Perform } from '../verb.ts'

const acts = ['list', 'get', 'set', 'reset'] as const

/** Reads and changes the parameters of a running robot. */
export const param: Perform = async (call) => {
  const output = callerOutput(call)
  const [act = '', name, text] = call.args
  if (!(acts as readonly string[]).includes(act)) throw UsageError.unknown('act', act, acts)
  if (act !== 'list' && name === undefined)
    throw new UsageError(`tendon param ${act} needs a name.`, 'tendon param list')
  if ((act === 'set') !== (text !== undefined))
    throw new UsageError(
      act === 'set' ? 'tendon param set needs a value.' : `tendon param ${act} takes no value.`,
      'tendon param set <name> <value>',
    )
  const client = await theRobot(given(call, 'robot'))
  try {
    if (act === 'list') return await listAll(client, output)
    return await one(call, client, output)
  } finally {
    client.close()
  }
}

async function listAll(client: ControlClient, output: Output): Promise<number> {
  const { parameters } = await client.call<{ parameters: readonly ParameterInfo[] }>('param.list')
  for (const parameter of parameters) output.data({ type: 'parameter', ...parameter })
  output.say(parameters.length === 0 ? `${client.robot} has no parameters` : table(parameters.map(row)))
  return 0
}

const row = ({ name, shown, accepts, changed, doc }: ParameterInfo): string[] => [
  name,
  shown,
  accepts,
  changed ? 'changed' : 'default',
  doc ?? '',
]

async function one({ args: [act, name, text] }: Call, client: ControlClient, output: Output): Promise<number> {
  const parameter = await client.call<ParameterInfo>(`param.${act}`, { name, text })
  output.show({ type: 'parameter', ...parameter }, `${parameter.name} is ${parameter.shown}`)
  return 0
}
