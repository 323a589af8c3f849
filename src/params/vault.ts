import { type Clock, within } from '../base/clock.ts'
import type { Storage } from '../base/storage.ts'
import type { Seconds } from '../base/units.ts'

/**
 * The place of one robot's parameters in a storage. One access at a time, each bounded: a write that took too long may
 * still come to pass, so the next one waits for it, within its own bound, and is the last to land.
 */
export class Vault {
  readonly #storage: Storage
  readonly #clock: Clock
  readonly #limit: Seconds
  readonly #robot: string
  #late: Promise<unknown> | undefined

  constructor(robot: string, storage: Storage, clock: Clock, limit: Seconds) {
    this.#robot = robot
    this.#storage = storage
    this.#clock = clock
    this.#limit = limit
  }

  /** The stored text; undefined where there is none. Rejects with what the storage says, or when it takes too long. */
  read(): Promise<string | undefined> {
    return this.#bounded(this.#storage.read(`${this.#robot}/parameters`))
  }

  /** Replaces the stored text. */
  async write(text: string): Promise<void> {
    if (this.#late) await this.#bounded(this.#late)
    const work = this.#storage.write(`${this.#robot}/parameters`, text)
    const late = work.then(ignore, ignore)
    this.#late = late
    void late.then(() => {
      if (this.#late === late) this.#late = undefined
    })
    await this.#bounded(work)
  }

  /** Keeps a text that cannot be used under a name of its own, which no earlier one has, and gives the name. */
  async putAside(text: string): Promise<string> {
    const stem = `${this.#robot}/parameters-quarantined-`
    const taken = new Set(await this.#bounded(this.#storage.list(this.#robot)))
    let number = 1
    while (taken.has(`${stem}${number}`)) number++
    await this.#bounded(this.#storage.write(`${stem}${number}`, text))
    return `${stem}${number}`
  }

  /** Resolves when no write is under way, however long that takes; undefined when none is. */
  get unfinished(): Promise<unknown> | undefined {
    return this.#late
  }

  async #bounded<T>(work: Promise<T>): Promise<T> {
    return within(this.#clock, this.#limit, work, (): never => {
      throw new Error(`the storage did not answer within ${this.#limit} s`)
    })
  }
}

const ignore = (): void => {}
