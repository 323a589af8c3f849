import { describe, expect, test } from 'vitest'
import { type Problem, TendonError } from '../../src/base/problem.ts'
import type { Reading, SensorSink, SensorSpec } from '../../src/device/sensor.ts'
import { buffer, latest, type Overflow, sample } from '../../src/stream/overflow.ts'
import { Sensor } from '../../src/stream/sensor.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'

const WALL = Date.UTC(2026, 0, 1)

/** An open sensor whose values come from the test. */
async function open({ maxAge, close = async () => {} }: { maxAge?: number; close?: () => Promise<void> } = {}) {
  const clock = new VirtualClock({ wall: WALL })
  const sinks: SensorSink<number>[] = []
  const notes: string[] = []
  const lost: Problem[] = []
  let closes = 0
  const spec: SensorSpec<number> = {
    kind: 'test',
    maxAge,
    withPort: () => spec,
    open: async (_, sink) => {
      sinks.push(sink)
      return {
        close: () => {
          closes++
          return close()
        },
      }
    },
  }
  const hooks = {
    note: (type: string, facts: object) => notes.push(`${type} ${JSON.stringify(facts)}`),
    lost: (problem: Problem) => lost.push(problem),
  }
  const sensor = new Sensor('s', spec, { clock }, hooks)
  await sensor.open()
  const give = (...values: number[]): void => {
    for (const value of values) sinks.at(-1)?.value(value)
  }
  return { clock, sensor, sinks, notes, lost, give, closes: () => closes }
}

const values = <T>(readings: readonly Reading<T>[]): T[] => readings.map((reading) => reading.value)
const problem = { code: 'TEST_LOST' } as Problem

describe('a reading', () => {
  test('has its place in the order, monotonic and wall time', async () => {
    const { clock, sensor, give } = await open()
    const seen: Reading<number>[] = []
    sensor.subscribe((reading) => seen.push(reading))
    give(7)
    await clock.advance(1.5)
    give(8)
    expect(seen).toEqual([
      { value: 7, seq: 1, at: 0, wall: WALL },
      { value: 8, seq: 2, at: 1.5, wall: WALL + 1500 },
    ])
  })

  test('is unknown before the first, then fresh, and stale when older than maxAge', async () => {
    const { clock, sensor, give } = await open({ maxAge: 0.5 })
    expect(sensor.latest()).toEqual({ status: 'unknown' })
    give(0)
    expect(sensor.latest()).toMatchObject({ status: 'fresh', age: 0, reading: { value: 0 } })
    await clock.advance(0.5)
    expect(sensor.latest().status).toBe('fresh')
    await clock.advance(0.001)
    expect(sensor.latest()).toMatchObject({ status: 'stale', reading: { value: 0 } })
    give(1)
    expect(sensor.latest().status).toBe('fresh')
  })

  test('never becomes stale without a maxAge', async () => {
    const { clock, sensor, give } = await open()
    give(1)
    await clock.advance(1e6)
    expect(sensor.latest().status).toBe('fresh')
  })
})

test('bad input is counted by reason, ignored input too, and neither is a reading', async () => {
  const { sensor, sinks, notes } = await open()
  for (let i = 0; i < 12; i++) sinks[0]?.bad('checksum')
  sinks[0]?.bad('length')
  sinks[0]?.ignored()
  expect(sensor.counts()).toEqual({ readings: 0, bad: { checksum: 12, length: 1 }, ignored: 1, dropped: 0, faults: 0 })
  expect(sensor.latest()).toEqual({ status: 'unknown' })
  expect(notes.filter((note) => note.includes('checksum'))).toEqual([
    'sensor.bad {"sensor":"s","reason":"checksum","count":1}',
    'sensor.bad {"sensor":"s","reason":"checksum","count":10}',
  ])
})

test('reasons without end are counted in bounded memory', async () => {
  const { sensor, sinks } = await open()
  for (let i = 0; i < 1000; i++) sinks[0]?.bad(`reason ${i}`)
  const { bad } = sensor.counts()
  expect(Object.keys(bad)).toHaveLength(33)
  expect(bad.other).toBe(968)
})

