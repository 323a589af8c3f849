import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { checkStorageName, type Storage } from './storage.ts'

/**
 * A storage of one file for each name, `<folder>/<name>.json`. A text is written beside its place, synced and then
 * moved there, so that a power loss leaves the old one or the new one. Its promises reject with Node's file errors.
 */
export function fileStorage(folder: string): Storage {
  const fileOf = (name: string): string => {
    checkStorageName(name)
    return join(folder, `${name}.json`)
  }
  let writes = 0
  return {
    async read(name) {
      const file = fileOf(name)
      try {
        return await readFile(file, 'utf8')
      } catch (error) {
        if (isMissing(error)) return undefined
        throw error
      }
    },
    async write(name, text) {
      const file = fileOf(name)
      // Two writers of one name must not share the place beside it.
      const beside = `${file}.${process.pid}-${++writes}.new`
      await mkdir(dirname(file), { recursive: true, mode: 0o700 })
      try {
        await writeSynced(beside, text)
        await rename(beside, file)
      } catch (error) {
        await rm(beside, { force: true })
        throw error
      }
      await syncFolder(dirname(file))
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
          .sort()
      } catch (error) {
        if (isMissing(error)) return []
        throw error
      }
    },
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

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT'
