import type { ReplyCounts } from '../device/servo-bus.ts'
import type { HardwareLimits } from './limits.ts'

/** How well a servo answers, judged over the last replies that it owed. */
export type Contact = 'good' | 'noisy' | 'broken'

/** What happened between two looks. */
interface Stretch {
  readonly asked: number
  readonly lost: number
}

/** A judgement, with the numbers that it comes from. */
export interface ContactJudgement {
  readonly contact: Contact
  readonly lost: number
  readonly of: number
}

/**
 * Judges the contact of one servo from its counters: N lost of its last M replies, whatever lies between them. That finds a
 * loose plug which never is silent for long, as the bound on silence does not. It warns once and not again before things
 * have been well; a servo that was gone altogether (its supply was off) was not noisy, and begins anew.
 */
export class ReplyWatch {
  readonly #limits: HardwareLimits
  #stretches: Stretch[] = []
  #before: ReplyCounts | undefined
  #contact: Contact = 'good'

  constructor(limits: HardwareLimits) {
    this.#limits = limits
  }

  /** Looks at the counters again. Gives a judgement when the contact has become another one; undefined otherwise. */
  look(now: ReplyCounts): ContactJudgement | undefined {
    const before = this.#before
    this.#before = now
    const asked = now.asked - (before?.asked ?? 0)
    // A reply that comes late takes one off what was lost in an earlier stretch.
    const lost = Math.max(0, now.lost - (before?.lost ?? 0))
    if (asked <= 0) return undefined
    if (now.streak >= asked) this.#stretches = []
    else this.#add({ asked, lost })
    return this.#judge()
  }

  /** As few of the last stretches as make up the window. */
  #add(stretch: Stretch): void {
    this.#stretches.push(stretch)
    const { replyWindow } = this.#limits
    while (sum(this.#stretches.slice(1), 'asked') >= replyWindow) this.#stretches.shift()
  }

  #judge(): ContactJudgement | undefined {
    const { replyWindow, noisyShare, brokenShare } = this.#limits
    const [of, lost] = [sum(this.#stretches, 'asked'), sum(this.#stretches, 'lost')]
    if (of < replyWindow) return undefined
    const share = lost / of
    const contact = share >= brokenShare ? 'broken' : share >= noisyShare ? 'noisy' : 'good'
    if (contact === this.#contact || (contact === 'good' && share > noisyShare / 2)) return undefined
    const worse = contact !== 'good' && !(contact === 'noisy' && this.#contact === 'broken')
    this.#contact = contact
    return worse ? { contact, lost, of } : undefined
  }
}

const sum = (stretches: readonly Stretch[], what: keyof Stretch): number =>
  stretches.reduce((total, stretch) => total + stretch[what], 0)
