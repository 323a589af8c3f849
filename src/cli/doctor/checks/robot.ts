import { systemClock } from 'tendon'
import { type Problem, type ServoWorkbench, TendonError } from 'tendon/device'
import { type Check, type Finding, failure, notApplicable, ok } from '../check.ts'
import { type DoctorEnv, rootRepair } from '../env.ts'
import { deviceOf, portsThatMatter } from '../wiring.ts'
import { needs } from './ports.ts'

const unnamed = notApplicable('no robot was named')

const textOf = (error: unknown): string =>
  error instanceof TendonError ? error.problem.what : error instanceof Error ? error.message : String(error)
const fixOf = (error: unknown, otherwise: string): string =>
  error instanceof TendonError ? error.problem.fix : otherwise

/** How long a broker may take to answer, in milliseconds. */
const PATIENCE = 5000

/** `undefined` when `work` takes longer than a person waits for it; what comes later is let go by `late`. */
async function inTime<T>(work: Promise<T>, late: (value: T) => unknown): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  let isOver = false
  const tooLate = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      isOver = true
      resolve(undefined)
    }, PATIENCE)
  })
  void work.then(
    (value) => (isOver ? late(value) : undefined),
    () => undefined,
  )
  try {
    return await Promise.race([work, tooLate])
  } finally {
    clearTimeout(timer)
  }
}

export const broker: Check = {
  name: 'broker',
  title: 'Message brokers',
  async run({ robot }) {
    if (!robot) return unnamed
    const links = Object.entries(robot.hardware.links ?? {})
    if (links.length === 0) return notApplicable('the robot has no links')
    for (const [name, link] of links)
      try {
        const open = await inTime(link.open({ clock: systemClock }), (late) => late.close())
        if (!open) return unreachable(name, link.address, 'it does not answer in time.')
        const { status } = open
        await open.close()
        // An optional link opens without its broker.
        if (!status.online) return unreachable(name, link.address, textOfProblem(status.problem), status.problem?.fix)
      } catch (error) {
        return unreachable(name, link.address, textOf(error), fixOf(error, BROKER_FIX))
      }
    return ok(links.map(([name, { address }]) => `${name} at ${address}`).join(', '))
  },
}

const BROKER_FIX = 'Look whether it runs: systemctl status mosquitto'

const textOfProblem = (found: Problem | undefined): string => found?.what ?? 'it does not answer.'

const unreachable = (name: string, address: string, reason: string, fix?: string): Finding =>
  failure({
    what: `The broker of ${name} (${address}) cannot be used: ${reason}`,
    why: 'Sensors behind it have no readings, and a robot whose link is not optional does not start.',
    fix: fix ?? BROKER_FIX,
  })

export const guard: Check = {
  name: 'guard',
  title: 'Guard process',
  async run({ guard: tryGuard, robot }) {
    if ((robot?.model.spec as { readonly guard?: unknown } | undefined)?.guard === 'none')
      return notApplicable('the robot’s definition does without one')
    const reason = await tryGuard()
    if (reason === undefined) return ok('starts and answers')
    return failure({
      what: `The guard cannot be started: ${reason}`,
      why: 'It stops the servos when this program dies or hangs; a robot on hardware is not armed without it.',
      fix: 'Install the package again: npm ci',
    })
  },
}

interface Asked {
  readonly found: readonly string[]
  readonly silent: readonly string[]
}

