import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { bootArmed, codeOf, gate, model, never, rejectionOf } from './fixture.ts'

const hang = model.command({
  category: 'many',
  run: ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
})

describe('a handle', () => {
  it('gives every awaiter, early or late, the very same outcome', async () => {
    const body = gate<string>()
    const { robot, now } = await bootArmed(model.with({ work: model.command({ run: () => body.opening }) }))
    const handle = robot.work()
    const early = [handle.result(), handle.result(), handle.result()]
    body.open('done')
    const outcome = await now(handle.result())
    for (const seen of await Promise.all(early)) expect(seen).toBe(outcome)
    for (let i = 0; i < 100; i++) expect(await handle.result()).toBe(outcome)
    expect(await handle.cancel()).toBe(outcome)
    expect(handle.outcome).toBe(outcome)
  })

  it('is held for nobody: a run goes on and ends without a single awaiter', async () => {
    const { robot, clock, told } = await bootArmed(
      model.with({ work: model.command({ run: ({ sleep }) => sleep(1) }) }),
    )
    const handle = robot.work()
    await clock.advance(2)
    expect(told(handle)).toEqual(['started', 'ended'])
  })

  it('rejects only the wait whose signal aborts, and the run goes on', async () => {
    const { robot, clock, now } = await bootArmed(model.with({ work: model.command({ run: ({ sleep }) => sleep(5) }) }))
    const handle = robot.work()
    const leaving = new AbortController()
    const left = rejectionOf(handle.result({ signal: leaving.signal }))
    const value = rejectionOf(handle.value({ signal: AbortSignal.abort() }))
    await clock.advance(1)
    leaving.abort('enough')
    expect(codeOf(await left)).toBe('TENDON_AWAIT_ABORTED')
    expect(codeOf(await value)).toBe('TENDON_AWAIT_ABORTED')
    expect(handle.status).toBe('running')
    expect((await now(handle.result())).status).toBe('succeeded')
  })

  it('gives the outcome of an ended run even to an aborted awaiter', async () => {
    const { robot } = await bootArmed(model.with({ work: model.command({ run() {} }) }))
    const handle = robot.work()
    await handle.result()
    expect((await handle.result({ signal: AbortSignal.abort() })).status).toBe('succeeded')
  })

  it('puts one listener on a signal, however many of its waits have it, and leaves none', async () => {
    const { robot, now } = await bootArmed(model.with({ work: model.command({ run: ({ sleep }) => sleep(1) }) }))
    const { signal } = new AbortController()
    let listeners = 0
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)]
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++
      add(...args)
    }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--
      remove(...args)
    }
    const handle = robot.work()
    const waits = Array.from({ length: 10 }, () => handle.result({ signal }))
    expect(listeners).toBe(1)
    await now(Promise.all(waits))
    expect(listeners).toBe(0)
  })

  it('yields undefined while the run goes on and the outcome once it has ended', async () => {
    const { robot, now } = await bootArmed(model.with({ work: model.command({ run: ({ sleep }) => sleep(1) }) }))
    const handle = robot.work()
    expect(await handle.yield(0)).toBeUndefined()
    expect(await now(handle.yield(0.4))).toBeUndefined()
    expect(await now(handle.yield(0.7))).toMatchObject({ status: 'succeeded' })
    expect(await handle.yield(0)).toMatchObject({ status: 'succeeded' })
  })

  it('takes one microtask for yield(0) and no timer', async () => {
    const { robot, clock } = await bootArmed(model.with({ hang }))
    const handle = robot.hang()
    await clock.settle()
    const { pending } = clock
    let seen = 'nothing'
    void handle.yield(0).then(() => {
      seen = 'answered'
    })
    await Promise.resolve()
    await Promise.resolve()
    expect([seen, clock.pending]).toEqual(['answered', pending])
  })

  it('leaves no timer and no watcher behind a yield that the end of the run cut short', async () => {
    const { robot, clock, now } = await bootArmed(model.with({ hang }))
    const handle = robot.hang()
    const waits = Array.from({ length: 50 }, () => handle.yield(3600))
    await now(handle.cancel())
    expect((await Promise.all(waits)).every((outcome) => outcome?.status === 'canceled')).toBe(true)
    await clock.settle()
    expect(clock.pending).toBe(0)
  })

  it('throws typed errors for values that there are not, and gives the value that there is', async () => {
    const { robot, now } = await bootArmed(
      model.with({
        hang,
        good: model.command({ run: () => 4 }),
        bad: model.command({ run: ({ fail }) => Promise.reject(fail('no grip')) }),
      }),
    )
    expect(await robot.good().value()).toBe(4)
    expect(codeOf(await rejectionOf(robot.bad().value()))).toBe('TENDON_RUN_FAILED')
    const canceled = robot.hang()
    const value = rejectionOf(canceled.value())
    await now(canceled.cancel())
    expect(codeOf(await value)).toBe('TENDON_RUN_CANCELED')
  })

  it('is no promise', async () => {
    const { robot } = await bootArmed(model.with({ work: model.command({ run() {} }) }))
    expect('then' in robot.work()).toBe(false)
  })

  it('cancels when it is disposed', async () => {
    const { robot, now } = await bootArmed(model.with({ hang }))
    const use = async () => {
      await using handle = robot.hang()
      await handle.yield(0.1)
      return () => handle.outcome
    }
    expect((await now(use()))()).toMatchObject({ status: 'canceled', reason: 'requested' })
  })
})