/** Reads one, then lets 10 readings (1 to 10, 0.1 s apart) come while nobody reads, then reads what is there. */
async function overflow(rule: Overflow | undefined) {
  const { clock, sensor, give } = await open()
  const stream = sensor.readings({ overflow: rule })
  for (let i = 1; i <= 10; i++) {
    give(i)
    await clock.advance(0.1)
  }
  const dropped = stream.dropped
  const seen: Reading<number>[] = []
  const reading = (async () => {
    for await (const one of stream) seen.push(one)
  })()
  await clock.advance(10)
  await sensor.close()
  await reading
  return { seen: values(seen), dropped, size: sensor.size, pending: clock.pending }
}

describe('a reader that falls behind', () => {
  test('gets only the newest by default', async () => {
    expect(await overflow(undefined)).toEqual({ seen: [10], dropped: 9, size: 0, pending: 0 })
    expect(await overflow(latest())).toEqual({ seen: [10], dropped: 9, size: 0, pending: 0 })
  })

  test('gets the newest n of a buffer, in order', async () => {
    expect(await overflow(buffer(3))).toEqual({ seen: [8, 9, 10], dropped: 7, size: 0, pending: 0 })
    expect(await overflow(buffer(10))).toMatchObject({ seen: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], dropped: 0 })
  })

  test('gets the newest of a sample', async () => {
    expect(await overflow(sample(0.25))).toEqual({ seen: [10], dropped: 9, size: 0, pending: 0 })
  })
})

test('sample delivers the first at once and then the newest, at most one per interval', async () => {
  const { clock, sensor, give } = await open()
  const seen: string[] = []
  const subscription = sensor.subscribe(({ value }) => seen.push(`${value} at ${clock.now().toFixed(2)}`), {
    overflow: sample(1),
  })
  for (let i = 0; i < 12; i++) {
    give(i)
    await clock.advance(0.25)
  }
  expect(seen).toEqual(['0 at 0.00', '3 at 1.00', '7 at 2.00', '11 at 3.00'])
  expect(subscription.dropped).toBe(8)
  await clock.advance(5)
  expect(clock.pending).toBe(0)
  give(12, 13)
  expect(seen.slice(4)).toEqual(['12 at 8.00'])
  subscription.unsubscribe()
  expect([clock.pending, sensor.size]).toEqual([0, 0])
})

test('a synchronous subscriber gets every reading at once and drops none', async () => {
  const { sensor, give } = await open()
  const seen: number[] = []
  const subscription = sensor.subscribe(({ value }) => seen.push(value))
  give(1, 2, 3)
  expect([seen, subscription.dropped]).toEqual([[1, 2, 3], 0])
})

test('a slow asynchronous subscriber delays nobody and drops by its own rule', async () => {
  const { clock, sensor, give } = await open()
  const seen = { fast: [] as number[], slow: [] as number[], kept: [] as number[] }
  const busy = (into: number[]) => async (reading: Reading<number>) => {
    into.push(reading.value)
    await new Promise<void>((resolve) => clock.after(1, resolve))
  }
  sensor.subscribe((reading) => seen.fast.push(reading.value))
  const slow = sensor.subscribe(busy(seen.slow))
  const kept = sensor.subscribe(busy(seen.kept), { overflow: buffer(2) })
  for (let i = 1; i <= 10; i++) {
    give(i)
    await clock.advance(0.25)
  }
  await clock.advance(10)
  expect(seen.fast).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  expect([seen.slow, slow.dropped]).toEqual([[1, 4, 8, 10], 6])
  expect([seen.kept, kept.dropped]).toEqual([[1, 3, 7, 9, 10], 5])
  await sensor.close()
  expect(clock.pending).toBe(0)
})

