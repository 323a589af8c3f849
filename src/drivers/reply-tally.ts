import type { Seconds } from '../base/units.ts'
import type { ReplyCounts } from '../device/servo-bus.ts'

interface Counts {
  asked: number
  answered: number
  late: number
  streak: number
  lastAnswer: Seconds | undefined
}

/**
 * Counts the replies on one line by the servo that owed them, once for each time that the wire was used: a retry is a question
 * of its own. What a stop made void counts neither way.
 */
export class ReplyTally {
  readonly #servos = new Map<number, Counts>()

  answered(servo: number, at: Seconds): void {
    const counts = this.#of(servo)
    counts.asked++
    counts.answered++
    counts.streak = 0
    counts.lastAnswer = at
  }

  /** None came in time. */
  missed(servo: number): void {
    const counts = this.#of(servo)
    counts.asked++
    counts.streak++
  }

  /** One that had been given up has come: the wire lost nothing, the servo or the adapter is slow. */
  late(servo: number, at: Seconds): void {
    const counts = this.#of(servo)
    counts.late++
    counts.streak = 0
    counts.lastAnswer = at
  }

  counts(): Readonly<Record<number, ReplyCounts>> {
    return Object.fromEntries(
      [...this.#servos].map(([id, { asked, answered, late, streak, lastAnswer }]) => [
        id,
        { asked, answered, late, lost: asked - answered - late, streak, lastAnswer },
      ]),
    )
  }

  #of(servo: number): Counts {
    const known = this.#servos.get(servo)
    if (known) return known
    const made = { asked: 0, answered: 0, late: 0, streak: 0, lastAnswer: undefined }
    this.#servos.set(servo, made)
    return made
  }
}
