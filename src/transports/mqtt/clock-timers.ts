import type { Clock, Timer } from '../../base/clock.ts'

/** Repeating timers as the MQTT library wants them, on a clock of ours: what it calls after every `ms` until cleared. */
export interface RepeatingTimers {
  set(fn: () => void, ms: number): number
  clear(id: number): void
}

/** The repeating timers of one client. */
export function clockTimers(clock: Clock): RepeatingTimers {
  const running = new Map<number, Timer>()
  let last = 0
  return {
    set(fn, ms) {
      const id = ++last
      const again = (): void => {
        running.set(id, clock.after(ms / 1000, tick))
      }
      const tick = (): void => {
        // Before the call, which may clear it.
        again()
        fn()
      }
      again()
      return id
    },
    clear(id) {
      running.get(id)?.cancel()
      running.delete(id)
    },
  }
}