test('a subscriber that throws or rejects is counted and goes on; the others and the port do not notice', async () => {
  const { clock, sensor, give, notes } = await open()
  const seen: number[] = []
  sensor.subscribe(() => {
    throw new Error('sync')
  })
  sensor.subscribe(async () => {
    throw new Error('async')
  })
  sensor.observable().subscribe(() => {
    throw new Error('rx')
  })
  sensor.subscribe(({ value }) => seen.push(value))
  give(1)
  await clock.settle()
  give(2)
  await clock.settle()
  expect([seen, sensor.counts().faults]).toEqual([[1, 2], 6])
  expect(notes.filter((note) => note.startsWith('sensor.fault'))).toHaveLength(1)
})

test('1,000,000 readings leave a buffer of 100 and an exact count of the dropped ones', async () => {
  const { sensor, give } = await open()
  const never = sensor.subscribe(() => new Promise(() => {}), { overflow: buffer(100) })
  const stream = sensor.readings({ overflow: buffer(100) })
  for (let i = 1; i <= 1_000_000; i++) give(i)
  expect([stream.dropped, never.dropped]).toEqual([999_900, 999_899])
  await sensor.close()
  const rest: Reading<number>[] = []
  for await (const reading of stream) rest.push(reading)
  expect([rest.length, rest[0]?.seq, rest.at(-1)?.seq]).toEqual([100, 999_901, 1_000_000])
})

describe('next', () => {
  test('is the next reading that comes, for each who waits', async () => {
    const { sensor, give } = await open()
    give(1)
    const waits = [sensor.next(), sensor.next()]
    give(2, 3)
    expect(values(await Promise.all(waits))).toEqual([2, 2])
    expect(sensor.size).toBe(0)
  })

  test('rejects with the reason of its signal, before or while it waits, and leaves nothing behind', async () => {
    const { sensor } = await open()
    const controller = new AbortController()
    const wait = sensor.next({ signal: controller.signal })
    controller.abort('enough')
    await expect(wait).rejects.toBe('enough')
    await expect(sensor.next({ signal: controller.signal })).rejects.toBe('enough')
    expect(sensor.size).toBe(0)
  })
})

describe('readings', () => {
  test('leaving the loop and disposing end the subscription', async () => {
    const { sensor, give } = await open()
    const stream = sensor.readings({ overflow: buffer(5) })
    give(1, 2, 3)
    for await (const { value } of stream) if (value === 2) break
    expect(sensor.size).toBe(0)
    {
      await using other = sensor.readings()
      expect([sensor.size, other.dropped]).toEqual([1, 0])
    }
    expect(sensor.size).toBe(0)
    expect(await stream.next()).toEqual({ done: true, value: undefined })
  })

  test('several reads at once are answered in order', async () => {
    const { sensor, give } = await open()
    const stream = sensor.readings()
    const reads = [stream.next(), stream.next()]
    give(1, 2)
    expect((await Promise.all(reads)).map((result) => result.value?.value)).toEqual([1, 2])
  })
})

