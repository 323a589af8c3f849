import { describe, expect, it } from 'vitest'
import { device } from './fixture.ts'

describe('the health of a sensor', () => {
  it('is unknown, ok with its first reading, stale at its maxAge, and ok again with the next one', async () => {
    const { clock, sensor, say, changes } = device({ maxAge: 1 })
    expect(sensor.health()).toBe('unknown')
    await sensor.open()
    expect(sensor.health()).toBe('unknown')
    await clock.advance(0.5)
    say(1)
    expect(sensor.health()).toBe('ok')
    await clock.advance(0.75)
    expect(sensor.health()).toBe('ok')
    await clock.advance(5)
    expect(sensor.health()).toBe('stale')
    say(2)
    expect(sensor.health()).toBe('ok')
    await clock.advance(0.9)
    say(3)
    await clock.advance(0.9)
    expect(changes).toEqual(['unknown -> ok at 0.5', 'ok -> stale at 1.5', 'stale -> ok at 6.25'])
  })

  it('is stale at its maxAge after the opening when it never says a word', async () => {
    const { clock, sensor, changes } = device({ maxAge: 1 })
    await clock.advance(10)
    await sensor.open()
    await clock.advance(3)
    expect(changes).toEqual(['unknown -> stale at 11'])
    expect(sensor.latest().status).toBe('unknown')
  })

  it('is never stale without a maxAge, and then there is no timer', async () => {
    const { clock, sensor, say, changes } = device()
    await sensor.open()
    say(1)
    await clock.advance(1e6)
    expect([sensor.health(), changes, clock.pending]).toEqual(['ok', ['unknown -> ok at 0'], 0])
  })

  it('is lost with its link, whatever it was, and until the new link delivers', async () => {
    const { clock, sensor, say, lose, changes } = device({ maxAge: 1 })
    await sensor.open()
    lose()
    await sensor.open()
    await clock.advance(5)
    expect(sensor.health()).toBe('lost')
    say(1)
    await clock.advance(2)
    lose()
    expect(changes).toEqual([
      'unknown -> lost at 0 TEST_LOST',
      'lost -> ok at 5',
      'ok -> stale at 6',
      'stale -> lost at 7 TEST_LOST',
    ])
  })

  it('knows of a silence also when the event loop owes the timer its call', async () => {
    const { clock, sensor, say, changes } = device({ maxAge: 1 })
    await sensor.open()
    say(1)
    // The clock has gone on, and no timer has fired: what a stall of the event loop looks like.
    const stalled = Object.assign(clock, { now: () => 3 })
    expect(sensor.health()).toBe('stale')
    say(2)
    expect(stalled.now()).toBe(3)
    expect(changes).toEqual(['unknown -> ok at 0', 'ok -> stale at 3', 'stale -> ok at 3'])
  })

  it('sets its timer when it fires, and never for a reading', async () => {
    const { clock, sensor, say } = device({ maxAge: 1 })
    await sensor.open()
    let set = 0
    const { after } = clock
    clock.after = (delay, fn) => {
      set++
      return after.call(clock, delay, fn)
    }
    for (let i = 0; i < 10; i++) {
      for (let n = 0; n < 1000; n++) say(n)
      await clock.advance(0.5)
    }
    expect(set).toBeLessThanOrEqual(10)
    expect([sensor.health(), clock.pending]).toEqual(['ok', 1])
    await sensor.close()
    expect(clock.pending).toBe(0)
  })
})

describe('a health listener', () => {
  it('hears each change after the log, before the reading, until it ends or the sensor closes', async () => {
    const { sensor, say, lose, changes } = device()
    await sensor.open()
    const heard: string[] = []
    const off = sensor.onHealth(({ sensor: name, from, to }) =>
      heard.push(`${name}: ${from} -> ${to} ${changes.length}`),
    )
    sensor.onHealth(({ to }) => heard.push(to))
    sensor.subscribe(({ value }) => heard.push(`reading ${value}`))
    say(1)
    off()
    lose()
    expect(heard).toEqual(['s: unknown -> ok 1', 'ok', 'reading 1', 'lost'])
    expect(sensor.size).toBe(2)
    await sensor.close()
    expect(sensor.size).toBe(0)
    sensor.onHealth(() => heard.push('late'))()
    expect(heard).toHaveLength(4)
  })

  it('that throws is counted, and neither the others nor the reading notice', async () => {
    const { sensor, say } = device()
    await sensor.open()
    const heard: string[] = []
    sensor.onHealth(() => {
      throw new Error('no')
    })
    sensor.onHealth(({ to }) => heard.push(to))
    say(1)
    expect([heard, sensor.counts()]).toMatchObject([['ok'], { readings: 1, faults: 1 }])
  })
})

describe('subscriptions', () => {
  it('are bounded: one more throws, for every way to read, and there is room again when one ends', async () => {
    const { sensor, say } = device({ limits: { sensorSubscriptions: 3 } })
    await sensor.open()
    const code = 'TENDON_TOO_MANY_SUBSCRIPTIONS'
    const first = sensor.subscribe(() => {})
    sensor.onHealth(() => {})
    const wait = sensor.next()
    for (const more of [() => sensor.subscribe(() => {}), () => sensor.readings(), () => sensor.onHealth(() => {})])
      expect(more).toThrow(code)
    await expect(sensor.next()).rejects.toMatchObject({ code })
    let error: unknown
    sensor.observable().subscribe({ error: (found) => (error = found) })
    expect(error).toMatchObject({ code })
    expect(sensor.size).toBe(3)
    first.unsubscribe()
    first.unsubscribe()
    const stream = sensor.readings()
    expect(sensor.size).toBe(3)
    await stream.return()
    say(1)
    await wait
    expect(sensor.size).toBe(1)
  })

  it('have their drops counted together, those of ended ones too', async () => {
    const { sensor, say } = device()
    await sensor.open()
    const stream = sensor.readings()
    const busy = sensor.subscribe(() => new Promise(() => {}))
    say(1, 2, 3)
    expect([stream.dropped, busy.dropped, sensor.counts().dropped]).toEqual([2, 1, 3])
    await stream.return()
    busy.unsubscribe()
    say(4)
    expect(sensor.counts().dropped).toBe(3)
  })
})
