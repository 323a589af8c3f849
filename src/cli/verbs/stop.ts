import { readCard } from '../control/card.ts'
import { ControlClient, deniedProblem, goneProblem, silentProblem } from '../control/client.ts'
import { checkRobotName, namesIn } from '../control/find.ts'
import { foldersHere, socketOf } from '../control/place.ts'
import { controlProblem } from '../control/problems.ts'
import { PATIENCE, type VerdictResult } from '../control/protocol.ts'
import { exitCodes } from '../exit-codes.ts'
import { callerOutput, type Output } from '../output.ts'
import { report } from '../report.ts'
import { idsIn } from '../setup/id-list.ts'
import { type LineOff, lineOff } from '../stop-port/line-off.ts'
import { linesBehind, type Said } from '../stop-port/lines.ts'
import { forget, type Owner, ownersOf } from '../stop-port/owners.ts'
import { UsageError } from '../usage-error.ts'
import { type Call, given, has, type Perform } from '../verb.ts'
import { showVerdict } from '../verdict-text.ts'

/** Stops the named robot, or every running one, or the servos on a port when no runtime answers. */
export const stop: Perform = async (call) => {
  const output = callerOutput(call)
  const port = given(call, 'port')
  if (port !== undefined) return stopPort(call, output, port)
  for (const flag of ['baud', 'ids', 'family', 'chip'])
    if (has(call, flag))
      throw new UsageError(`--${flag} belongs to a port.`, `tendon stop --port /dev/ttyACM0 --${flag} ...`)
  const name = given(call, 'robot')
  if (name !== undefined) checkRobotName(name)
  // All at once, and none waits for another: a robot that hangs must not keep the next one moving.
  const meant = foldersHere().flatMap((folder) =>
    (name === undefined ? namesIn(folder) : [name]).map((robot) => ({ robot, folder })),
  )
  const reason = given(call, 'reason')
  const codes = await Promise.all(meant.map(({ robot, folder }) => stopOne(robot, folder, output, reason)))
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
    if (client === 'denied') throw deniedProblem(robot, folder)
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

/** Through the robot that has this port, if its program answers; otherwise straight onto the line. */
async function stopPort(call: Call, output: Output, port: string): Promise<number> {
  const said = saidOf(call, port)
  const owners = await ownersOf(port)
  const lines = linesBehind(
    said,
    owners.flatMap(({ buses }) => buses),
  )
  const gone: Owner[] = []
  for (const owner of owners) {
    const { robot, pid } = owner.card
    const client = await ControlClient.connect(robot, socketOf(owner.folder, robot), owner.card)
    if (client === 'gone' || client === 'absent') gone.push(owner)
    if (typeof client === 'string') continue
    const answered = await stopThrough(client, output, robot, given(call, 'reason'))
    if (answered !== undefined) return answered
    output.say(`${robot} (process ${pid}) does not answer: writing to ${port} past it`)
  }
  const told: LineOff[] = []
  for (const line of lines) {
    const found = await lineOff(output, line).catch((error: unknown) => void report(error, output.json))
    if (found) told.push(found)
  }
  for (const owner of gone) forgetOff(output, owner, told)
  const confirmed = told.length === lines.length && told.every((line) => line.confirmed)
  return confirmed ? exitCodes.done : exitCodes.notConfirmed
}

function saidOf(call: Call, port: string): Said {
  const whole = (flag: string, example: string): number | undefined => {
    const text = given(call, flag)
    if (text === undefined) return undefined
    const number = Number(text)
    if (Number.isInteger(number) && number > 0) return number
    throw new UsageError(`--${flag} ${text} is none.`, `tendon stop --port ${port} --${flag} ${example}`)
  }
  return {
    port,
    family: given(call, 'family'),
    baudRate: whole('baud', '1000000'),
    ids: idsIn(given(call, 'ids')),
    chip: whole('chip', '0x40'),
  }
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

/** What was read back without power is no longer on the card of a robot whose program is gone. */
function forgetOff(output: Output, owner: Owner, told: readonly LineOff[]): void {
  const off = owner.buses.filter(({ family, chip, servos }) => {
    const line = told.find((one) => one.line.chip === chip && one.line.families.includes(family))
    return line && servos.every(({ id }) => line.off.includes(id))
  })
  if (off.length === 0) return
  const failure = forget(owner, off)
  if (failure) output.say(`the note that ${owner.card.robot} has left stays: ${failure}`)
}