describe('feedback', () => {
  const counting = model.command({
    feedback: z.number(),
    async run({ feedback, sleep }) {
      for (let i = 1; i <= 3; i++) {
        feedback(i)
        await sleep(1)
      }
    },
  })

  it('lets a slow reader skip to the newest value', async () => {
    const { robot, clock, now } = await bootArmed(model.with({ counting }))
    const reader = robot.counting().feedback[Symbol.asyncIterator]()
    await clock.advance(1.5)
    expect(await now(reader.next())).toEqual({ done: false, value: 2 })
    expect(await now(reader.next())).toEqual({ done: false, value: 3 })
    expect(await now(reader.next())).toMatchObject({ done: true })
  })

  it('replays the last value to a reader that comes after the end, and then ends', async () => {
    const { robot, now } = await bootArmed(model.with({ counting }))
    const handle = robot.counting()
    await now(handle.result())
    const seen: number[] = []
    for await (const value of handle.feedback) seen.push(value)
    expect(seen).toEqual([3])
  })

  it('ends without throwing when the run is canceled, for each of its readers', async () => {
    const { robot, clock, now } = await bootArmed(model.with({ counting }))
    const handle = robot.counting()
    const read = async () => {
      const seen: number[] = []
      for await (const value of handle.feedback) seen.push(value)
      return seen
    }
    const readers = [read(), read()]
    await clock.advance(0.5)
    await now(handle.cancel())
    expect(await Promise.all(readers)).toEqual([[1], [1]])
  })

  it('stays one value in memory however much is sent', async () => {
    const flood = model.command({
      feedback: z.number(),
      run: ({ feedback }) => {
        for (let i = 0; i < 100_000; i++) feedback(i)
      },
    })
    const { robot } = await bootArmed(model.with({ flood }))
    const handle = robot.flood()
    await handle.result()
    const seen: number[] = []
    for await (const value of handle.feedback) seen.push(value)
    expect(seen).toEqual([99_999])
  })

  it('of the wrong type is a failure of the run', async () => {
    const wrong = model.command({ feedback: z.number(), run: ({ feedback }) => feedback('x' as never) })
    const { robot } = await bootArmed(model.with({ wrong }))
    expect(codeOf(await robot.wrong().result())).toBe('TENDON_RESULT_INVALID')
  })
})

describe('messages', () => {
  const listening = model.command({
    category: 'many',
    message: z.number(),
    async run({ inbox }) {
      let sum = 0
      for await (const n of inbox) sum += n
      return sum
    },
  })

  it('reach the body in order, through their schema', async () => {
    const two = model.command({
      message: z.number(),
      run: async ({ inbox }) => [await inbox.next(), await inbox.next()],
    })
    const { robot, now } = await bootArmed(model.with({ two }))
    const handle = robot.two()
    expect([handle.send(1), handle.send('x' as never), handle.send(2)]).toEqual([true, false, true])
    expect(await now(handle.value())).toEqual([1, 2])
    expect(handle.send(3)).toBe(false)
  })

  it('are bounded: the oldest go first, and the loss is counted and told', async () => {
    const late = model.command({
      message: z.number(),
      run: async ({ inbox, sleep }) => {
        await sleep(1)
        return [inbox.take(), inbox.size, inbox.dropped]
      },
    })
    const { robot, now, told } = await bootArmed(model.with({ late }), { limits: { inbox: 4 } })
    const handle = robot.late()
    for (let i = 0; i < 10; i++) handle.send(i)
    expect(await now(handle.value())).toEqual([6, 3, 6])
    expect(told(handle).filter((type) => type === 'dropped')).toHaveLength(6)
  })

  it('of a schema that throws do not get in, and harm neither sender nor run', async () => {
    const message = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: (): never => {
          throw new Error('broken')
        },
      },
    }
    const { robot, now } = await bootArmed(
      model.with({ work: model.command({ message, run: ({ sleep }) => sleep(1) }) }),
    )
    const handle = robot.work()
    expect(handle.send(1 as never)).toBe(false)
    expect((await now(handle.result())).status).toBe('succeeded')
  })

  it('end the loop that reads them when the run is canceled', async () => {
    const { robot, now, told } = await bootArmed(model.with({ listening }))
    const handle = robot.listening()
    handle.send(1)
    await handle.yield(0)
    expect(await now(handle.cancel())).toMatchObject({ status: 'canceled', cutOff: false })
    expect(told(handle)).toEqual(['started', 'interrupted', 'ended'])
  })
})

describe('a partial result', () => {
  it('is in the outcome of a run that did not succeed, the last one only', async () => {
    const work = model.command({
      partial: z.array(z.number()),
      run: ({ partial }) => {
        partial([1])
        partial([1, 2])
        return never()
      },
    })
    const { robot, now } = await bootArmed(model.with({ work }))
    const handle = robot.work()
    await handle.yield(0)
    await Promise.resolve()
    expect(await now(handle.cancel())).toMatchObject({ status: 'canceled', partial: [1, 2] })
  })
})
