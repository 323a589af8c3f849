import { badArgument } from './argument.ts'

/**
 * Where a robot keeps small texts between two lives: parameters, recordings. Names are words of letters, digits, `_` and `-`, joined by
 * `/`, such as `so101/parameters`; a name outside of that is a programming error and rejects with `TENDON_ARGUMENT_INVALID`.
 */
export interface Storage {
  /** The text under this name, or undefined where there is none. */
  read(name: string): Promise<string | undefined>
  /** Replaces the text as a whole: after a crash either the old one or the new one is there. */
  write(name: string, text: string): Promise<void>
  /** Forgets it; nothing happens where there is none. */
  remove(name: string): Promise<void>
  /** All names that begin with this folder, sorted. */
  list(folder: string): Promise<string[]>
}

/** Whether a storage takes this name. */
export const isStorageName = (name: string): boolean => /^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/.test(name)

/** Throws `TENDON_ARGUMENT_INVALID` for a name that no storage may take: it could leave the storage's folder. */
export function checkStorageName(name: string): void {
  if (!isStorageName(name))
    throw badArgument('A storage', 'name', name, 'words of letters, digits, _ and -, joined by /')
}

/** A storage that ends with the process: the default, and what tests use. */
export function memoryStorage(texts: Readonly<Record<string, string>> = {}): Storage {
  const kept = new Map(Object.entries(texts))
  return {
    async read(name) {
      checkStorageName(name)
      return kept.get(name)
    },
    async write(name, text) {
      checkStorageName(name)
      kept.set(name, text)
    },
    async remove(name) {
      checkStorageName(name)
      kept.delete(name)
    },
    async list(folder) {
      checkStorageName(folder)
      return [...kept.keys()].filter((name) => name.startsWith(`${folder}/`)).sort()
    },
  }
}
