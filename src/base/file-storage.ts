import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { describe, TendonError } from './problem.ts'
import { problem } from './problems/index.ts'
import { checkStorageName, isStorageName, type Storage } from './storage.ts'

/**
 * A storage of one file for each name, `<folder>/<name>.json`. A text is written beside its place, synced and then
 * moved there, so that a power loss leaves the old one or the new one. What the file
 * system refuses rejects with `TENDON_STORAGE_FAILED`, whose cause is Node's own error.
 */
export function fileStorage(path: string): Storage {
  // Absolute from now on, so that a program that changes its folder keeps its files.
  const folder = resolve(path)
  const fileOf = (name: string): string => {
    checkStorageName(name)
    return join(folder, `${name}.json`)
  }
  const files: Storage = {
    async read(name) {
      try {
        // Bytes that are no text are refused: replaced by question marks they would be lost with the next write.
        return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(fileOf(name)))
      } catch (error) {
        if (isMissing(error)) return undefined
        throw error
      }
    },
    async write(name, text) {
      const file = fileOf(name)
      // Two writers of one name, in this process or another, must not share the place beside it.
      const beside = `${file}.${randomUUID()}.new`
      const made = await mkdir(dirname(file), { recursive: true, mode: 0o700 })
      try {
        await writeSynced(beside, text)
        await rename(beside, file)
      } catch (error) {
        await rm(beside, { force: true })
        throw error
      }
      await syncFolder(dirname(file))
      if (made !== undefined) await syncUp(dirname(file), dirname(made))
    },
    async remove(name) {
      await rm(fileOf(name), { force: true })
    },
    async list(under) {
      checkStorageName(under)
      try {
        const entries = await readdir(join(folder, under), { recursive: true, withFileTypes: true })
        return entries
          .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
          .map((entry) => relative(folder, join(entry.parentPath, entry.name)).slice(0, -'.json'.length))
          .map((name) => name.split(sep).join('/'))
          .filter(isStorageName)
          .sort()
      } catch (error) {
        if (isMissing(error)) return []
        throw error
      }
    },
  }
  const told = async <T>(wanted: string, name: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      if (error instanceof TendonError) throw error
      const facts = { folder, name, wanted, reason: describe(error) }
      throw new TendonError(problem('TENDON_STORAGE_FAILED', facts, error))
    }
  }
  return {
    read: (name) => told('read', name, () => files.read(name)),
    write: (name, text) => told('written', name, () => files.write(name, text)),
    remove: (name) => told('removed', name, () => files.remove(name)),
    list: (under) => told('listed', under, () => files.list(under)),
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** The new name of a file is on disk when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Folders that were made are on disk when those around them are, `top` being the first that was there. */
async function syncUp(path: string, top: string): Promise<void> {
  for (let folder = path; folder !== top; ) {
    folder = dirname(folder)
    await syncFolder(folder)
  }
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT'
