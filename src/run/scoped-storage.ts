import type { Storage } from '../base/storage.ts'

/** What a storage inside a run needs of its run. */
export interface StorageScope {
  /** Throws when the run may touch nothing any more. */
  check(call: string): void
  /** Runs work whose rejection, when the run ends, is nobody's. */
  underWay<T>(work: () => Promise<T>): Promise<T>
}

/** The robot's storage for one run: after the run every call is refused. What had begun before is not taken back. */
export function scopedStorage(storage: Storage, { check, underWay }: StorageScope): Storage {
  const guarded = <T>(call: string, work: () => Promise<T>): Promise<T> =>
    underWay(async () => {
      check(`storage.${call}`)
      return await work()
    })
  return {
    read: (name) => guarded('read', () => storage.read(name)),
    write: (name, text) => guarded('write', () => storage.write(name, text)),
    remove: (name) => guarded('remove', () => storage.remove(name)),
    list: (folder) => guarded('list', () => storage.list(folder)),
  }
}
