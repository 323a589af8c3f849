import { readFile, realpath, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { describe, type Problem } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import { faultReason, portFault } from './port-fault.ts'
import { holdersOf } from './port-holder.ts'
import { listPorts, type PortInfo } from './port-list.ts'

/** Who asks, for the question whether a group lets them in. */
export interface PortUser {
  readonly name: string
  readonly uid: number
  /** The groups of this login. */
  readonly groups: readonly number[]
}

export interface PortProblemOptions {
  /** The folder that holds `sys`, `dev`, `proc` and `etc`. Default `/`. */
  readonly root?: string | undefined
  /** Default: the user of this process. */
  readonly user?: PortUser | undefined
}

/**
 * The problem of a port that could not be opened, with what a person needs to know next: who holds it, which group
 * lets one in, which ports there are. Looks that up and opens nothing. Never rejects.
 */
export async function openProblem(path: string, thrown: unknown, options: PortProblemOptions = {}): Promise<Problem> {
  const kind = portFault(thrown)
  switch (kind) {
    case 'busy':
      return problem('TENDON_PORT_BUSY', { port: path, ...(await holders(path, options)) }, thrown)
    case 'denied':
      return problem('TENDON_PORT_DENIED', { port: path, ...(await access(path, options)) }, thrown)
    case 'missing':
      return problem('TENDON_PORT_MISSING', { port: path, ports: namesOf(await portsOf(options)) }, thrown)
    case 'not_a_port':
      return problem('TENDON_PORT_NOT_A_TTY', { port: path }, thrown)
    default:
      return problem('TENDON_PORT_OPEN_FAILED', { port: path, reason: faultReason(kind, thrown), kind }, thrown)
  }
}

/** The best name of each port: the one that survives replugging, where there is one. */
export const namesOf = (ports: readonly PortInfo[]): string[] => ports.map(({ byId, path }) => byId ?? path)

async function portsOf({ root }: PortProblemOptions): Promise<readonly PortInfo[]> {
  return listPorts({ root }).catch(() => [])
}

async function holders(path: string, { root = '/' }: PortProblemOptions) {
  const real = await realPath(path, root)
  const { programs, unseen } = await holdersOf([real], { root })
  return { holders: programs.get(real) ?? [], unseen }
}

/** Where a link leads, as the programs below `root` see it. */
async function realPath(path: string, root: string): Promise<string> {
  const real = await realpath(join(root, path)).catch(() => undefined)
  if (real === undefined) return path
  return root === '/' ? real : real.slice((await realpath(root)).length)
}

async function access(path: string, { root = '/', user = thisUser() }: PortProblemOptions) {
  const asks = { user: user.name }
  try {
    const { gid } = await stat(join(root, path))
    const [group = String(gid), members = []] = await groupOf(root, gid)
    if (user.groups.includes(gid)) return { ...asks, group, membership: 'member' as const }
    return { ...asks, group, membership: members.includes(user.name) ? ('next_login' as const) : ('none' as const) }
  } catch {
    return { ...asks, group: undefined, membership: 'unknown' as const }
  }
}

/** Its name and its members: `dialout:x:20:pi,eve`. */
async function groupOf(root: string, gid: number): Promise<readonly [name?: string, members?: readonly string[]]> {
  const lines = (await readFile(join(root, 'etc/group'), 'utf8').catch(() => '')).split('\n')
  for (const line of lines) {
    const [name, , id, members = ''] = line.split(':')
    if (name !== undefined && Number(id) === gid && id !== '') return [name, members.split(',')]
  }
  return []
}

function thisUser(): PortUser {
  const groups = process.getgroups?.() ?? []
  const gid = process.getegid?.()
  const all = gid === undefined ? groups : [...groups, gid]
  try {
    const { username: name, uid } = userInfo()
    return { name, uid, groups: all }
  } catch (thrown) {
    // A user id without an entry, as in many containers.
    return { name: `user ${process.getuid?.() ?? describe(thrown)}`, uid: process.getuid?.() ?? -1, groups: all }
  }
}
