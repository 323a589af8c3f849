import { type Card, readCard, removeCard } from '../control/card.ts'
import { ControlClient, goneProblem, silentProblem } from '../control/client.ts'
import { checkRobotName, namesIn } from '../control/find.ts'
import { runtimeFolder, socketOf } from '../control/place.ts'
import { controlProblem } from '../control/problems.ts'
import { PATIENCE, type VerdictResult } from '../control/protocol.ts'
import { exitCodes } from '../exit-codes.ts'
import { callerOutput, type Output } from '../output.ts'
import { report } from '../report.ts'
import { UsageError } from '../usage-error.ts'
import { type Call, given, has, type Perform } from '../verb.ts'
import { showVerdict } from '../verdict-text.ts'

/** Stops the named robot, or every running one, or the servos on a port when no runtime answers. */
export const stop: Perform = async (call) => {
  const output = callerOutput(call)
  const port = given(call, 'port')
  if (port !== undefined) return stopPort(call, output, port)
  for (const flag of ['baud', 'ids'])
    if (has(call, flag))
      throw new UsageError(`--${flag} belongs to a port.`, `tendon stop --port /dev/ttyACM0 --${flag} ...`)
  const folder = runtimeFolder()
  const name = given(call, 'robot')
  if (name !== undefined) checkRobotName(name)
  // All at once, and none waits for another: a robot that hangs must not keep the next one moving.
  const names = name === undefined ? namesIn(folder) : [name]
  const codes = await Promise.all(names.map((robot) => stopOne(robot, folder, output, given(call, 'reason'))))
  const known = codes.filter((code) => code !== undefined)
  if (known.length > 0) return Math.max(...known)
  output.problem(controlProblem('TENDON_CONTROL_NO_ROBOT', { robot: name, running: [] }))
  return exitCodes.unavailable
}

/** Gives the exit code; undefined where there is no such robot, and none that may have left power behind. */
async function stopOne(robot: string, folder: string, output: Output, reason?: string): Promise<number | undefined> {
  const card = readCard(folder, robot)
  const client = await ControlClient.connect(robot, socketOf(folder, robot), card)
  try {
    if (client === 'silent') throw silentProblem(robot, card)
    if (typeof client === 'string') {
      if (!card || card.buses.length === 0) return undefined
      throw goneProblem(card)
    }
    const { verdict } = await client.callWithin<VerdictResult>(PATIENCE, 'stop', { reason })
    return showVerdict(output, `stop ${robot}`, verdict)
  } catch (error) {
    return report(error, output.json)
  } finally {
    if (typeof client !== 'string') client.close()
  }
}

/** Ids that are asked where nobody said which servos there are. */
const USUAL_IDS = Array.from({ length: 16 }, (_, i) => i + 1)

/** Through the robot that has this port, if its program answers; otherwise straight onto the line. */
async function stopPort(call: Call, output: Output, port: string): Promise<number> {
  const baudRate = Number(given(call, 'baud') ?? 1_000_000)
  if (!Number.isInteger(baudRate) || baudRate <= 0)
    throw new UsageError(`--baud ${given(call, 'baud')} is no rate.`, `tendon stop --port ${port} --baud 1000000`)
  const named = idsIn(given(call, 'ids'))
  const folder = runtimeFolder()
  const owner = cardWith(folder, port)
  if (owner) {
    const client = await ControlClient.connect(owner.robot, socketOf(folder, owner.robot), owner)
    if (typeof client !== 'string') {
      const answered = await stopThrough(client, output, owner.robot, given(call, 'reason'))
      if (answered !== undefined) return answered
      output.say(`${owner.robot} (process ${owner.pid}) does not answer: writing to ${port} past it`)
    }
  }
  return switchOffPort(output, { port, baudRate, named, owner, folder })
}

async function stopThrough(
  client: ControlClient,
  output: Output,
  robot: string,
  reason?: string,
): Promise<number | undefined> {
  try {
    const { verdict } = await client.callWithin<VerdictResult>(PATIENCE, 'stop', { reason })
    return showVerdict(output, `stop ${robot}`, verdict)
  } catch {
    // It hangs, or broke off: then the line is told without it.
    return undefined
  } finally {
    client.close()
  }
}

interface Line {
  readonly port: string
  readonly baudRate: number
  readonly named: readonly number[] | undefined
  readonly owner: Card | undefined
  readonly folder: string
}

async function switchOffPort(output: Output, { port, baudRate, named, owner, folder }: Line): Promise<number> {
  const [{ switchOff }, { serial }, { systemClock }] = await Promise.all([
    import('tendon/feetech'),
    import('tendon/serial'),
    import('tendon'),
  ])
  const ids = named ?? idsOf(owner, port)
  // Without the lock: the program that hangs may still hold it.
  const line = serial({ path: port, baudRate, lock: false })
  const found = await switchOff(line, { clock: systemClock, ids: ids ?? USUAL_IDS, tries: ids ? 5 : 1 })
  const silent = ids ? found.silent : []
  const confirmed = ids !== undefined && found.off.length === ids.length
  output.show(
    { type: 'switched_off', port, confirmed, off: found.off, powered: found.powered, silent },
    [
      `off frame sent to every servo on ${port}`,
      ...(found.off.length > 0 ? [`  off: ${found.off.join(', ')}`] : []),
      ...(found.powered.length > 0 ? [output.colors.red(`  STILL POWERED: ${found.powered.join(', ')}`)] : []),
      ...(silent.length > 0 ? [output.colors.red(`  no answer: ${silent.join(', ')}`)] : []),
      confirmed ? 'every servo confirmed' : output.colors.red(notConfirmed(port, ids, found.off)),
    ].join('\n'),
  )
  if (confirmed && owner && owner.buses.length === 1 && !named) removeCard(folder, owner.robot)
  return confirmed ? exitCodes.done : exitCodes.notConfirmed
}

function notConfirmed(port: string, ids: readonly number[] | undefined, off: readonly number[]): string {
  if (ids) return 'NOT CONFIRMED, power may still be on: keep clear, cut the supply by hand'
  if (off.length === 0) return 'sent, NOT CONFIRMED: nobody answered; keep clear, cut the supply by hand'
  return `sent, NOT CONFIRMED: nothing here says which servos there are; name them: tendon stop --port ${port} --ids ${off.join(',')}`
}

/** Reads `1-6` or `1,2,5`. */
function idsIn(text: string | undefined): number[] | undefined {
  if (text === undefined) return undefined
  const ids = text.split(',').flatMap((part) => {
    const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(part.trim()) ?? []
    const length = Number(to) - Number(from) + 1
    return length >= 1 && Number(to) <= 253 ? Array.from({ length }, (_, i) => Number(from) + i) : [Number.NaN]
  })
  if (ids.some(Number.isNaN))
    throw new UsageError(`--ids ${text} are no servo ids (0 to 253).`, '--ids 1-6 or --ids 1,2,5')
  return [...new Set(ids)]
}

/** The card of the robot that has, or had, this port. */
const cardWith = (folder: string, port: string): Card | undefined =>
  namesIn(folder)
    .map((name) => readCard(folder, name))
    .find((card) => card?.buses.some((bus) => bus.port === port))

function idsOf(card: Card | undefined, port: string): number[] | undefined {
  const ids = card?.buses.filter((bus) => bus.port === port).flatMap(({ servos }) => servos.map(({ id }) => id))
  return ids && ids.length > 0 ? ids : undefined
}
