import { defineRobot, deg, memoryStorage, param, type Storage, type TendonError } from 'tendon'
import { gate, rejectionOf } from '../kernel/fixture.ts'

/** One parameter of each kind. */
export const parameters = {
  cruise: param.number({ default: 0.5, min: 0.1, max: 1, doc: 'how fast it goes from place to place' }),
  reach: param.angle({ default: deg(30), min: deg(0), max: deg(90) }),
  patience: param.duration({ default: 2, min: 0.5, max: 60 }),
  retries: param.integer({ default: 3, min: 0, max: 10, unit: 'times' }),
  quiet: param.flag({ default: false }),
  pace: param.choice(['slow', 'fast'], { default: 'slow' }),
  label: param.text({ default: 'arm', maxLength: 8, pattern: /^[a-z]+$/ }),
} as const

const model = defineRobot('desk', { parameters })
export const desk = model.with({})
/** Where they are stored. */
export const PLACE = 'desk/parameters'

/** A stored document of these values. */
export const stored = (values: object, more: object = {}): string => JSON.stringify({ format: 1, values, ...more })

/** What is stored now. */
export async function documentIn(storage: Storage): Promise<Record<string, unknown> & { values: object }> {
  return JSON.parse((await storage.read(PLACE)) ?? 'null')
}

/** The problem that a promise rejects with. */
export async function problemOf(promise: PromiseLike<unknown>) {
  return ((await rejectionOf(promise)) as TendonError).problem
}

/** A storage whose writes the test lets through, one by one, or makes fail; it counts them. */
export function slowStorage(texts: Record<string, string> = {}) {
  const kept = memoryStorage(texts)
  const writes: { text: string; land(): Promise<void>; fail(error: Error): void }[] = []
  const storage: Storage = {
    ...kept,
    async write(name, text) {
      const { opening, open, fail } = gate()
      writes.push({
        text,
        async land() {
          await kept.write(name, text)
          open()
        },
        fail,
      })
      await opening
    },
  }
  return { storage, writes, kept }
}

/** A storage that fails as often as it is told to; a write that fails has been made or not. */
export function failingStorage(texts: Record<string, string> = {}) {
  const kept = memoryStorage(texts)
  const failing = { reads: 0, writes: 0, lists: 0, writesAllTheSame: false }
  const storage: Storage = {
    ...kept,
    async read(name) {
      if (failing.reads-- > 0) throw new Error('EIO: i/o error, read')
      return kept.read(name)
    },
    async write(name, text) {
      const fails = failing.writes-- > 0
      if (!fails || failing.writesAllTheSame) await kept.write(name, text)
      if (fails) throw new Error('ENOSPC: no space left on device, write')
    },
    async list(name) {
      if (failing.lists-- > 0) throw new Error('EIO: i/o error, list')
      return kept.list(name)
    },
  }
  return { storage, failing, kept }
}
