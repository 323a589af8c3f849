import { controlLoop, type LoopTick, type Seconds } from 'tendon'
import { VirtualClock } from 'tendon/testing'
import { describe, expect, it } from 'vitest'

/** A host that wakes up late by this much, each time it is asked for a timer. */
class LateClock extends VirtualClock {
  late: (due: Seconds, delay: Seconds) => Seconds = () => 0
  override after(delay: Seconds, fn: () => void) {
    return super.after(delay + this.late(this.now() + delay, delay), fn)
  }
}

function rig() {
  const clock = new LateClock()
  const ticks: LoopTick[] = []
  /** Ends the loop with the tick of this deadline. */
  const until = (index: number, rate: number, more?: (tick: LoopTick) => unknown) =>
    clock.run(
      controlLoop({ clock, rate }, async (tick) => {
        ticks.push(tick)
        await more?.(tick)
        return tick.index < index
      }),
    )
  const wait = (duration: Seconds): Promise<void> =>
    new Promise((resolve) => VirtualClock.prototype.after.call(clock, duration, resolve))
  return { clock, ticks, until, wait }
}

describe('a control loop', () => {
  it.each([50, 200, 333])('of %i Hz runs its tick n at n periods after the start, for a minute', async (rate) => {
    const { until, ticks } = rig()
    const counts = await until(60 * rate, rate)
    expect(counts).toEqual({ ticks: 60 * rate + 1, skipped: 0, worstLateness: expect.closeTo(0, 9) })
    expect(ticks.every(({ index, now }) => Math.abs(now - index / rate) < 1e-9)).toBe(true)
  })

  it('that wakes up late each time does not drift: deadlines are absolute', async () => {
    const { clock, until, ticks } = rig()
    clock.late = () => 0.003
    const { ticks: ran, skipped, worstLateness } = await until(1000, 100)
    expect([ran, skipped, worstLateness]).toEqual([1001, 0, expect.closeTo(0.003, 9)])
    expect(ticks.at(-1)?.now).toBeCloseTo(10.003, 9)
  })

  it('is never early, even where a timer of its clock is', async () => {
    const { clock, until, ticks } = rig()
    clock.late = (_due, delay) => (delay > 0.001 ? -0.0004 : 0)
    await until(100, 100)
    expect(ticks.every(({ now, due }) => now >= due)).toBe(true)
    expect(ticks.at(-1)?.now).toBeCloseTo(1, 9)
  })

  it('counts the deadlines of a stall, and runs one tick for them, not all at once', async () => {
    const { clock, until, ticks } = rig()
    clock.late = (due) => (Math.abs(due - 0.1) < 1e-9 ? 0.047 : 0)
    const counts = await until(30, 100)
    expect(counts).toEqual({ ticks: 27, skipped: 4, worstLateness: expect.closeTo(0.007, 9) })
    const around = ticks.filter(({ index }) => index > 8 && index < 17)
    expect(around.map(({ index, skipped }) => [index, skipped])).toEqual([
      [9, 0],
      [14, 4],
      [15, 0],
      [16, 0],
    ])
    const slots = ticks.map(({ now }) => Math.floor(now * 100 + 1e-6))
    expect(new Set(slots).size).toBe(ticks.length)
  })

  it('a stall of a whole number of periods runs one tick in its last one', async () => {
    const { clock, until, ticks } = rig()
    clock.late = (due) => (Math.abs(due - 0.1) < 1e-9 ? 0.05 : 0)
    const counts = await until(30, 100)
    expect(counts).toMatchObject({ ticks: 26, skipped: 5 })
    expect(ticks.filter(({ now }) => now > 0.145 && now < 0.155)).toHaveLength(1)
  })

  it('awaits an asynchronous tick; one that takes two and a half periods costs two deadlines', async () => {
    const { until, ticks, wait } = rig()
    const counts = await until(20, 100, ({ index }) => (index === 5 ? wait(0.025) : undefined))
    expect(counts).toMatchObject({ ticks: 19, skipped: 2 })
    expect(ticks.slice(4, 8).map(({ index, now, skipped }) => [index, now, skipped])).toEqual([
      [4, expect.closeTo(0.04, 9), 0],
      [5, expect.closeTo(0.05, 9), 0],
      [8, expect.closeTo(0.08, 9), 2],
      [9, expect.closeTo(0.09, 9), 0],
    ])
  })

  it('ticks and skipped add up to the deadlines there were', async () => {
    const { clock, until } = rig()
    clock.late = (due) => 0.03 * Math.abs(Math.sin(1e4 * due))
    const { ticks, skipped } = await until(500, 100)
    expect(ticks).toBeLessThan(450)
    expect(ticks + skipped - 1).toBeGreaterThanOrEqual(500)
    expect(ticks + skipped - 1).toBeLessThan(504)
  })

  it('ends with its counts when its signal aborts, at once, and leaves no timer', async () => {
    const { clock } = rig()
    const stop = new AbortController()
    const ended = controlLoop({ clock, rate: 1, signal: stop.signal }, () => {})
    await clock.advance(2.5)
    stop.abort()
    expect(await ended).toMatchObject({ ticks: 3, skipped: 0 })
    expect([clock.now(), clock.pending]).toEqual([2.5, 0])
  })

  it('with a signal that has aborted before it runs no tick', async () => {
    const { clock } = rig()
    let ran = 0
    const counts = await controlLoop({ clock, rate: 10, signal: AbortSignal.abort() }, () => ran++)
    expect([ran, counts]).toEqual([0, { ticks: 0, skipped: 0, worstLateness: 0 }])
  })

  it('rejects with what its tick throws, and leaves no timer', async () => {
    const { clock } = rig()
    const ended = controlLoop({ clock, rate: 10 }, ({ index }) => {
      if (index === 3) throw new Error('no more')
    })
    await expect(clock.run(ended)).rejects.toThrow('no more')
    expect(clock.pending).toBe(0)
  })

  it.each([0, -1, Number.NaN, 1001, Infinity])('of %d Hz is refused', async (rate) => {
    const { clock } = rig()
    await expect(controlLoop({ clock, rate }, () => false)).rejects.toMatchObject({ code: 'TENDON_ARGUMENT_INVALID' })
  })
})
