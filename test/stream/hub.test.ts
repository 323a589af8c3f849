import fc from 'fast-check'
import { filter, map } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { Hub } from '../../src/stream/hub.ts'
import { TopicIndex } from '../../src/stream/topic-index.ts'

function hubWithFaults() {
  const faults: unknown[] = []
  return { hub: new Hub<number>((error) => faults.push(error)), faults }
}

describe('publish', () => {
  test('reaches the listeners of its key in the order in which they subscribed, then those of any key', () => {
    const { hub } = hubWithFaults()
    const seen: string[] = []
    hub.onAny((value, key) => seen.push(`any ${key} ${value}`))
    hub.on('a', (value) => seen.push(`first ${value}`))
    hub.on('b', (value) => seen.push(`b ${value}`))
    hub.on('a', (value) => seen.push(`second ${value}`))
    hub.publish('a', 1)
    hub.publish('nobody', 2)
    expect(seen).toEqual(['first 1', 'second 1', 'any a 1', 'any nobody 2'])
  })

  test('the same function subscribed twice is called twice, and each is ended by its own', () => {
    const { hub } = hubWithFaults()
    let calls = 0
    const listener = (): void => void calls++
    const end = hub.on('a', listener)
    hub.on('a', listener)
    hub.publish('a', 1)
    end()
    end()
    hub.publish('a', 1)
    expect([calls, hub.size]).toEqual([3, 1])
  })
})

describe('during a publish', () => {
  test('a listener that is ended is not called any more, whoever ends it', () => {
    const { hub } = hubWithFaults()
    const seen: string[] = []
    const ends = ['first', 'second', 'third', 'fourth'].map((name) =>
      hub.on('a', () => {
        seen.push(name)
        if (name === 'second') for (const end of ends.slice(0, 3)) end()
      }),
    )
    hub.publish('a', 1)
    expect(seen).toEqual(['first', 'second', 'fourth'])
    hub.publish('a', 1)
    expect(seen.slice(3)).toEqual(['fourth'])
  })

  test('a listener that joins is called from the next publish on, also one of any key', () => {
    const { hub } = hubWithFaults()
    const seen: string[] = []
    const end = hub.on('a', () => {
      end()
      hub.on('a', (value) => seen.push(`late ${value}`))
      hub.onAny((value) => seen.push(`any ${value}`))
    })
    hub.publish('a', 1)
    expect(seen).toEqual([])
    hub.publish('a', 2)
    expect(seen).toEqual(['late 2', 'any 2'])
  })

  test('a publish inside a listener is delivered whole', () => {
    const { hub } = hubWithFaults()
    const seen: number[] = []
    hub.on('a', (value) => value < 3 && hub.publish('a', value + 1))
    hub.on('a', (value) => seen.push(value))
    hub.publish('a', 1)
    expect(seen).toEqual([3, 2, 1])
  })

  test('any interleaving of joining and ending behaves as a model', () => {
    const step = fc.record({ at: fc.nat(7), end: fc.nat(9), join: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        const { hub } = hubWithFaults()
        const called: number[] = []
        const ends: (() => void)[] = []
        const alive = new Set<number>()
        const join = (): void => {
          const id = ends.length
          alive.add(id)
          ends.push(hub.on('a', () => visit(id)))
        }
        const visit = (id: number): void => {
          expect(alive.has(id)).toBe(true)
          called.push(id)
          for (const { at, end, join: joins } of steps.filter((one) => one.at === id)) {
            expect(at).toBe(id)
            ends[end]?.()
            alive.delete(end)
            if (joins) join()
          }
        }
        for (let i = 0; i < 8; i++) join()
        hub.publish('a', 1)
        // Nobody twice, nobody out of order, nobody who joined; and everyone who is still there was called.
        expect(called).toEqual([...new Set(called)].sort((a, b) => a - b))
        expect(called.every((id) => id < 8)).toBe(true)
        expect([...alive].filter((id) => id < 8).every((id) => called.includes(id))).toBe(true)
        expect(hub.size).toBe(alive.size)
      }),
    )
  })
})

describe('a listener that throws', () => {
  test('reaches neither the others nor the publisher, and is reported', async () => {
    const { hub, faults } = hubWithFaults()
    const seen: number[] = []
    hub.on('a', () => {
      throw 'one'
    })
    hub.on('a', (value) => seen.push(value))
    hub.on('a', async () => {
      throw 'two'
    })
    hub.onAny(() => {
      throw 'three'
    })
    hub.publish('a', 1)
    await Promise.resolve()
    expect([seen, faults]).toEqual([[1], ['one', 'three', 'two']])
  })

  test('is not made worse by an onFault that throws', () => {
    const hub = new Hub<number>(() => {
      throw new Error('worse')
    })
    const seen: number[] = []
    hub.on('a', () => {
      throw new Error('bad')
    })
    hub.on('a', (value) => seen.push(value))
    hub.observe('a').subscribe(() => {
      throw new Error('bad')
    })
    hub.publish('a', 1)
    expect(seen).toEqual([1])
  })
})

describe('observe', () => {
  test('gives Observables that end with their subscription and compose', () => {
    const { hub } = hubWithFaults()
    const seen: string[] = []
    const even = hub.observe('a').pipe(
      filter((value) => value % 2 === 0),
      map((value) => `v${value}`),
    )
    const subscription = even.subscribe({ next: (value) => seen.push(value) })
    for (let i = 0; i < 4; i++) hub.publish('a', i)
    subscription.unsubscribe()
    hub.publish('a', 4)
    expect([seen, hub.size, hub.keys]).toEqual([['v0', 'v2'], 0, 0])
  })

  const boom = (): never => {
    throw 'operator'
  }

  test('a subscriber that throws, and an operator error that nobody handles, end no process', async () => {
    const { hub, faults } = hubWithFaults()
    const seen: number[] = []
    hub.observe('a').subscribe(() => {
      throw 'next'
    })
    hub
      .observe('a')
      .pipe(map((value) => value))
      .subscribe({
        next: () => {
          throw 'after pipe'
        },
      })
    hub.observe('a').pipe(map(boom)).subscribe()
    hub.observe('a').subscribe((value) => seen.push(value))
    hub.publish('a', 1)
    hub.publish('a', 2)
    // RxJS would throw in a timer: it would end this test run.
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(seen).toEqual([1, 2])
    expect(faults).toEqual(['next', 'after pipe', 'operator', 'next', 'after pipe'])
    expect(hub.size).toBe(3)
  })
})

test('nothing is left when 10,000 subscriptions on 5,000 keys have ended', () => {
  const { hub } = hubWithFaults()
  const ends = Array.from({ length: 10_000 }, (_, i) => hub.on(`k${i % 5000}`, () => {}))
  const any = hub.onAny(() => {})
  expect([hub.size, hub.keys]).toEqual([10_001, 5000])
  for (const end of ends) end()
  any()
  expect([hub.size, hub.keys]).toEqual([0, 0])
})

test('the index behaves as a map, whatever is added and deleted', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(120), { maxLength: 500 }), (keys) => {
      const index = new TopicIndex<number, number>()
      const model = new Map<number, number>()
      for (const [i, key] of keys.entries()) {
        if (model.has(key)) {
          model.delete(key)
          index.delete(key)
        } else {
          model.set(key, i)
          index.add(key, i)
        }
      }
      expect(index.size).toBe(model.size)
      for (let key = 0; key <= 120; key++) expect(index.get(key)).toBe(model.get(key))
    }),
  )
})
