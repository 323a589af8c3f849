import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Check, failure, notApplicable, ok, warning } from '../check.ts'
import type { DoctorEnv } from '../env.ts'

/** The nearest folder above a path, or the path itself, that is there. */
function nearest({ machine }: DoctorEnv, path: string): string {
  let folder = path
  while (!machine.has(folder) && folder !== '/') folder = dirname(folder)
  return folder
}

/** Why nothing can be written below this folder; undefined where it can. */
function obstacle(env: DoctorEnv, folder: string): string | undefined {
  const there = nearest(env, folder)
  const place = env.machine.place(there)
  if (!statSync(place).isDirectory()) return `${there} is no folder`
  try {
    accessSync(place, constants.W_OK | constants.X_OK)
    return undefined
  } catch {
    return `${env.user.name} may not write to ${there}`
  }
}

export const stateFolder: Check = {
  name: 'state-folder',
  title: 'Folder of parameters',
  run(env) {
    const { state } = env.folders
    const reason = obstacle(env, state)
    if (reason === undefined) return ok(state)
    return failure({
      what: `Parameters and recordings cannot be kept: ${reason}.`,
      why: `They go to ${state}; TENDON_STATE_DIR names another folder.`,
      fix: 'export TENDON_STATE_DIR="$HOME/.local/state/tendon"',
    })
  },
}

const OTHERS_WRITE = 0o022

export const runtimeFolder: Check = {
  name: 'runtime-folder',
  title: 'Folder of sockets',
  run(env) {
    const { runtime } = env.folders
    const reason = obstacle(env, runtime)
    const open = env.machine.has(runtime) && (statSync(env.machine.place(runtime)).mode & OTHERS_WRITE) !== 0
    if (reason === undefined && !open) return ok(runtime)
    return failure({
      what: `The control socket of a robot cannot be made: ${reason ?? `others may write to ${runtime}`}.`,
      why: 'Whoever can write there could take the robot’s place, or command it.',
      fix: reason === undefined ? `chmod go-w ${runtime}` : 'export TENDON_RUNTIME_DIR="$HOME/.tendon/run"',
    })
  },
}

const UNITS = '/etc/systemd/system'

/** A property of a unit as `systemctl show` prints it, one a line. */
const property = (shown: string, name: string): string | undefined => new RegExp(`^${name}=(.*)$`, 'm').exec(shown)?.[1]

export const service: Check = {
  name: 'service',
  title: 'Service',
  async run({ machine, robot }) {
    const units = machine
      .names(UNITS)
      .filter((name) => /^tendon-.+\.service$/.test(name) && (!robot || name === `tendon-${robot.name}.service`))
    if (units.length === 0) return notApplicable('no robot is installed as a service')
    const told: string[] = []
    for (const unit of units) {
      const name = unit.slice('tendon-'.length, -'.service'.length)
      if (!/^WatchdogSec=/m.test(machine.text(`${UNITS}/${unit}`) ?? ''))
        return failure({
          what: `${unit} has no watchdog.`,
          why: 'A robot whose control loop hangs is not restarted by anybody.',
          fix: `sudo tendon service install ${name}`,
        })
      const asked = ['show', unit, '--property=ActiveState,SubState,Result,NRestarts']
      const shown = (await machine.answer('systemctl', ...asked)) ?? ''
      const state = property(shown, 'ActiveState')
      if (state === 'failed' || property(shown, 'SubState') === 'auto-restart')
        return failure({
          what: `${unit} has failed (${property(shown, 'Result') ?? 'no reason is told'}).`,
          why: 'systemd has given it up, or tries it again and again; its log says why.',
          fix: `tendon service logs ${name}`,
        })
      const restarts = Number(property(shown, 'NRestarts') ?? 0)
      told.push(`${unit} ${state ?? 'unknown'}${restarts > 0 ? `, restarted ${restarts} times` : ''}`)
    }
    return ok(told.join('; '))
  },
}

export const lastGuard: Check = {
  name: 'last-guard',
  title: 'Last time that the guard acted',
  run({ machine, robot, folders, now }) {
    const records = machine
      .names(folders.state)
      .filter((name) => /^guard\..+\.json$/.test(name))
      .flatMap((name) => recordIn(machine.text(`${folders.state}/${name}`)) ?? [])
      .filter((record) => !robot || record.robot === robot.name)
      .sort((a, b) => b.at - a.at)
    const [newest] = records
    if (!newest) return ok('it has not acted since the last start')
    const why = newest.why === 'stalled' ? 'its control loop had stalled' : 'its program had ended without a word'
    return warning({
      what: `The guard of ${newest.robot} stopped ${newest.bus} ${ago(now() - newest.at)} ago: ${why}.`,
      why: `It wrote the stop frames to ${newest.port}; nobody has read the servos back since then.`,
      fix: `Keep clear, and let its next start read them: tendon run ${newest.robot}`,
    })
  },
}

interface GuardRecord {
  readonly robot: string
  readonly bus: string
  readonly port: string
  /** Milliseconds since the Unix epoch. */
  readonly at: number
  readonly why: string
}

function recordIn(text: string | undefined): GuardRecord | undefined {
  try {
    const record = JSON.parse(text ?? '') as GuardRecord
    return typeof record.at === 'number' && typeof record.robot === 'string' ? record : undefined
  } catch {
    return undefined
  }
}

/** Milliseconds as people say them. */
function ago(milliseconds: number): string {
  const minutes = Math.round(milliseconds / 60_000)
  if (minutes < 120) return `${minutes} min`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`
}
