import { exitCodes } from '../exit-codes.ts'
import { loadRobot } from '../load-robot.ts'
import { callerOutput, type Output } from '../output.ts'
import { progressFor } from '../progress.ts'
import { refusePortOfRobot } from '../setup/adapter.ts'
import { diagnose, type Expected } from '../setup/diagnosis.ts'
import { busOfFamily, familiesNamed } from '../setup/families.ts'
import { waitIn } from '../setup/flags.ts'
import { baudsIn, idsIn } from '../setup/id-list.ts'
import { untilInterrupted } from '../setup/person.ts'
import { linesOf } from '../setup/robot-lines.ts'
import { type Finding, type ScanSettings, scanLine } from '../setup/scan-line.ts'
import { theOnlyPort } from '../setup/the-port.ts'
import { table } from '../table.ts'
import { UsageError } from '../usage-error.ts'
import { type Call, given, type Perform } from '../verb.ts'

/** A line to look at, and what should be on it. */
interface Target extends Pick<ScanSettings, 'specs' | 'path'> {
  readonly expected?: Expected
}

/** Who answers on a line, at which baud rate, and what that tells. Asks only; no servo is written to. */
export const scan: Perform = async (call) => {
  const output = callerOutput(call)
  const [bauds, ids, wait] = [baudsIn(given(call, 'baud')), idsIn(given(call, 'ids')), waitIn(call)]
  const targets = await targetsOf(call)
  for (const { path } of targets) await refusePortOfRobot(path)
  return untilInterrupted(async (leaving) => {
    let problems = 0
    for (const target of targets) problems += await scanOne(output, target, { bauds, ids, wait, leaving })
    return problems === 0 ? exitCodes.done : exitCodes.failed
  })
}

async function targetsOf(call: Call): Promise<Target[]> {
  const robot = call.args[0] ?? given(call, 'robot')
  const port = given(call, 'port')
  const family = given(call, 'family')
  if (robot !== undefined) {
    if (family !== undefined) throw new UsageError('--family is what the robot says.', `tendon scan ${robot}`)
    return linesOf(await loadRobot(robot), port).map(({ spec, path, chain, baudRate }) => ({
      specs: [spec],
      path,
      expected: { chain, baudRate },
    }))
  }
  const path = port ?? (await theOnlyPort('scan'))
  const { serial } = await import('tendon/serial')
  const specs = familiesNamed(family).map((name) => busOfFamily(name, serial({ path, baudRate: 1_000_000 })))
  return [{ specs: await Promise.all(specs), path }]
}

/** Shows what is on one line; gives how many problems it has. */
async function scanOne(
  output: Output,
  { specs, path, expected }: Target,
  how: Pick<ScanSettings, 'bauds' | 'ids' | 'wait' | 'leaving'>,
): Promise<number> {
  const progress = await progressFor(output, 'scan')
  try {
    const scanned = await scanLine({ ...how, specs, path, onProgress: (fraction) => progress.update({ fraction }) })
    progress.end()
    const { findings } = scanned
    for (const finding of findings) output.data(dataOf(path, finding))
    if (findings.length > 0) output.say([`on ${path}:`, table([HEAD, ...findings.map(row)])].join('\n'))
    const problems = diagnose(path, scanned, expected && askedOf(expected, how.ids))
    for (const found of problems) output.problem(found)
    return problems.length
  } finally {
    progress.end()
  }
}

/** One that was not asked is not missing. */
const askedOf = ({ chain, baudRate }: Expected, ids: readonly number[] | undefined): Expected => ({
  chain: ids ? chain.filter(({ id }) => ids.includes(id)) : chain,
  baudRate,
})

const HEAD = ['id', 'model', 'firmware', 'baud', 'voltage', 'temperature', 'position', 'power', 'alarms']

function row({ id, baudRate, servo, glance }: Finding): string[] {
  if (!servo) return [`${id}`, 'SEVERAL SERVOS', '', `${baudRate}`]
  const shown = glance
    ? [
        `${glance.voltage.toFixed(1)} V`,
        `${glance.temperature} C`,
        `${glance.position}`,
        glance.powered ? 'on' : 'off',
        glance.alarms.join(', ') || 'none',
      ]
    : ['?', '?', '?', '?', '?']
  return [`${id}`, servo.model, servo.firmware, `${baudRate}`, ...shown]
}

const dataOf = (port: string, { family, id, baudRate, servo, glance }: Finding): object => ({
  type: 'servo',
  port,
  family,
  id,
  baudRate,
  several: servo === undefined,
  ...(servo && { model: servo.model, modelNumber: servo.modelNumber, firmware: servo.firmware }),
  ...glance,
})
