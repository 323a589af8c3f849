import { badArgument } from '../base/argument.ts'
import type { Clock } from '../base/clock.ts'
import type { Seconds } from '../base/units.ts'

/** Slower than a tenth a person waits for nothing; beyond 20 the timers of the system are coarser than a control tick. */
const SLOWEST = 0.1
const FASTEST = 20

/**
 * A clock that runs `factor` times as fast as `clock`: a robot that is started on it, and the simulation behind it,
 * live that much faster or slower than the world. `factor` is 0.1 to 20; otherwise it throws a `TendonError`. What is
 * not scaled: wall time, `turn`, the speed of the processor and of real devices, and the grain of the system's timers,
 * so that a millisecond of theirs is `factor` milliseconds of the robot.
 */
export function scaledClock(clock: Clock, factor: number): Clock {
  if (!(factor >= SLOWEST && factor <= FASTEST))
    throw badArgument('scaledClock()', 'factor', factor, `a number from ${SLOWEST} to ${FASTEST}`)
  const zero = clock.now()
  // A timer that has fired is due: rounding must not let this clock read an instant before that.
  let reached: Seconds = zero
  const now = (): Seconds => {
    reached = Math.max(reached, zero + (clock.now() - zero) * factor)
    return reached
  }
  return {
    now,
    wall: () => clock.wall(),
    after(delay, fn) {
      const due = now() + delay
      return clock.after(delay / factor, () => {
        reached = Math.max(reached, due)
        fn()
      })
    },
    turn: (fn) => clock.turn(fn),
  }
}
