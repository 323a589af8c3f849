import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'

/** A program that has a port open. */
export interface PortHolder {
  readonly pid: number
  /** As the system shortens it: `ModemManager`, `node`. */
  readonly program: string
}

/** Who has which port open. */
export interface PortHolders {
  /** Path to the programs that hold it, those of this user or, for root, of all. */
  readonly programs: ReadonlyMap<string, readonly PortHolder[]>
  /** There are programs of other users, and what they hold may not be seen. */
  readonly unseen: boolean
}

/**
 * Looks through the open files of all processes for these device paths (no links). Linux; elsewhere, or where `/proc`
 * is not mounted, nobody is found. Never rejects.
 */
export async function holdersOf(
  paths: readonly string[],
  { root = '/' }: { readonly root?: string | undefined } = {},
): Promise<PortHolders> {
  const wanted = new Set(paths)
  const programs = new Map<string, PortHolder[]>()
  let unseen = false
  const proc = join(root, 'proc')
  const pids = wanted.size === 0 ? [] : await processes(proc)
  for (const pid of pids) {
    const held = await heldBy(join(proc, String(pid)), wanted)
    if (held === 'unseen') unseen = true
    else if (held.size > 0) {
      const holder = { pid, program: await programOf(join(proc, String(pid))) }
      for (const path of held) programs.set(path, [...(programs.get(path) ?? []), holder])
    }
  }
  return { programs, unseen }
}

async function processes(proc: string): Promise<number[]> {
  const names = await readdir(proc).catch(() => [])
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
}

/** A process that ends meanwhile holds nothing any more. */
async function heldBy(process: string, wanted: ReadonlySet<string>): Promise<ReadonlySet<string> | 'unseen'> {
  const folder = join(process, 'fd')
  try {
    const descriptors = await readdir(folder)
    const targets = await Promise.all(descriptors.map((fd) => readlink(join(folder, fd)).catch(() => '')))
    return new Set(targets.filter((target) => wanted.has(target)))
  } catch (thrown) {
    const { code } = thrown as { code?: unknown }
    return code === 'EACCES' || code === 'EPERM' ? 'unseen' : new Set()
  }
}

async function programOf(process: string): Promise<string> {
  const comm = await readFile(join(process, 'comm'), 'utf8').catch(() => '')
  return comm.trim() || 'a program'
}
