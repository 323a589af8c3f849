import { basename, dirname } from 'node:path'
import { listPorts } from 'tendon/serial'
import { type Check, failure, notApplicable, ok, warning } from '../check.ts'
import { type DoctorEnv, rootRepair } from '../env.ts'
import { deviceOf, mayUseSerial, portsThatMatter, serialPortsOf } from '../wiring.ts'

const NO_SERIAL = 'the robot has nothing on a serial port'

export const ports: Check = {
  name: 'ports',
  title: 'Serial ports',
  async run(env) {
    if (!mayUseSerial(env)) return notApplicable(NO_SERIAL)
    const found = await listPorts({ root: env.machine.root })
    if (found.length === 0)
      return failure({
        what: 'There is no serial port.',
        why: 'No USB adapter is plugged in, or its cable carries power only.',
        fix: 'Plug the adapter in, then look for it: ls -l /dev/serial/by-id',
      })
    const nameless = found.filter(({ vendorId, byId }) => vendorId !== undefined && byId === undefined)
    if (nameless.length > 0)
      return warning({
        what: `There is no lasting name for ${nameless.map(({ path }) => path).join(', ')}.`,
        why: 'udev makes the links in /dev/serial/by-id; without them a port may have another number after replugging.',
        fix: 'sudo apt install udev && sudo udevadm trigger --subsystem-match=tty',
      })
    return ok(found.map(({ path, byId }) => byId ?? path).join(', '))
  },
}

/** Given out in the order of plugging in. */
const UNSTABLE = /^\/dev\/tty(ACM|USB)\d+$/

export const robotPorts: Check = {
  name: 'robot-ports',
  title: 'Ports of the robot',
  async run(env) {
    const wanted = env.robot ? serialPortsOf(env.robot) : []
    if (wanted.length === 0) return notApplicable(env.robot ? NO_SERIAL : 'no robot was named')
    const missing = wanted.filter((path) => !env.machine.has(path))
    if (missing.length > 0)
      return failure({
        what: `${missing.join(', ')} is not there.`,
        why: 'The robot’s definition names it; the adapter is unplugged, or has another number today.',
        fix: 'Look for the adapter, and put its name into the definition: ls -l /dev/serial/by-id',
      })
    const unstable = wanted.filter((path) => UNSTABLE.test(path))
    if (unstable.length === 0) return ok(wanted.join(', '))
    const all = await listPorts({ root: env.machine.root })
    const lasting = unstable.map((path) => all.find((port) => port.path === path)?.byId ?? '/dev/serial/by-id/...')
    return warning({
      what: `The definition names ${unstable.join(', ')}, which may be another adapter after replugging.`,
      why: 'Such numbers are given out in the order in which adapters are plugged in.',
      fix: `Write the lasting name into the definition: path: '${lasting[0]}'`,
    })
  },
}

export const portHolders: Check = {
  name: 'port-holders',
  title: 'Programs on the ports',
  async run(env) {
    if (!mayUseSerial(env)) return notApplicable(NO_SERIAL)
    const own = env.owners()
    const found = (await portsThatMatter(env)).flatMap(({ path, holders }) =>
      holders.filter(({ pid }) => !own.includes(pid)).map((holder) => ({ path, ...holder })),
    )
    const [first] = found
    if (!first) return ok('held by nobody but running robots')
    return failure({
      what: `${found.map(({ path, program, pid }) => `${path} is held by ${program} (process ${pid})`).join('; ')}.`,
      why: 'Two programs on one line garble each other’s frames, and the robot cannot open the port.',
      fix: `Look what it is, and end it: ps -p ${first.pid} -f; kill ${first.pid}`,
    })
  },
}

export const groups: Check = {
  name: 'groups',
  title: 'Permission for ports',
  run(env) {
    const { machine, user } = env
    const wanted = ['dialout', ...(needs(env, 'i2c') ? ['i2c'] : []), ...(needs(env, 'gpio') ? ['gpio'] : [])]
    if (user.uid === 0) return ok('root may open every port')
    const rows = (machine.text('/etc/group') ?? '').split('\n').map((line) => line.split(':'))
    const known = wanted.flatMap((name) => rows.filter(([group]) => group === name))
    const inSession = known.filter(([, , gid]) => user.groups.includes(Number(gid)))
    const missing = known.filter((row) => !inSession.includes(row))
    if (known.length === 0) return notApplicable('this system has no group dialout')
    if (missing.length === 0) return ok(`${user.name} is in ${inSession.map(([name]) => name).join(', ')}`)
    const names = missing.map(([name]) => name ?? '')
    const waiting = missing.every(([, , , members = '']) => members.split(',').includes(user.name))
    const why = 'Ports belong to a group, and only its members may open them.'
    if (waiting)
      return failure({
        what: `${user.name} is in ${names.join(', ')}, but this login session is older than that.`,
        why,
        fix: `newgrp ${names[0]}`,
      })
    const call = { program: 'usermod', args: ['--append', '--groups', names.join(','), user.name] }
    const { fix, repair } = rootRepair(env, call)
    return {
      ...failure({ what: `${user.name} is not in ${names.join(', ')}.`, why: `${why} Log in again after it.`, fix }),
      repair,
    }
  },
}

/** Whether a part of the robot needs this bus of the board. */
export const needs = ({ robot }: DoctorEnv, kind: 'i2c' | 'gpio'): boolean => {
  if (!robot) return false
  if (kind === 'i2c') return Object.values(robot.hardware.buses).some(({ port }) => port.kind === 'i2c')
  return Object.keys((robot.model.spec as { readonly stopInputs?: object }).stopInputs ?? {}).length > 0
}

