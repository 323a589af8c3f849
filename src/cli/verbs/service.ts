import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TendonError } from 'tendon/device'
import { readCard, removeCard } from '../control/card.ts'
import { robotsHere } from '../control/find.ts'
import { runtimeFolder } from '../control/place.ts'
import { exitCodes } from '../exit-codes.ts'
import { hostProblem } from '../host-problems.ts'
import { loadRobot } from '../load-robot.ts'
import { commandText, Machine, type ProgramCall } from '../machine.ts'
import { callerOutput, type Output } from '../output.ts'
import { planRemoval, planService, unitPath } from '../service/plan.ts'
import { safeOff } from '../service/safe-off.ts'
import { OPERATORS, unitName } from '../service/unit.ts'
import { UsageError } from '../usage-error.ts'
import { type Call, given, has, type Perform } from '../verb.ts'

/** How long a program of the system may take, in milliseconds: a start waits until the robot is up. */
const PATIENCE = 120_000

/** `install`, `status`, `logs`, `remove`: a robot that systemd keeps up. `off` is what its unit runs when it has ended. */
export const service: Perform = async (call) => {
  const output = callerOutput(call)
  const [what = '', robot] = call.args
  switch (what) {
    case 'install':
      return install(call, output, robot)
    case 'remove':
      return remove(call, output, robot)
    case 'status':
      return status(output, robot)
    case 'logs':
      return logs(call, output, robot)
    case 'off':
      return off(output, robot)
    default:
      throw UsageError.unknown('service act', what, ['install', 'status', 'logs', 'remove'])
  }
}

async function install(call: Call, output: Output, name: string | undefined): Promise<number> {
  if (name === undefined) throw new UsageError('Nothing says which robot.', 'tendon service install robot.js')
  const machine = new Machine()
  const dry = has(call, 'dry-run')
  const { definition, folder } = await loadRobot(name)
  if (!dry) refuseWithoutRoot(machine, `service install ${name}`)
  if (!dry) await refuseArmed(definition.name)
  const place = /\.[mc]?[jt]s$/.test(name) ? resolve(name) : folder
  const asker = process.env.SUDO_USER
  const operator = asker === '' || asker === 'root' ? undefined : asker
  const user = given(call, 'user') ?? OPERATORS
  if (!/^[a-z_][a-z0-9_-]{0,30}$/.test(user))
    throw new UsageError(`'${user}' is no name of a user.`, 'tendon service install robot.js --user tendon')
  const plan = await planService({ machine, definition, place, user, tendon: tendonCall(folder), operator })
  for (const { path, text } of plan.files) {
    if (!dry) machine.write(path, text)
    output.show(
      { type: dry ? 'would_write' : 'wrote', path, text },
      dry ? `would write ${path}:\n${text}` : `wrote ${path}`,
    )
  }
  await runAll(machine, output, plan.calls, dry)
  for (const [before, after] of plan.names)
    output.show({ type: 'named', before, after }, `${before} is ${after} from now on, whatever is plugged in before it`)
  if (!dry) output.say(installedText(definition.name, operator))
  return exitCodes.done
}

const installedText = (robot: string, operator: string | undefined): string =>
  [
    '',
    `${robot} is up, disarmed, and comes up disarmed after every start. Nothing arms it but you:`,
    `  tendon status, tendon arm, tendon service logs ${robot} --follow`,
    operator === undefined
      ? `Members of the group ${OPERATORS} may talk to it: sudo usermod --append --groups ${OPERATORS} <user>`
      : `${operator} is in the group ${OPERATORS} now, and may talk to it after logging in again.`,
  ].join('\n')