describe('close', () => {
  test('ends loops, Observables and waits, and leaves no timer, subscription or open port', async () => {
    const { clock, sensor, give, sinks, closes } = await open()
    const ended: string[] = []
    sensor.observable({ overflow: sample(1) }).subscribe({ complete: () => ended.push('observable') })
    const loop = (async () => {
      for await (const _ of sensor.readings({ overflow: sample(1) }));
      ended.push('loop')
    })()
    const wait = sensor.next()
    give(1, 2)
    await wait
    const late = sensor.next()
    await Promise.all([sensor.close(), sensor.close(), loop, expect(late).rejects.toThrow('TENDON_SENSOR_CLOSED')])
    expect(ended.sort()).toEqual(['loop', 'observable'])
    expect([sensor.size, clock.pending, closes(), sensor.isOpen]).toEqual([0, 0, 1, false])
    sinks[0]?.value(3)
    expect(sensor.counts().readings).toBe(2)
  })

  test('everything asked for afterwards ends at once', async () => {
    const { sensor } = await open()
    await sensor.close()
    const ended: string[] = []
    sensor.observable().subscribe({ complete: () => ended.push('observable') })
    for await (const _ of sensor.readings());
    sensor.subscribe(() => {}).unsubscribe()
    await expect(sensor.next()).rejects.toBeInstanceOf(TendonError)
    await expect(sensor.open()).rejects.toMatchObject({ code: 'TENDON_SENSOR_CLOSED' })
    expect([ended, sensor.size]).toEqual([['observable'], 0])
  })

  test('a subscriber that asks again while it hears of the end finds the sensor closed', async () => {
    const { sensor } = await open()
    let again: Promise<unknown> | undefined
    sensor.observable().subscribe({ complete: () => (again = sensor.next().catch((error) => error.code)) })
    await sensor.close()
    expect(await again).toBe('TENDON_SENSOR_CLOSED')
    expect(sensor.size).toBe(0)
  })

  test('waits for a driver that hangs only up to its limit, and never rejects', async () => {
    const hanging = await open({ close: () => new Promise(() => {}) })
    await hanging.clock.run(hanging.sensor.close())
    expect(hanging.clock.now()).toBe(2)
    expect(hanging.notes.join()).toContain('sensor.close_failed')
    const failing = await open({ close: () => Promise.reject(new Error('busy')) })
    await failing.sensor.close()
    expect(failing.notes.join()).toContain('busy')
  })
})

describe('open', () => {
  test('after a lost link opens a new one; subscriptions and sequence go on, the old link is deaf', async () => {
    const { sensor, sinks, lost, give, closes } = await open()
    const seen: Reading<number>[] = []
    sensor.subscribe((reading) => seen.push(reading))
    give(1)
    sinks[0]?.lost(problem)
    sinks[0]?.lost(problem)
    sinks[0]?.value(99)
    expect([lost.length, sensor.isOpen, closes()]).toEqual([1, false, 1])
    await Promise.all([sensor.open(), sensor.open()])
    give(2)
    expect(seen.map(({ value, seq }) => [value, seq])).toEqual([
      [1, 1],
      [2, 2],
    ])
    expect(sinks).toHaveLength(2)
  })

  test('wraps a foreign error and keeps a TendonError; a hook that throws disturbs nothing', async () => {
    const clock = new VirtualClock()
    const fail = (error: Error): Sensor<number> => {
      const spec: SensorSpec<number> = { kind: 'test', withPort: () => spec, open: () => Promise.reject(error) }
      const boom = (): never => {
        throw new Error('hook')
      }
      return new Sensor('s', spec, { clock }, { note: boom, lost: boom })
    }
    await expect(fail(new Error('no')).open()).rejects.toMatchObject({ code: 'TENDON_SENSOR_OPEN_FAILED' })
    const own = new TendonError({ ...problem, what: '', why: '', fix: '', facts: {}, severity: 'error', power: 'off' })
    await expect(fail(own).open()).rejects.toBe(own)
    await fail(own).close()
  })

  test('a close while it opens wins, and the port that comes late is closed', async () => {
    let arrive = (): void => {}
    let closed = 0
    const spec: SensorSpec<number> = {
      kind: 'test',
      withPort: () => spec,
      open: () => new Promise((resolve) => (arrive = () => resolve({ close: async () => void closed++ }))),
    }
    const clock = new VirtualClock()
    const sensor = new Sensor('s', spec, { clock }, { note: () => {}, lost: () => {} })
    const opening = sensor.open()
    opening.catch(() => {})
    await clock.settle()
    await sensor.close()
    arrive()
    await expect(opening).rejects.toMatchObject({ code: 'TENDON_SENSOR_CLOSED' })
    expect([closed, sensor.isOpen, clock.pending]).toEqual([1, false, 0])
  })
})

test('an overflow rule that bounds nothing is refused', () => {
  for (const size of [0, -1, 1.5, Number.NaN, Infinity]) expect(() => buffer(size)).toThrow('TENDON_ARGUMENT_INVALID')
  for (const every of [0, -1, Number.NaN, Infinity]) expect(() => sample(every)).toThrow('TENDON_ARGUMENT_INVALID')
})
