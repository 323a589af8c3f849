import { describe, expect, it } from 'vitest'
import { scaledClock } from '../../src/sim/index.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'

describe('a scaled clock', () => {
  it.each([0.1, 0.5, 1, 4, 20])('of factor %d runs that much faster than the world', async (factor) => {
    const world = new VirtualClock({ start: 100 })
    const clock = scaledClock(world, factor)
    expect(clock.now()).toBe(100)
    const fired: number[] = []
    clock.after(2, () => fired.push(world.now()))
    await world.advance(50)
    expect(fired).toEqual([expect.closeTo(100 + 2 / factor, 9)])
    expect(clock.now()).toBeCloseTo(100 + 50 * factor, 9)
  })

  it('never reads an instant before one whose timer has fired', async () => {
    const world = new VirtualClock()
    const clock = scaledClock(world, 3)
    for (let i = 1; i < 500; i++) {
      const due = clock.now() + i * 0.0013
      let at = 0
      clock.after(i * 0.0013, () => {
        at = clock.now()
      })
      await world.advance(i)
      expect(at).toBeGreaterThanOrEqual(due)
    }
  })

  it('withdraws timers, and knows the longest and the impossible delays', async () => {
    const world = new VirtualClock()
    const clock = scaledClock(world, 2)
    let fired = 0
    clock.after(1, () => fired++).cancel()
    clock.after(Infinity, () => fired++)
    expect(world.pending).toBe(0)
    await world.advance(10)
    expect(fired).toBe(0)
    expect(() => clock.after(-1, () => {})).toThrow(expect.objectContaining({ code: 'TENDON_ARGUMENT_INVALID' }))
  })

  it('leaves wall time and turns to the world', async () => {
    const world = new VirtualClock()
    const clock = scaledClock(world, 10)
    await world.advance(5)
    expect(clock.wall()).toBe(world.wall())
    let turned = false
    clock.turn(() => {
      turned = true
    })
    await world.settle()
    expect(turned).toBe(true)
  })

  it.each([0, 0.09, 20.1, -1, Number.NaN, Infinity])('has no factor %d', (factor) => {
    expect(() => scaledClock(new VirtualClock(), factor)).toThrow(
      expect.objectContaining({ code: 'TENDON_ARGUMENT_INVALID' }),
    )
  })
})