/** How the unit calls `tendon`: the one that is installed beside the robot, by a path that outlives a deploy; or this one. */
function tendonCall(folder: string): string[] {
  for (let above = folder; ; above = dirname(above)) {
    const beside = join(above, 'node_modules/tendon/dist/cli/main.js')
    if (existsSync(beside)) return [process.execPath, beside]
    if (above === dirname(above)) break
  }
  const own = fileURLToPath(new URL(`../main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url))
  return [process.execPath, ...process.execArgv, own]
}

function refuseWithoutRoot(machine: Machine, words: string): void {
  if (machine.root === '/' && process.getuid?.() !== 0)
    throw new UsageError('Services are root’s matter.', `sudo env "PATH=$PATH" tendon ${words}`)
}

async function refuseArmed(robot: string): Promise<void> {
  for (const found of await robotsHere()) {
    if (found.is !== 'running') continue
    found.client.close()
    const { safety } = found.hello
    if (found.robot === robot && safety !== 'disarmed' && safety !== 'fault')
      throw new TendonError(hostProblem('TENDON_SERVICE_ARMED', { robot, safety }))
  }
}

async function runAll(machine: Machine, output: Output, calls: readonly ProgramCall[], dry: boolean): Promise<void> {
  for (const call of calls) {
    const command = commandText(call)
    if (dry) {
      output.show({ type: 'would_run', command }, `would run: ${command}`)
      continue
    }
    const { code, err, out } = await machine.run(call, PATIENCE)
    const said = (err || out).trim().split('\n').slice(0, 5).join(' ')
    if (code !== 0) throw new TendonError(hostProblem('TENDON_PROGRAM_FAILED', { command, said }))
    output.show({ type: 'ran', command }, `ran ${command}`)
  }
}

/** The robots that are installed as services. */
const installed = (machine: Machine): string[] =>
  machine.names('/etc/systemd/system').flatMap((name) => /^tendon-(.+)\.service$/.exec(name)?.[1] ?? [])

/** The named one, or the only one. Throws `TENDON_SERVICE_MISSING`. */
function theService(machine: Machine, name: string | undefined): string {
  const all = installed(machine)
  if (name !== undefined && all.includes(name)) return name
  const [only, ...others] = all
  if (name === undefined && only !== undefined && others.length === 0) return only
  throw new TendonError(hostProblem('TENDON_SERVICE_MISSING', { robot: name, installed: all }))
}

async function remove(call: Call, output: Output, name: string | undefined): Promise<number> {
  const machine = new Machine()
  const robot = theService(machine, name)
  const dry = has(call, 'dry-run')
  if (!dry) refuseWithoutRoot(machine, `service remove ${robot}`)
  const plan = planRemoval(robot)
  // It goes to its rest pose and disarms before it ends.
  await runAll(machine, output, [{ program: 'systemctl', args: ['disable', '--now', plan.unit] }], dry)
  for (const path of plan.remove) {
    if (!dry) machine.remove(path)
    output.show({ type: dry ? 'would_remove' : 'removed', path }, `${dry ? 'would remove' : 'removed'} ${path}`)
  }
  await runAll(machine, output, plan.calls, dry)
  output.say(`The user and the group ${OPERATORS}, and what is in /var/lib/tendon, stay.`)
  return exitCodes.done
}

async function status(output: Output, name: string | undefined): Promise<number> {
  const machine = new Machine()
  const robot = theService(machine, name)
  const properties = ['ActiveState', 'SubState', 'Result', 'NRestarts', 'MainPID', 'ActiveEnterTimestamp']
  const call = { program: 'systemctl', args: ['show', unitName(robot), `--property=${properties.join(',')}`] }
  const { code, out, err } = await machine.run(call)
  if (code !== 0)
    throw new TendonError(hostProblem('TENDON_PROGRAM_FAILED', { command: commandText(call), said: err.trim() }))
  const shown = new Map(out.split('\n').map((line) => line.split('=', 2) as [string, string]))
  const of = (property: string): string => shown.get(property) ?? '?'
  const isUp = of('ActiveState') === 'active'
  output.show(
    { type: 'service', robot, unit: unitPath(robot), ...Object.fromEntries(properties.map((p) => [p, of(p)])) },
    [
      `${robot}: ${of('ActiveState')} (${of('SubState')}) since ${of('ActiveEnterTimestamp')}, process ${of('MainPID')}`,
      `  restarted ${of('NRestarts')} times; last result: ${of('Result')}`,
      isUp ? `  tendon status --robot ${robot} asks the robot itself` : `  tendon service logs ${robot} says why`,
    ].join('\n'),
  )
  return isUp ? exitCodes.done : exitCodes.failed
}

/** The journal of the service, as journalctl shows it. */
function logs(call: Call, output: Output, name: string | undefined): Promise<number> {
  const robot = theService(new Machine(), name)
  const args = [
    `--unit=${unitName(robot)}`,
    '--lines=200',
    '--no-pager',
    ...(has(call, 'follow') ? ['--follow'] : []),
    ...(output.json ? ['--output=json'] : []),
  ]
  return new Promise((done, fail) => {
    const child = spawn('journalctl', args, { stdio: ['ignore', 'inherit', 'inherit'] })
    const said = (error: Error): TendonError =>
      new TendonError(hostProblem('TENDON_PROGRAM_FAILED', { command: 'journalctl', said: error.message }))
    child.on('error', (error) => fail(said(error)))
    // Ctrl-C reaches both; the journal ends by it, and so do we.
    process.once('SIGINT', () => child.kill('SIGINT'))
    child.on('close', (code) => done(code === 0 || code === null || code === 130 ? exitCodes.done : exitCodes.failed))
  })
}

/** What the unit runs when its robot has ended, however it did: nothing where that was verified off. */
async function off(output: Output, name: string | undefined): Promise<number> {
  if (name === undefined) throw new UsageError('Nothing says which robot.', 'tendon service off robot.js')
  const { definition } = await loadRobot(name)
  const folder = runtimeFolder()
  if (!readCard(folder, definition.name)) {
    output.show(
      { type: 'off', confirmed: true, buses: [] },
      `${definition.name} had read every servo back before it ended`,
    )
    return exitCodes.done
  }
  const buses = await safeOff(definition)
  const confirmed = buses.every(({ unknown }) => unknown.length === 0)
  const rows = buses.map(({ bus, port, off: without, holding, unknown, reason }) =>
    [
      `${bus} on ${port}:`,
      ...(without.length > 0 ? [`off: ${without.join(', ')}`] : []),
      ...(holding.length > 0 ? [`POWER ON, holding: ${holding.join(', ')}`] : []),
      ...(unknown.length > 0 ? [`NOT CONFIRMED, power may still be on: ${unknown.join(', ')}`] : []),
      ...(reason === undefined ? [] : [`(${reason})`]),
    ].join(' '),
  )
  output.show({ type: 'off', confirmed, buses }, rows.join('\n'))
  const isOff = confirmed && buses.every(({ holding }) => holding.length === 0)
  if (isOff) removeCard(folder, definition.name)
  return confirmed ? exitCodes.done : exitCodes.notConfirmed
}
