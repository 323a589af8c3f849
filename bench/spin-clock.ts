import type { Clock, Timer } from 'tendon'

interface Pending {
  readonly due: number
  readonly fn: () => void
}

/**
 * The clock of a wire: its timers fire within microseconds of their time, at the price of a core that never rests while
 * one is pending. Timers of the system know whole milliseconds, in which a bus at 1 Mbit/s carries a hundred bytes.
 */
export class SpinClock implements Clock {
  readonly #pending = new Set<Pending>()
  #spinning = false

  now(): number {
    return performance.now() / 1000
  }

  wall(): number {
    return Date.now()
  }

  after(delay: number, fn: () => void): Timer {
    const pending = { due: this.now() + delay, fn }
    this.#pending.add(pending)
    this.#spin()
    return { cancel: () => void this.#pending.delete(pending) }
  }

  turn(fn: () => void): Timer {
    const handle = setImmediate(fn)
    return { cancel: () => clearImmediate(handle) }
  }

  #spin(): void {
    if (this.#spinning) return
    this.#spinning = true
    const look = (): void => {
      const now = this.now()
      const due = [...this.#pending].filter((pending) => pending.due <= now).sort((a, b) => a.due - b.due)
      for (const pending of due) if (this.#pending.delete(pending)) pending.fn()
      this.#spinning = this.#pending.size > 0
      if (this.#spinning) setImmediate(look)
    }
    setImmediate(look)
  }
}
