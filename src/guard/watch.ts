import type { Seconds } from '../base/units.ts'
import type { Will } from './contract.ts'
import type { GuardSettings, Message } from './messages.ts'
import { VERSION } from './messages.ts'

/** What a message asks the guard to do at once. */
export type Order = 'greet' | 'answer' | 'leave' | 'end' | 'none' | 'refuse'

/**
 * What a guard knows: whom it guards, the will, and until when it may wait. Pure; it reads no clock. Nothing is pending
 * before the first beat: only then may something have power.
 */
export class Watch {
  #settings: GuardSettings | undefined
  #will: Will | undefined
  #freshUntil: Seconds | undefined

  get settings(): GuardSettings | undefined {
    return this.#settings
  }

  /** What must be written should the program end now. */
  get pending(): Will | undefined {
    return this.#freshUntil === undefined ? undefined : this.#will
  }

  /** When the next beat must be here. */
  get due(): Seconds {
    return this.pending && this.#freshUntil !== undefined ? this.#freshUntil : Number.POSITIVE_INFINITY
  }

  take(message: Message): Order {
    switch (message.type) {
      case 'post':
        if (message.version !== VERSION) return 'refuse'
        this.#settings = message.settings
        return 'greet'
      case 'will':
        this.#will = message.will
        return 'none'
      case 'beat':
        this.#freshUntil = message.freshUntil
        return 'answer'
      case 'ease':
        this.#freshUntil = undefined
        this.#will = undefined
        return 'answer'
      case 'stand-down':
        this.#freshUntil = undefined
        return 'leave'
      case 'end':
        return 'end'
      case 'hello':
      case 'taken':
        return 'refuse'
    }
  }
}
