import type { Seconds } from '../../src/base/units.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'

/** A host that does not run between two times: what falls due meanwhile fires at the end. */
export class StallingClock extends VirtualClock {
  stall: readonly [from: Seconds, to: Seconds] = [Infinity, Infinity]
  override after(delay: Seconds, fn: () => void) {
    const due = this.now() + delay
    const [from, to] = this.stall
    return super.after(due >= from && due < to ? to - this.now() : delay, fn)
  }
}
