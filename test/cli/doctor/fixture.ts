import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { RobotDefinition } from 'tendon'
import type { DoctorEnv } from '../../../src/cli/doctor/env.ts'
import { commandText, Machine, type ProgramCall, type Ran } from '../../../src/cli/machine.ts'

/** What a made-up machine is like, where it differs from one without anything. */
export interface Machinery {
  /** Path to what stands in the file. */
  readonly files?: Readonly<Record<string, string>>
  /** Path to where the link points. */
  readonly links?: Readonly<Record<string, string>>
  /** A command as it is typed, to what it prints and how it ends; the others are not installed. */
  readonly programs?: Readonly<Record<string, { readonly out?: string; readonly code?: number }>>
  readonly node?: Partial<DoctorEnv['node']>
  readonly user?: Partial<DoctorEnv['user']>
  readonly robot?: RobotDefinition
  readonly room?: DoctorEnv['room']
  readonly load?: DoctorEnv['load']
  readonly guard?: DoctorEnv['guard']
  readonly owners?: readonly number[]
}

/** A made-up machine in a folder of its own, and the commands that it was told to run. */
export function fixture(machinery: Machinery): { readonly env: DoctorEnv; readonly ran: string[] } {
  const root = mkdtempSync(join(tmpdir(), 'tendon-doctor-'))
  const make = (path: string): string => {
    const place = join(root, path)
    mkdirSync(dirname(place), { recursive: true })
    return place
  }
  for (const [path, text] of Object.entries(machinery.files ?? {})) writeFileSync(make(path), text)
  for (const [path, target] of Object.entries(machinery.links ?? {})) symlinkSync(target, make(path))
  const ran: string[] = []
  const run = async (call: ProgramCall): Promise<Ran> => {
    const command = commandText(call)
    ran.push(command)
    const known = machinery.programs?.[command]
    return { code: known ? (known.code ?? 0) : undefined, out: known?.out ?? '', err: '' }
  }
  const env: DoctorEnv = {
    machine: new Machine(root, run),
    node: { version: '20.19.2', arch: 'arm64', platform: 'linux', ...machinery.node },
    user: { name: 'pi', uid: 1000, groups: [1000, 20], ...machinery.user },
    robot: machinery.robot,
    folders: { runtime: '/run/user/1000/tendon', state: '/home/pi/.local/state/tendon' },
    now: () => Date.UTC(2026, 0, 1, 12),
    owners: () => machinery.owners ?? [],
    load: machinery.load ?? (async () => ({})),
    room: machinery.room ?? (() => ({ free: 20e9, size: 32e9 })),
    guard: machinery.guard ?? (async () => undefined),
  }
  return { env, ran }
}
