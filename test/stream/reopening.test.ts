import { describe, expect, it } from 'vitest'
import { Reopening } from '../../src/base/reopening.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { device } from './fixture.ts'

const fails = (): never => {
  throw new Error('busy')
}

describe('a sensor whose link was lost', () => {
  it('opens a new one by itself, after waits that double from 0.25 s to 5 s, until it works', async () => {
    let plugged = true
    const { clock, sensor, opens, lose, say, notes } = device({ opening: () => (plugged ? undefined : fails()) })
    await sensor.open()
    say(1)
    await clock.advance(1)
    plugged = false
    lose()
    await clock.settle()
    expect([sensor.isOpen, clock.pending]).toEqual([false, 1])
    await clock.advance(24)
    expect(opens).toEqual([0, 1.25, 1.75, 2.75, 4.75, 8.75, 13.75, 18.75, 23.75])
    plugged = true
    await clock.advance(5)
    expect([sensor.isOpen, opens.at(-1), clock.pending]).toEqual([true, 28.75, 0])
    const seen: number[] = []
    sensor.subscribe(({ value, seq }) => seen.push(value, seq))
    say(7)
    expect(seen).toEqual([7, 2])
    expect(notes.filter((note) => note.includes('reopen_failed'))).toEqual([
      'sensor.reopen_failed {"sensor":"s","code":"TENDON_SENSOR_OPEN_FAILED","what":"The sensor s could not be opened: busy.","count":1}',
    ])
  })

  it('waits longer and longer also when each new link is lost at once; a reading makes the wait short again', async () => {
    const { clock, sensor, opens, lose, say } = device()
    await sensor.open()
    for (let i = 0; i < 4; i++) {
      lose()
      await clock.advance(i === 3 ? 2 : ([0.25, 0.5, 1][i] ?? 0))
    }
    expect(opens).toEqual([0, 0.25, 0.75, 1.75, 3.75])
    say(1)
    lose()
    await clock.advance(0.25)
    expect(opens.at(-1)).toBe(4)
  })

  it('has one attempt under way at a time, and none after somebody else has opened it', async () => {
    const waiting: (() => void)[] = []
    const { clock, sensor, opens, lose } = device({
      opening: (attempt) => (attempt === 2 ? new Promise<void>((resolve) => waiting.push(resolve)) : undefined),
    })
    await sensor.open()
    lose()
    await clock.advance(10)
    const joined = sensor.open()
    expect(opens).toHaveLength(2)
    waiting[0]?.()
    await joined
    lose()
    await sensor.open()
    await clock.settle()
    expect(clock.pending).toBe(0)
    await clock.advance(10)
    expect(opens).toHaveLength(3)
  })

  it('that is lost again in the very moment when it opens is opened again', async () => {
    let opened = 0
    const { clock, sensor, opens, lose } = device({
      onNote: (type) => {
        if (type === 'sensor.opened' && ++opened === 2) lose()
      },
    })
    await sensor.open()
    lose()
    await clock.advance(1)
    expect([opens, sensor.isOpen]).toEqual([[0, 0.25, 0.75], true])
  })

  it('gives up when it is closed: no timer, no further attempt, and what opens late is closed', async () => {
    let late = (): void => {}
    const { clock, sensor, opens, lose, closes } = device({
      opening: (attempt) => (attempt === 2 ? new Promise<void>((resolve) => (late = resolve)) : undefined),
    })
    await sensor.open()
    lose()
    await clock.advance(1)
    await sensor.close()
    late()
    await clock.advance(10)
    expect([opens.length, closes(), sensor.isOpen, clock.pending]).toEqual([2, 2, false, 0])
  })

  it('closed while it waits leaves no timer', async () => {
    const { clock, sensor, opens, lose } = device()
    await sensor.open()
    lose()
    await sensor.close()
    expect(clock.pending).toBe(0)
    await clock.advance(10)
    expect(opens).toHaveLength(1)
  })
})

describe('a sensor of a robot that starts', () => {
  it('and cannot be opened fails it, unless it is optional: then it is lost, and heals', async () => {
    const needed = device({ opening: fails })
    await expect(needed.sensor.start()).rejects.toMatchObject({ code: 'TENDON_SENSOR_OPEN_FAILED' })
    expect([needed.sensor.health(), needed.clock.pending]).toEqual(['unknown', 0])
    const { clock, sensor, opens, say, changes } = device({
      optional: true,
      opening: (attempt) => (attempt < 3 ? fails() : undefined),
    })
    await sensor.start()
    expect(sensor.health()).toBe('lost')
    await clock.advance(1)
    expect([opens, sensor.isOpen]).toEqual([[0, 0.25, 0.75], true])
    say(1)
    expect(changes).toEqual(['unknown -> lost at 0 TENDON_SENSOR_OPEN_FAILED', 'lost -> ok at 1'])
  })
})

describe('what is tried again', () => {
  it('is tried by one at a time, however often it is asked for', async () => {
    const clock = new VirtualClock()
    let attempts = 0
    let succeed = (): void => {}
    const attempt = (): Promise<void> => {
      attempts++
      return new Promise((resolve) => {
        succeed = resolve
      })
    }
    const reopening = new Reopening(clock, { first: 1, longest: 4 }, attempt, () => {})
    reopening.begin()
    reopening.begin()
    await clock.advance(1)
    reopening.begin()
    await clock.advance(60)
    expect([attempts, clock.pending]).toEqual([1, 0])
    succeed()
    await clock.advance(60)
    expect(attempts).toBe(2)
    reopening.end()
    succeed()
    await clock.settle()
    reopening.begin()
    expect(clock.pending).toBe(0)
  })
})
