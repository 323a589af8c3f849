import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { RobotDefinition } from 'tendon'
import { TendonError } from 'tendon/device'
import { listPorts } from 'tendon/serial'
import { serialPortsOf } from '../doctor/wiring.ts'
import { hostProblem } from '../host-problems.ts'
import type { Machine, ProgramCall } from '../machine.ts'
import { type NamedPort, udevRules } from './udev.ts'
import { OPERATORS, unitName, unitText } from './unit.ts'

/** What installing a service writes and runs, in this order. */
export interface ServicePlan {
  readonly unit: string
  readonly files: readonly { readonly path: string; readonly text: string }[]
  readonly calls: readonly ProgramCall[]
  /** The ports that have a lasting name from now on: path before, path after. */
  readonly names: readonly (readonly [before: string, after: string])[]
}

export interface PlanOptions {
  readonly machine: Machine
  readonly definition: RobotDefinition
  /** The robot's file or folder. */
  readonly place: string
  readonly user: string
  /** How `tendon` is called. */
  readonly tendon: readonly string[]
  /** Who asked for it by `sudo`: becomes an operator. */
  readonly operator: string | undefined
}

export const unitPath = (robot: string): string => `/etc/systemd/system/${unitName(robot)}`
const rulesPath = (robot: string): string => `/etc/udev/rules.d/60-tendon-${robot}.rules`
const USERS = '/etc/sysusers.d/tendon.conf'
const HOME = '/var/lib/tendon'

/** Says what has to be done, and does nothing. Throws `TENDON_SERVICE_UNREADABLE`. */
export async function planService(options: PlanOptions): Promise<ServicePlan> {
  const { machine, definition, place, user, tendon } = options
  const robot = definition.name
  const [node = '', ...rest] = tendon
  const paths = [node, ...rest.filter((word) => word.startsWith('/')), place]
  for (const path of paths) refuseUnreadable(path, user, place)
  const named = await namedPorts(machine, definition)
  const groups = wantedGroups(definition).filter((group) => hasRow(machine, '/etc/group', group))
  const unit = unitText({
    robot,
    user,
    tendon,
    place,
    groups,
    devices: wantedDevices(definition),
    inHome: paths.some((path) => /^\/(home|root)\//.test(path)),
  })
  return {
    unit: unitName(robot),
    files: [
      { path: USERS, text: usersText(machine, user) },
      { path: rulesPath(robot), text: udevRules(robot, named) },
      { path: unitPath(robot), text: unit },
    ],
    calls: installCalls(machine, robot, options.operator),
    names: named.map(({ name, port }) => [port.path, `/dev/tendon/${name}`]),
  }
}

/** What takes a service away again. */
export function planRemoval(
  robot: string,
): Omit<ServicePlan, 'names' | 'files'> & { readonly remove: readonly string[] } {
  return {
    unit: unitName(robot),
    remove: [unitPath(robot), rulesPath(robot)],
    calls: [
      { program: 'systemctl', args: ['daemon-reload'] },
      { program: 'udevadm', args: ['control', '--reload'] },
    ],
  }
}

function installCalls(machine: Machine, robot: string, operator: string | undefined): ProgramCall[] {
  const unit = unitName(robot)
  return [
    { program: 'systemd-sysusers', args: [machine.place(USERS)] },
    ...(operator === undefined ? [] : [{ program: 'usermod', args: ['--append', '--groups', OPERATORS, operator] }]),
    { program: 'udevadm', args: ['control', '--reload'] },
    {
      program: 'udevadm',
      args: ['trigger', '--action=change', '--subsystem-match=tty', '--subsystem-match=usb-serial'],
    },
    // Before systemd is told of it: a unit with a mistake in it must not take the place of one that works.
    { program: 'systemd-analyze', args: ['verify', machine.place(unitPath(robot))] },
    { program: 'systemctl', args: ['daemon-reload'] },
    { program: 'systemctl', args: ['enable', unit] },
    { program: 'systemctl', args: ['restart', unit] },
  ]
}

const hasRow = (machine: Machine, file: string, name: string): boolean =>
  (machine.text(file) ?? '').split('\n').some((line) => line.startsWith(`${name}:`))

function usersText(machine: Machine, user: string): string {
  const made = !hasRow(machine, '/etc/passwd', user)
  return [
    '# Made by: tendon service install. Members of the group may talk to robots that run as services.',
    `g ${OPERATORS} -`,
    ...(made ? [`u ${user} - "Robots of Tendon" ${HOME} -`] : []),
    '',
  ].join('\n')
}

const kindsOf = ({ hardware }: RobotDefinition): Set<string> =>
  new Set(Object.values(hardware.buses).map(({ port }) => port.kind))

const stopInputs = ({ model }: RobotDefinition): number =>
  Object.keys((model.spec as { readonly stopInputs?: object }).stopInputs ?? {}).length

function wantedGroups(definition: RobotDefinition): string[] {
  return [
    ...(serialPortsOf(definition).length > 0 ? ['dialout'] : []),
    ...(kindsOf(definition).has('i2c') ? ['i2c'] : []),
    ...(stopInputs(definition) > 0 ? ['gpio'] : []),
  ]
}

function wantedDevices(definition: RobotDefinition): string[] {
  return [
    ...(serialPortsOf(definition).length > 0 ? ['char-ttyACM', 'char-ttyUSB', 'char-ttyAMA', 'char-ttyS'] : []),
    ...(kindsOf(definition).has('i2c') ? ['char-i2c'] : []),
    ...(stopInputs(definition) > 0 ? ['char-gpiochip'] : []),
  ]
}

/** The adapters that are on the robot's serial buses just now. */
async function namedPorts(machine: Machine, { name: robot, hardware }: RobotDefinition): Promise<NamedPort[]> {
  const ports = await listPorts({ root: machine.root })
  return Object.entries(hardware.buses).flatMap(
    ([
      bus,
      {
        port: { kind, address },
      },
    ]) => {
      const real = kind === 'serial' ? machine.realPath(address) : undefined
      const port = ports.find(({ path }) => path === real)
      return port ? [{ name: `${robot}-${bus}`, port }] : []
    },
  )
}

const OTHERS_ENTER = 0o001

/** Everybody must be able to come to the file, or it must be that user's own. */
function refuseUnreadable(path: string, user: string, robot: string): void {
  if (user === 'root') return
  for (let folder = dirname(resolve(path)); folder !== '/'; folder = dirname(folder)) {
    const { mode, uid } = statSync(folder, { throwIfNoEntry: false }) ?? { mode: OTHERS_ENTER, uid: 0 }
    const isOwn = uid !== 0 && uid === Number(process.env.SUDO_UID ?? -1) && user === process.env.SUDO_USER
    if ((mode & OTHERS_ENTER) === 0 && !isOwn)
      throw new TendonError(hostProblem('TENDON_SERVICE_UNREADABLE', { user, path: folder, robot }))
  }
}