const UART = /^\/dev\/(serial0|serial1|ttyAMA\d+|ttyS\d+)$/
const CONSOLE = /\bconsole=(serial\d|ttyAMA\d+|ttyS\d+)/
const WANTS = '/etc/systemd/system/getty.target.wants'

export const serialConsole: Check = {
  name: 'serial-console',
  title: 'Console on the UART',
  async run({ machine, robot }) {
    const uarts = robot ? serialPortsOf(robot).filter((path) => UART.test(path)) : []
    const line = ['/boot/firmware/cmdline.txt', '/boot/cmdline.txt'].find((file) => machine.has(file))
    const kernel = CONSOLE.exec((line && machine.text(line)) ?? '')?.[1]
    const getty = machine.names(WANTS).find((name) => /^serial-getty@(serial\d|ttyAMA\d+|ttyS\d+)\.service$/.test(name))
    if (kernel === undefined && getty === undefined) return ok('no console on a UART')
    const found = {
      what:
        kernel === undefined ? `A login waits on the UART (${getty}).` : `The console of the kernel is on ${kernel}.`,
      why: 'It writes its own text between the frames, and takes the answers of the servos for a password.',
      // It changes the boot files, and works only after a restart: nothing for --fix.
      fix: 'sudo raspi-config nonint do_serial_cons 1 && sudo reboot',
    }
    if (robot && uarts.length === 0) return ok(`there is one, and ${robot.name} has nothing on a UART`)
    return uarts.length > 0 ? failure(found) : warning(found)
  },
}

const RULES = ['/etc/udev/rules.d', '/usr/lib/udev/rules.d']

export const modemManager: Check = {
  name: 'modem-manager',
  title: 'ModemManager',
  async run(env) {
    const { machine } = env
    if ((await machine.answer('systemctl', 'is-active', 'ModemManager.service')) !== 'active') return ok('not running')
    const rules = RULES.flatMap((folder) =>
      machine
        .names(folder)
        .filter((name) => /tendon/.test(name) && name.endsWith('.rules'))
        .map((name) => `${folder}/${name}`),
    )
    const ignored = rules.some((file) => machine.text(file)?.includes('ID_MM_DEVICE_IGNORE'))
    if (ignored) return ok('running, and told by a udev rule to leave the adapters alone')
    const call = { program: 'systemctl', args: ['disable', '--now', 'ModemManager.service'] }
    const { fix, repair } = rootRepair(env, call)
    return {
      ...failure({
        what: 'ModemManager is running.',
        why: 'It opens every new serial port and sends modem commands to it for some seconds; servos may take them for frames.',
        fix,
      }),
      repair,
    }
  },
}

const SLOWEST_TIMER = 1
const TIMERS = '/sys/bus/usb-serial/devices'

export const latencyTimer: Check = {
  name: 'latency-timer',
  title: 'Latency timer of adapters',
  run(env) {
    const { machine } = env
    const timers = machine.names(TIMERS).flatMap((name) => {
      const file = `${TIMERS}/${name}/latency_timer`
      const text = machine.text(file)
      return text === undefined ? [] : [{ name, file, milliseconds: Number(text) }]
    })
    if (timers.length === 0) return notApplicable('no adapter here has one')
    const slow = timers.filter(({ milliseconds }) => milliseconds > SLOWEST_TIMER)
    if (slow.length === 0) return ok(timers.map(({ name, milliseconds }) => `${name} ${milliseconds} ms`).join(', '))
    const places = slow.map(({ file }) => machine.place(file))
    const { fix, repair } = rootRepair(env, { program: 'tee', args: places, input: '1\n' })
    return {
      ...failure({
        what: `The latency timer of ${slow.map(({ name, milliseconds }) => `${name} is ${milliseconds} ms`).join(', ')}.`,
        why: 'The adapter keeps each answer back for as long: a control loop cannot be faster than that.',
        fix,
      }),
      repair,
    }
  },
}

/** The folder of the USB device behind a port, in `/sys`. */
function usbFolder({ machine }: DoctorEnv, port: string): string | undefined {
  let folder = machine.realPath(`/sys/class/tty/${basename(port)}/device`)
  while (folder !== undefined && folder !== '/sys' && folder !== '/') {
    if (machine.has(`${folder}/idVendor`)) return folder
    folder = dirname(folder)
  }
  return undefined
}

export const autosuspend: Check = {
  name: 'usb-autosuspend',
  title: 'USB power saving',
  async run(env) {
    const { machine } = env
    const found = (await portsThatMatter(env)).flatMap(({ path }) => {
      const folder = usbFolder(env, deviceOf(env, path))
      const control = folder === undefined ? undefined : machine.text(`${folder}/power/control`)
      return control === undefined ? [] : [{ path, control, file: `${folder}/power/control` }]
    })
    if (found.length === 0) return notApplicable('no adapter here says how it saves power')
    const sleepy = found.filter(({ control }) => control === 'auto')
    if (sleepy.length === 0) return ok('adapters stay awake')
    const call = { program: 'tee', args: sleepy.map(({ file }) => machine.place(file)), input: 'on\n' }
    const { fix, repair } = rootRepair(env, call)
    return {
      ...warning({
        what: `${sleepy.map(({ path }) => path).join(', ')} may be put to sleep by the kernel.`,
        why: 'An adapter that wakes up loses the first bytes, or drops out of the bus.',
        fix,
      }),
      repair,
    }
  },
}