export const servos: Check = {
  name: 'servos',
  title: 'Servos and their ids',
  async run(env) {
    const { robot } = env
    if (!robot) return unnamed
    const buses = Object.entries(robot.hardware.buses).filter(([, { port }]) => port.kind === 'serial')
    if (buses.length === 0) return notApplicable('the robot has no servos on a serial port')
    const held = (await portsThatMatter(env)).filter(({ holders }) => holders.length > 0).map(({ path }) => path)
    const told: string[] = []
    const silent: string[] = []
    for (const [name, bus] of buses) {
      const { address } = bus.port
      if (!env.machine.has(address)) return notApplicable(`${address} is not there`)
      if (held.includes(deviceOf(env, address)))
        return notApplicable(`${address} is in use: the robot asks them itself`)
      const bench = bus.workbench?.({ clock: systemClock })
      if (!bench) return notApplicable(`${bus.family} servos cannot be asked one at a time`)
      const ids = idsOn(env, name)
      try {
        const asked = await askEach(bench, ids)
        told.push(...asked.found)
        silent.push(...asked.silent)
      } catch (error) {
        return failure({
          what: textOf(error),
          why: 'A servo that does not answer alone and rightly stands against arming.',
          fix: fixOf(error, `tendon scan ${address}`),
        })
      }
    }
    if (silent.length === 0) return ok(told.join(', '))
    return failure({
      what: `No answer from ${silent.join(', ')}.`,
      why: 'Its supply is off, its cable is out, or it has another id or baud rate.',
      fix: `Switch the supply on, then look who answers: tendon scan ${buses[0]?.[1].port.address ?? ''}`,
    })
  },
}

function idsOn({ robot }: DoctorEnv, bus: string): { joint: string; id: number }[] {
  return Object.entries(robot?.hardware.joints ?? {}).flatMap(([joint, { servo }]) =>
    servo?.bus === bus ? [servo.id, ...(servo.shadows ?? [])].map((id) => ({ joint, id })) : [],
  )
}

/** Asks every servo once who it is. Reads only. */
async function askEach(bench: ServoWorkbench, ids: readonly { joint: string; id: number }[]): Promise<Asked> {
  const found: string[] = []
  const silent: string[] = []
  await bench.open()
  try {
    for (const { joint, id } of ids) {
      const servo = await bench.ping(id)
      if (servo) found.push(`${joint} ${id}: ${servo.model}`)
      else silent.push(`${joint} (id ${id})`)
    }
  } finally {
    await bench.close()
  }
  return { found, silent }
}

export const i2c: Check = {
  name: 'i2c',
  title: 'I2C',
  run(env) {
    const { machine, robot } = env
    if (!robot) return unnamed
    if (!needs(env, 'i2c')) return notApplicable('the robot has nothing on I2C')
    const paths = Object.values(robot.hardware.buses).flatMap(({ port }) => (port.kind === 'i2c' ? [port.address] : []))
    const devices = paths.map((path) => /^\/dev\/i2c-\d+/.exec(path)?.[0] ?? '/dev/i2c-1')
    const missing = devices.filter((device) => !machine.has(device))
    if (missing.length === 0) return ok(devices.join(', '))
    const { fix, repair } = rootRepair(env, { program: 'raspi-config', args: ['nonint', 'do_i2c', '0'] })
    return {
      ...failure({
        what: `${missing.join(', ')} is not there.`,
        why: 'I2C is switched off on a new Raspberry Pi.',
        fix,
      }),
      repair,
    }
  },
}

export const gpio: Check = {
  name: 'gpio',
  title: 'GPIO inputs',
  async run(env) {
    const { machine, robot } = env
    if (!robot) return unnamed
    if (!needs(env, 'gpio')) return notApplicable('the robot has no inputs that stop it')
    if (machine.names('/dev').every((name) => !name.startsWith('gpiochip')))
      return failure({
        what: 'There is no GPIO chip.',
        why: 'This is no Raspberry Pi, or its kernel has no driver for one.',
        fix: 'Look what the kernel says: sudo journalctl --dmesg --grep=gpio',
      })
    const version = await machine.answer('gpiomon', '--version')
    if (version !== undefined) return ok(version.split('\n')[0] ?? 'gpiomon')
    const { fix, repair } = rootRepair(env, { program: 'apt-get', args: ['install', '--yes', 'gpiod'] })
    return {
      ...failure({
        what: 'The tools of gpiod are not installed.',
        why: 'A stop button is read through gpiomon, and a robot whose button cannot be read is not armed.',
        fix,
      }),
      repair,
    }
  },
}
