import { describe, expect, it } from 'vitest'
import { bootArmed, codeOf, gate, model, never } from './fixture.ts'

class ThrowingGetters {
  get message(): string {
    throw new Error('no message')
  }
  get name(): string {
    throw new Error('no name')
  }
  get stack(): string {
    throw new Error('no stack')
  }
  toString(): string {
    throw new Error('no text')
  }
  toJSON(): unknown {
    throw new Error('no JSON')
  }
}

/** An Error whose every property is a trap. */
function hostileError(): Error {
  const error = new Error('hostile')
  for (const key of ['message', 'name', 'stack', 'code'])
    Object.defineProperty(error, key, {
      get: () => {
        throw new Error(`no ${key}`)
      },
    })
  return error
}

const symbolMessage = (): Error => Object.assign(new Error('x'), { message: Symbol('no text') })

const proxy = (): object =>
  new Proxy(
    {},
    {
      get: () => {
        throw new Error('no')
      },
      getPrototypeOf: () => {
        throw new Error('no')
      },
      has: () => {
        throw new Error('no')
      },
    },
  )

const thrown: [string, () => unknown][] = [
  ['an Error', () => new Error('boom')],
  ['undefined', () => undefined],
  ['null', () => null],
  ['a string', () => 'boom'],
  ['a number', () => Number.NaN],
  ['a symbol', () => Symbol('boom')],
  ['a bigint', () => 10n],
  ['a function', () => () => {}],
  ['a frozen object', () => Object.freeze({ a: 1 })],
  ['an object without a prototype', () => Object.create(null)],
  [
    'a cyclic object',
    () => {
      const cycle: { self?: unknown } = {}
      cycle.self = cycle
      return cycle
    },
  ],
  ['an object of throwing getters', () => new ThrowingGetters()],
  ['an Error of throwing getters', hostileError],
  ['an Error whose message is no text', symbolMessage],
  ['a proxy that throws at every touch', proxy],
  ['an AbortError of its own', () => new DOMException('mine', 'AbortError')],
]

describe('a body that throws', () => {
  it.each(thrown)('%s synchronously fails once, and its slot returns', async (_, make) => {
    const work = model.command({
      run: () => {
        throw make()
      },
    })
    const { robot, told } = await bootArmed(model.with({ work }))
    const handle = robot.work()
    expect(await handle.result()).toMatchObject({ status: 'failed', error: { code: 'TENDON_BODY_THREW' } })
    expect([told(handle), robot.category('default').taken]).toEqual([['started', 'ended'], 0])
  })

  it.each(thrown)('%s asynchronously fails once, and its slot returns', async (_, make) => {
    const work = model.command({
      run: async ({ sleep }) => {
        await sleep(0.1)
        throw make()
      },
    })
    const { robot, now, told } = await bootArmed(model.with({ work }))
    const handle = robot.work()
    expect(await now(handle.result())).toMatchObject({ status: 'failed', error: { code: 'TENDON_BODY_THREW' } })
    expect([told(handle), robot.category('default').taken]).toEqual([['started', 'ended'], 0])
  })

  it.each(thrown)(
    '%s in its cleanup stays canceled, and what it threw is in the log or was an abort',
    async (_, make) => {
      const work = model.command({
        run: ({ sleep }) =>
          sleep(9).catch(() => {
            throw make()
          }),
      })
      const { robot, clock, now, told } = await bootArmed(model.with({ work }))
      const handle = robot.work()
      await clock.settle()
      expect(await now(handle.cancel())).toMatchObject({ status: 'canceled', reason: 'requested', cutOff: false })
      expect(told(handle).filter((type) => type !== 'user_code_threw')).toEqual(['started', 'interrupted', 'ended'])
      expect(robot.category('default').taken).toBe(0)
    },
  )

  it('keeps what was thrown as the cause', async () => {
    const cause = new Error('the very one')
    const { robot } = await bootArmed(model.with({ work: model.command({ run: () => Promise.reject(cause) }) }))
    const outcome = await robot.work().result()
    expect(outcome.status === 'failed' && outcome.error.cause).toBe(cause)
  })

  it('gives up with facts of its own by ctx.fail', async () => {
    const work = model.command({
      run: ({ fail }) => {
        throw fail('no cube in the tray', { seen: 0 })
      },
    })
    const { robot } = await bootArmed(model.with({ work }))
    expect(await robot.work().result()).toMatchObject({
      error: { code: 'TENDON_RUN_FAILED', facts: { command: 'work', seen: 0 } },
    })
  })

  it('returns something thenable that never was a promise, and it is followed like one', async () => {
    const thenable = (then: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => void) => ({ then })
    const works = {
      good: model.command({ run: () => thenable((resolve) => resolve(7)) }),
      twice: model.command({
        run: () =>
          thenable((resolve, reject) => {
            resolve(1)
            resolve(2)
            reject(3)
          }),
      }),
      throwing: model.command({
        run: () =>
          thenable(() => {
            throw new Error('in then')
          }),
      }),
      trap: model.command({
        run: () => ({
          get then(): never {
            throw new Error('trap')
          },
        }),
      }),
    }
    const { robot } = await bootArmed(model.with(works))
    const status = async (name: string) => (await robot.execute(name).result()).status
    expect([await status('good'), await status('twice')]).toEqual(['succeeded', 'succeeded'])
    expect([await status('throwing'), await status('trap')]).toEqual(['failed', 'failed'])
  })

  it('is an async generator by mistake, and is told so instead of succeeding without a step', async () => {
    const work = model.command({
      async *run() {
        yield 1
      },
    })
    const { robot } = await bootArmed(model.with({ work }))
    expect(await robot.work().result()).toMatchObject({ status: 'failed', error: { code: 'TENDON_BODY_KIND' } })
  })
})

