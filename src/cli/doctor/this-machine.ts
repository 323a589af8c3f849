import { closeSync, existsSync, openSync, statfsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname } from 'node:path'
import { type RobotDefinition, systemClock } from 'tendon'
import { readCard } from '../control/card.ts'
import { namesIn } from '../control/find.ts'
import { foldersHere, runtimeFolder } from '../control/place.ts'
import { Machine } from '../machine.ts'
import { stateFolder } from '../state-folder.ts'
import type { DoctorEnv, Room } from './env.ts'

/** The machine that this process runs on, as checks see it. */
export function thisMachine(robot: RobotDefinition | undefined): DoctorEnv {
  const { username, uid } = userInfo()
  return {
    machine: new Machine(),
    node: { version: process.versions.node, arch: process.arch, platform: process.platform },
    user: { name: username, uid, groups: process.getgroups?.() ?? [] },
    robot,
    folders: { runtime: runtimeFolder(), state: stateFolder(false) },
    now: () => Date.now(),
    owners: () =>
      foldersHere().flatMap((folder) => namesIn(folder).flatMap((name) => readCard(folder, name)?.pid ?? [])),
    load: (name) => import(name),
    room,
    guard: tryGuard,
  }
}

/** A folder that is yet to be made is on the file system of the nearest one above it. */
function room(path: string): Room | undefined {
  let place = path
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place)
  try {
    const { bavail, blocks, bsize } = statfsSync(place)
    return { free: bavail * bsize, size: blocks * bsize }
  } catch {
    return undefined
  }
}

/** Posts a guard over a file that takes everything, asks it whether it is awake, and lets it go. */
async function tryGuard(): Promise<string | undefined> {
  const { processGuard } = await import('tendon')
  const descriptor = openSync('/dev/null', 'w')
  try {
    const line = { robot: 'doctor', bus: 'none', port: '/dev/null', descriptor }
    const guard = processGuard().post(line, { clock: systemClock })
    try {
      await guard.ready
      return (await guard.answers()) ? undefined : 'it is there and does not answer.'
    } catch (error) {
      return `${error instanceof Error ? error.message : String(error)}.`
    } finally {
      await guard.standDown()
    }
  } finally {
    closeSync(descriptor)
  }
}
