import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { GuardRecord } from './contract.ts'

/** Of one robot at most, so that a folder that something else fills delays no start. */
const MOST_RECORDS = 64

/** Names of robots and buses are letters, digits, _ and -; what is not is not put into a path. */
const plain = (name: string): string => name.replaceAll(/[^\w-]/g, '_')
const prefix = (robot: string): string => `guard.${plain(robot)}.`

/** Leaves the record of this bus in the folder, in the place of an older one. Throws what the file system throws. */
export function leaveRecord(folder: string, record: GuardRecord): void {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `${prefix(record.robot)}${plain(record.bus)}.json`)
  // Whole or not at all, whatever ends this process.
  writeFileSync(`${path}.new`, `${JSON.stringify(record)}\n`)
  renameSync(`${path}.new`, path)
}

/** Takes the records of this robot out of the folder, oldest first. What cannot be read is none. Never throws. */
export function takeRecords(folder: string, robot: string): GuardRecord[] {
  const found: GuardRecord[] = []
  for (const name of namesIn(folder, robot)) {
    const path = join(folder, name)
    try {
      const record = JSON.parse(readFileSync(path, 'utf8')) as GuardRecord
      if (record.robot === robot && typeof record.at === 'number' && Array.isArray(record.wrote)) found.push(record)
    } catch {
      // Damaged: it tells nothing, and goes.
    }
    rmSync(path, { force: true })
  }
  return found.sort((a, b) => a.at - b.at)
}

function namesIn(folder: string, robot: string): string[] {
  try {
    const mine = (name: string): boolean => name.startsWith(prefix(robot)) && name.endsWith('.json')
    return readdirSync(folder).filter(mine).slice(0, MOST_RECORDS)
  } catch {
    return []
  }
}