describe('what a run has registered', () => {
  it.each([
    ['a listener of a topic', 'sync'],
    ['an async listener of a topic', 'async'],
  ])('%s that throws is one failure of that run', async (_, kind) => {
    const work = model.command({
      run({ subscribe }) {
        subscribe(
          'topic',
          kind === 'sync'
            ? () => {
                throw new Error('in listener')
              }
            : async () => {
                throw new Error('in listener')
              },
        )
        return never()
      },
    })
    const { robot, clock, now, told } = await bootArmed(model.with({ work }))
    const handle = robot.work()
    await clock.settle()
    robot.events.publish('topic', 1)
    robot.events.publish('topic', 2)
    expect(await now(handle.result())).toMatchObject({ status: 'failed', error: { facts: { reason: 'in listener' } } })
    expect(told(handle).filter((type) => type === 'ended')).toHaveLength(1)
  })

  it.each([
    ['onInterrupt', 'sync'],
    ['onInterrupt', 'async'],
    ['the abort signal', 'sync'],
    ['the abort signal', 'async'],
    ['the abort signal, as an object', 'object'],
  ])('a listener of %s that throws (%s) disturbs neither the cancel nor the process', async (where, kind) => {
    const fail = (): never => {
      throw new Error('in listener')
    }
    const listener = kind === 'async' ? async () => fail() : fail
    const heard: string[] = []
    const work = model.command({
      run(ctx) {
        if (where === 'onInterrupt') ctx.onInterrupt(listener)
        else ctx.signal.addEventListener('abort', kind === 'object' ? { handleEvent: fail } : listener)
        ctx.signal.addEventListener('abort', () => heard.push('second'), { once: true })
        const removed = (): unknown => heard.push('removed')
        ctx.signal.addEventListener('abort', removed)
        ctx.signal.removeEventListener('abort', removed)
        return ctx.sleep(9)
      },
    })
    const { robot, clock, now, told } = await bootArmed(model.with({ work }))
    const handle = robot.work()
    await clock.settle()
    expect(await now(handle.cancel())).toMatchObject({ status: 'canceled', cutOff: false })
    expect(heard).toEqual(['second'])
    expect(told(handle)).toContain('user_code_threw')
  })

  it('a listener of the log that throws disturbs nobody, and is itself recorded', async () => {
    const { robot, clock } = await bootArmed(model.with({ work: model.command({ run() {} }) }))
    const heard: string[] = []
    const hostile = [new Error('x'), Object.create(null), proxy()]
    robot.log.on('ended', () => {
      throw hostile.pop()
    })
    robot.log.on('ended', ({ run }) => heard.push(run))
    for (let i = 0; i < 3; i++) {
      await robot.work().result()
      await clock.settle()
    }
    expect(heard).toHaveLength(3)
    expect(robot.log.entries().filter(({ type }) => type === 'user_code_threw')).toHaveLength(3)
  })
})

describe('onCrash', () => {
  const crash = model.command({
    category: 'motion',
    onCrash: 'disarm',
    run: ({ sleep }) =>
      sleep(1).then(() => {
        throw new Error('boom')
      }),
  })

  it('halts by default: the robot stays armed', async () => {
    const { robot } = await bootArmed(
      model.with({
        work: model.command({
          run: () => {
            throw new Error('boom')
          },
        }),
      }),
    )
    await robot.work().result()
    expect(robot.safety.state).toBe('armed')
  })

  it("'disarm' has begun the disarm when the caller is answered, and names the run", async () => {
    const { robot, now } = await bootArmed(model.with({ crash }))
    const handle = robot.crash()
    const seen = handle.result().then(() => [robot.state, robot.safety.state])
    expect(await now(seen)).toEqual(['disarmed', 'disarming'])
    expect(robot.log.entries().find((event) => event.type === 'safety' && event.to === 'disarming')).toMatchObject({
      by: handle.id,
    })
  })

  it("'disarm' does nothing for a cancel or a run that gives up on purpose", async () => {
    const giveUp = model.command({
      onCrash: 'disarm',
      run: ({ fail }) => {
        throw fail('on purpose')
      },
    })
    const { robot, clock, now } = await bootArmed(model.with({ giveUp, crash }))
    expect(codeOf(await robot.giveUp().result())).toBe('TENDON_RUN_FAILED')
    const handle = robot.crash()
    await clock.settle()
    await now(handle.cancel())
    expect(robot.safety.state).toBe('armed')
  })
})

describe('a body that settles twice', () => {
  it('counts once, and the second is told as late', async () => {
    const body = gate<string>()
    class Twice extends Promise<string> {
      override then<A, B>(
        ok?: ((value: string) => A | PromiseLike<A>) | null,
        bad?: ((error: unknown) => B | PromiseLike<B>) | null,
      ): Promise<A | B> {
        const settled = super.then(ok, bad)
        if (ok) void super.then(ok, bad)
        return settled
      }
      static override get [Symbol.species]() {
        return Promise
      }
    }
    const work = model.command({ run: () => new Twice((resolve) => void body.opening.then(resolve)) })
    const { robot, clock, now, told } = await bootArmed(model.with({ work }))
    const handle = robot.work()
    body.open('once')
    expect(await now(handle.result())).toEqual({ status: 'succeeded', value: 'once' })
    await clock.settle()
    expect(told(handle)).toEqual(['started', 'ended', 'late_end'])
  })
})
