import type { Timer } from '../../src/index.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'

/**
 * A virtual clock that keeps the contract of `Clock.turn` to the letter: after all promise reactions that are due. The
 * one below runs turns as soon as the timer that asked for them has returned, before its promise reactions.
 */
export class PatientClock extends VirtualClock {
  override turn(fn: () => void): Timer {
    let timer = super.turn(() => {
      timer = super.turn(fn)
    })
    return { cancel: () => timer.cancel() }
  }
}
