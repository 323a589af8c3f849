import {
  all,
  call,
  type Fork,
  fork,
  monitor,
  type OpGenerator,
  op,
  publish,
  race,
  receive,
  send,
  sleep,
  subscribe,
  ticker,
  timer,
} from 'tendon'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { service } from '../../src/define/service.ts'
import type { OpCall } from '../../src/run/op-table.ts'
import { StrandGroup } from '../../src/run/strand.ts'
import { boot, bootArmed, codeOf, gate, model, never, rejectionOf } from './fixture.ts'

const quick = model.command({
  category: 'many',
  goal: z.number(),
  run: ({ goal, sleep: wait }) => wait(goal).then(() => goal),
})
const failing = model.command({ category: 'many', run: ({ fail }) => Promise.reject(fail('on purpose')) })
const stuck = model.command({ category: 'many', run: ({ sleep: wait }) => wait(1000) })
const uses = { quick, failing, stuck }

/** Runs a generator body to its end, and gives what it returned. */
async function play<R>(body: () => OpGenerator<R>, options: Parameters<typeof bootArmed>[1] = {}) {
  const world = await bootArmed(model.with({ body: model.command({ deadline: 'none', run: body }) }), options)
  const handle = world.robot.body()
  return { ...world, handle, value: () => world.now(handle.value()) as Promise<R> }
}

/** The same for a script that runs commands. */
async function direct<R>(body: (robot: Commands) => OpGenerator<R>) {
  const script = model.script({
    uses,
    *run(robot) {
      return yield* body(robot)
    },
  })
  const world = await bootArmed(model.with({ script, ...uses }))
  const handle = world.robot.script()
  return { ...world, handle, value: () => world.now(handle.value()) as Promise<R> }
}
type Commands = Parameters<Parameters<typeof model.script<typeof uses, OpGenerator<unknown>>>[0]['run']>[0]

describe('a generator', () => {
  it('gets the results of its operations in any order of completion, each where it was asked', async () => {
    const { value } = await direct(function* (robot) {
      return yield* all([robot.quick(3), robot.quick(1), robot.quick(2)])
    })
    expect(await value()).toEqual([3, 1, 2])
  })

  it('starts nothing before yield*', async () => {
    const live: number[] = []
    const script = model.script({
      uses,
      *run(commands) {
        const operation = commands.quick(1)
        live.push(robot.runs().length)
        return yield* operation
      },
    })
    const { robot, now } = await bootArmed(model.with({ script }))
    expect(await now(robot.script().value())).toBe(1)
    expect(live).toEqual([1])
  })

  it('has the problem of a failed command thrown at the yield, and can ask for the outcome instead', async () => {
    const { value } = await direct(function* (robot) {
      let code: unknown
      try {
        yield* robot.failing()
      } catch (error) {
        code = codeOf(error)
      }
      const outcome = yield* robot.failing().outcome()
      return [code, outcome.status]
    })
    expect(await value()).toEqual(['TENDON_RUN_FAILED', 'failed'])
  })

  it('that made an operation and did not yield it fails at the next yield, naming it', async () => {
    const { now, handle } = await direct(function* (robot) {
      robot.quick(1)
      yield* sleep(1)
    })
    const error = await rejectionOf(now(handle.value()))
    expect(error).toMatchObject({ code: 'TENDON_OP_NOT_YIELDED', problem: { facts: { script: 'script' } } })
  })

  it('that made an operation last and never yielded it fails too', async () => {
    const { now, handle } = await play(function* (): OpGenerator<void> {
      yield* sleep(0)
      sleep(1)
    })
    expect(codeOf(await rejectionOf(now(handle.value())))).toBe('TENDON_OP_NOT_YIELDED')
  })

  it('gets an error with near names for an operation that nobody brings', async () => {
    const { now, handle } = await play(function* () {
      yield* op('clock.slep', [1])
    })
    expect(await rejectionOf(now(handle.value()))).toMatchObject({
      code: 'TENDON_OP_UNKNOWN',
      problem: { facts: { near: ['clock.sleep'] } },
    })
  })

  it.each([5, undefined, null, {}, { op: {} }, { op: Symbol('x') }, 'text'])(
    'that yields %o gets an error, and the process none',
    async (thing) => {
      const { now, handle } = await play(function* () {
        yield thing as never
      })
      expect(codeOf(await rejectionOf(now(handle.value())))).toBe('TENDON_OP_UNKNOWN')
    },
  )

  it('that never waits lets the event loop turn', async () => {
    let turns = 0
    const { robot, clock, handle } = await play(function* () {
      for (;;) yield* publish('t', 0)
    })
    const spin = (): void => {
      if (++turns < 3) clock.turn(spin)
      else void handle.cancel()
    }
    clock.turn(spin)
    await clock.settle()
    expect(turns).toBe(3)
    expect((await handle.result()).status).toBe('canceled')
    expect(robot.runs()).toEqual([])
  })

  it('that ends without a single yield ends like any body', async () => {
    // biome-ignore lint/correctness/useYield: it is the point
    const { value } = await play(function* (): OpGenerator<string> {
      return 'at once'
    })
    expect(await value()).toBe('at once')
  })
})

describe('completions', () => {
  it('that come twice, or of an older generation, are counted and dropped', () => {
    const calls: OpCall[] = []
    const stale: string[] = []
    const start = (made: OpCall): undefined => void calls.push(made)
    const group = new StrandGroup({
      name: 'test',
      table: new Map([['odd.ask', { owner: 'odd', start }]]),
      limit: 4,
      inboxSize: 4,
      turn() {},
      stale: (name) => stale.push(name),
    })
    const ends: unknown[] = []
    const ask = function* (): OpGenerator<unknown> {
      return [yield* op('odd.ask'), yield* op('odd.ask')]
    }
    group.start(ask(), (end) => ends.push(end))
    group.start(ask(), (end) => ends.push(end))
    calls[0]?.done('a')
    calls[0]?.done('again')
    calls[0]?.fail(new Error('again'))
    calls[2]?.done('b')
    expect(ends).toEqual([{ ok: true, value: ['a', 'b'] }])
    void group.dispose()
    calls[1]?.done('late')
    expect([ends.length, stale]).toEqual([1, ['odd.ask', 'odd.ask', 'odd.ask']])
  })

  it('of an operation that was withdrawn resume nobody', async () => {
    const answer = gate<number>()
    const log: string[] = []
    const { handle, clock, now, told } = await play(function* () {
      try {
        yield* call(() => answer.opening)
        log.push('resumed')
      } finally {
        log.push('finally')
      }
    })
    await clock.settle()
    const canceled = handle.cancel()
    await clock.advance(0.1)
    expect(handle.status).toBe('stopping')
    answer.open(1)
    expect(await now(canceled)).toMatchObject({ status: 'canceled', cutOff: false })
    expect([log, told(handle)]).toEqual([['finally'], ['started', 'interrupted', 'ended']])
  })

  it('after a cut-off are stale: counted, dropped, and the body no longer counts as abandoned', async () => {
    const answer = gate<number>()
    const body = model.command({
      *run() {
        yield* call(() => answer.opening)
      },
    })
    const { robot, clock, now, told } = await bootArmed(model.with({ body }), { limits: { maxAbandoned: 1 } })
    const handle = robot.body()
    await clock.settle()
    expect(await now(handle.cancel())).toMatchObject({ cutOff: true })
    expect(codeOf(await robot.body().result())).toBe('TENDON_TOO_MANY_ABANDONED')
    answer.open(1)
    await clock.settle()
    expect(told(handle)).toContain('dropped')
    const next = robot.body()
    expect(next.status).toBe('starting')
    await now(next.result())
  })

  it('a cancel that overtakes the start withdraws the operation as soon as it has started', async () => {
    let cancelIt = (): void => {}
    let withdrawn = false
    const eager = service('eager', {
      ops: {
        start: ({ signal }: { readonly signal: AbortSignal }) => {
          cancelIt()
          return new Promise((resolve) =>
            signal.addEventListener('abort', () => {
              withdrawn = true
              resolve(undefined)
            }),
          )
        },
      },
    })
    const { model: desk } = withServices([eager])
    const body = desk.command({
      *run() {
        yield* eager.ops.start()
      },
    })
    const { robot, clock, now } = await bootArmed(desk.with({ body }))
    const handle = robot.body()
    cancelIt = () => void handle.cancel()
    await clock.settle()
    expect(await now(handle.result())).toMatchObject({ status: 'canceled', cutOff: false })
    expect(withdrawn).toBe(true)
  })
})

/** The desk with services. */
function withServices(services: readonly ReturnType<typeof service>[]): { readonly model: typeof model } {
  const made = Object.create(Object.getPrototypeOf(model), {
    name: { value: 'desk', enumerable: true },
    spec: { value: { ...model.spec, services }, enumerable: true },
  })
  return { model: made as typeof model }
}

describe('a cut', () => {
  it('ends a generator at its yield, and runs its finally blocks, whose yields work', async () => {
    const log: string[] = []
    const { handle, clock, now } = await play(function* () {
      try {
        yield* sleep(1000)
        log.push('never')
      } finally {
        yield* sleep(0.2)
        log.push('tidied')
      }
    })
    await clock.settle()
    const begin = clock.now()
    expect(await now(handle.cancel())).toMatchObject({ status: 'canceled', cutOff: false })
    expect([log, clock.now() - begin]).toEqual([['tidied'], expect.closeTo(0.2, 6)])
  })

  it('comes after the grace to finally blocks that take too long, and leaves no timer', async () => {
    const log: string[] = []
    const { handle, clock, now } = await play(function* () {
      try {
        yield* sleep(1000)
      } finally {
        yield* sleep(1000)
        log.push('never')
      }
    })
    await clock.settle()
    expect(await now(handle.cancel())).toMatchObject({ status: 'canceled', cutOff: true })
    await clock.settle()
    expect([log, clock.pending]).toEqual([[], 0])
  })

  it('cancels the command that the generator waits for, and waits for its end', async () => {
    const { handle, clock, now, robot } = await direct(function* (commands) {
      yield* commands.stuck()
    })
    await clock.settle()
    expect(robot.runs().map(({ command }) => command)).toEqual(['script', 'stuck'])
    expect((await now(handle.cancel())).status).toBe('canceled')
    const ends = robot.log.entries().flatMap((event) => (event.type === 'ended' ? [event.command] : []))
    expect(ends).toEqual(['stuck', 'script'])
  })

  it('cannot be swallowed: a generator that catches and returns is canceled all the same', async () => {
    const { handle, clock, now } = await play(function* (): OpGenerator<string> {
      try {
        yield* sleep(1000)
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: what a stubborn body does
        return 'fine'
      }
    })
    await clock.settle()
    expect(await now(handle.cancel())).toMatchObject({ status: 'canceled' })
  })
})

describe('all', () => {
  it('throws the first failure when the others have been canceled and have ended', async () => {
    const log: string[] = []
    const slow = function* (): OpGenerator<void> {
      try {
        yield* sleep(1000)
      } finally {
        yield* sleep(0.1)
        log.push('other ended')
      }
    }
    const { handle, now } = await direct(function* (robot) {
      yield* all([slow(), robot.failing()])
    })
    expect(codeOf(await rejectionOf(now(handle.value())))).toBe('TENDON_RUN_FAILED')
    expect(log).toEqual(['other ended'])
  })

  it('of nothing is nothing', async () => {
    const { value } = await play(function* () {
      return yield* all([])
    })
    expect(await value()).toEqual([])
  })

  it('beyond the bound of strands cancels those that it had started', async () => {
    let ended = 0
    const one = function* (): OpGenerator<void> {
      try {
        yield* sleep(1000)
      } finally {
        ended++
      }
    }
    const { handle, now, clock } = await play(
      function* () {
        yield* all(Array.from({ length: 9 }, () => one()))
      },
      { limits: { strands: 5 } },
    )
    const begin = clock.now()
    expect(codeOf(await rejectionOf(now(handle.value())))).toBe('TENDON_TOO_MANY_STRANDS')
    expect([ended, clock.now()]).toEqual([4, begin])
  })
})

describe('race', () => {
  it('gives the first end and cancels the others before it goes on', async () => {
    const log: string[] = []
    const loser = function* (): OpGenerator<string> {
      try {
        yield* sleep(1000)
        return 'lost'
      } finally {
        log.push('canceled')
      }
    }
    const winner = function* (): OpGenerator<string> {
      yield* sleep(1)
      return 'won'
    }
    const { value } = await play(function* () {
      const first = yield* race([loser(), winner()])
      log.push('goes on')
      return first
    })
    expect(await value()).toBe('won')
    expect(log).toEqual(['canceled', 'goes on'])
  })

  it('throws when the first end is a failure', async () => {
    const { handle, now } = await direct(function* (robot) {
      return yield* race([robot.stuck(), robot.failing()])
    })
    expect(codeOf(await rejectionOf(now(handle.value())))).toBe('TENDON_RUN_FAILED')
  })

  it('of nothing throws, because nothing would ever win', async () => {
    const { handle, now } = await direct(function* () {
      return yield* race([])
    })
    expect(await now(handle.result())).toMatchObject({ status: 'failed', error: { code: 'TENDON_ARGUMENT_INVALID' } })
  })
})

describe('a fork', () => {
  it('runs beside its script, can be joined, and gives what it threw there', async () => {
    const good = function* (): OpGenerator<number> {
      yield* sleep(1)
      return 1
    }
    const bad = function* (): OpGenerator<number> {
      yield* sleep(1)
      throw new Error('in the fork')
    }
    const { value } = await play(function* () {
      const [a, b] = [yield* fork(good()), yield* fork(bad())]
      const one = yield* a.join()
      try {
        yield* b.join()
      } catch (error) {
        return [one, (error as Error).message]
      }
      return 'not thrown'
    })
    expect(await value()).toEqual([1, 'in the fork'])
  })

  it('that throws and is joined by nobody fails its script', async () => {
    const bad = function* (): OpGenerator<number> {
      yield* sleep(0)
      throw new Error('in the fork')
    }
    const { handle, now } = await play(function* () {
      yield* fork(bad())
      yield* sleep(1)
      return 'fine'
    })
    expect(await now(handle.result())).toMatchObject({ status: 'failed', error: { facts: { reason: 'in the fork' } } })
  })

  it('is canceled with its finally blocks when the script ends', async () => {
    const log: string[] = []
    const beside = function* (): OpGenerator<void> {
      try {
        yield* sleep(1000)
      } finally {
        log.push('fork ended')
      }
    }
    const { value } = await play(function* () {
      yield* fork(beside())
      yield* sleep(0.1)
      return 'over'
    })
    expect(await value()).toBe('over')
    expect(log).toEqual(['fork ended'])
  })

  it('that ignores the end of its script is cut off after the grace', async () => {
    const beside = function* (): OpGenerator<void> {
      yield* call(never)
    }
    const { handle, now, clock, told } = await play(function* () {
      yield* fork(beside())
      yield* sleep(0.1)
      return 'over'
    })
    const begin = clock.now()
    expect(await now(handle.result())).toMatchObject({ status: 'succeeded', value: 'over' })
    expect(clock.now() - begin).toBeCloseTo(0.6, 6)
    expect(told(handle)).toContain('cut_off')
  })

  it('can be canceled and sent messages, which a canceled wait does not take', async () => {
    const { value } = await play(function* () {
      const seen: unknown[] = []
      const listening = function* (): OpGenerator<void> {
        yield* race([receive(), sleep(0.1)])
        seen.push(yield* receive())
      }
      const beside: Fork<void> = yield* fork(listening())
      yield* sleep(0.2)
      yield* beside.send('hello')
      yield* beside.join()
      const other = yield* fork(listening())
      yield* other.cancel()
      return seen
    })
    expect(await value()).toEqual(['hello'])
  })

  it('beyond the bound is refused where it is made', async () => {
    const idle = function* (): OpGenerator<void> {
      yield* sleep(1000)
    }
    const { value } = await play(
      function* () {
        let made = 0
        try {
          for (;;) {
            yield* fork(idle())
            made++
          }
        } catch (error) {
          return [made, codeOf(error)]
        }
      },
      { limits: { strands: 8 } },
    )
    expect(await value()).toEqual([7, 'TENDON_TOO_MANY_STRANDS'])
  })
})

describe('operations', () => {
  it('tick on absolute deadlines, and count what nobody read in time', async () => {
    const { value, clock } = await play(function* () {
      const ticks = yield* ticker(0.1)
      const first = yield* ticks.next()
      yield* sleep(0.35)
      const late = yield* ticks.next()
      return [first, late, ticks.dropped]
    })
    const begin = clock.now()
    expect(await value()).toEqual([1, 4, 2])
    expect(clock.now() - begin).toBeCloseTo(0.45, 6)
  })

  it('deliver a timer once, in a channel', async () => {
    const { value } = await play(function* () {
      const alarm = yield* timer(2)
      return yield* race([alarm.next(), sleep(5)])
    })
    expect(await value()).toEqual(expect.any(Number))
  })

  it('keep no timer that has fired: thousands of them fit in the bound of few', async () => {
    const { value } = await play(
      function* () {
        for (let i = 0; i < 500; i++) yield* (yield* timer(0.01)).next()
        return 'done'
      },
      { limits: { strands: 4 } },
    )
    expect(await value()).toBe('done')
  })

  it('bound what a script subscribes to', async () => {
    const { value } = await play(
      function* () {
        let made = 0
        try {
          for (;;) {
            yield* subscribe('topic')
            made++
          }
        } catch (error) {
          return [made, codeOf(error)]
        }
      },
      { limits: { strands: 4 } },
    )
    expect(await value()).toEqual([4, 'TENDON_TOO_MANY_STRANDS'])
  })

  it('carry topics: the newest so many that nobody has read', async () => {
    const { value } = await play(function* () {
      const channel = yield* subscribe<number>('topic', 2)
      for (let i = 1; i <= 5; i++) yield* publish('topic', i)
      return [yield* channel.next(), yield* channel.next(), channel.dropped]
    })
    expect(await value()).toEqual([4, 5, 3])
  })

  it('send to live runs through their schema, and watch them end', async () => {
    const sink = model.command({ category: 'many', message: z.number(), run: async ({ inbox }) => inbox.next() })
    const script = model.script({
      uses: {},
      goal: z.string(),
      *run(_, id) {
        const sent = [yield* send(id, 'text'), yield* send(id, 5), yield* send('nobody-9', 5)]
        return [sent, yield* monitor(id), yield* monitor('nobody-9')]
      },
    })
    const { robot, now } = await bootArmed(model.with({ sink, script }))
    const handle = robot.sink()
    const value = await now(robot.script(handle.id).value())
    expect(value).toEqual([[false, true, false], { status: 'succeeded', value: 5 }, undefined])
  })

  it('await promises, and abort the signal of one that is cut', async () => {
    let aborted = false
    const { handle, clock, now } = await play(function* () {
      yield* call(
        (signal) =>
          new Promise((resolve) =>
            signal.addEventListener('abort', () => {
              aborted = true
              resolve(0)
            }),
          ),
      )
    })
    await clock.settle()
    await now(handle.cancel())
    expect(aborted).toBe(true)
  })
})

describe('services', () => {
  const traced = (name: string, log: string[], needs: readonly ReturnType<typeof service>[] = []) =>
    service(name, { needs, start: () => void log.push(`+${name}`), stop: () => void log.push(`-${name}`) })

  it('start after what they need and stop before it', async () => {
    const log: string[] = []
    const base = traced('base', log)
    const middle = traced('middle', log, [base])
    const top = traced('top', log, [middle, base])
    const { robot, now } = await boot(withServices([top, middle]).model.with({}))
    await now(robot.close())
    expect(log).toEqual(['+base', '+middle', '+top', '-top', '-middle', '-base'])
  })

  it('that fail to start are named, and those that had started are stopped', async () => {
    const log: string[] = []
    const good = traced('good', log)
    const bad = service('bad', { needs: [good], start: () => Promise.reject(new Error('no camera')) })
    const error = await rejectionOf(boot(withServices([bad]).model.with({})))
    expect(error).toMatchObject({
      code: 'TENDON_SERVICE_FAILED',
      problem: { facts: { service: 'bad', phase: 'start', reason: 'no camera' } },
    })
    expect(log).toEqual(['+good', '-good'])
  })

  it('that hang when they start or stop hold up nothing for longer than their bound', async () => {
    const slow = service('slow', { start: never })
    const error = await rejectionOf(boot(withServices([slow]).model.with({}), { limits: { serviceTimeout: 2 } }))
    expect(codeOf(error)).toBe('TENDON_SERVICE_FAILED')
    const log: string[] = []
    const stuckAtEnd = service('stuckAtEnd', { needs: [traced('base', log)], stop: never })
    const { robot, now } = await boot(withServices([stuckAtEnd]).model.with({}))
    await now(robot.close())
    expect(log).toEqual(['+base', '-base'])
    expect(
      robot.log.entries().some((event) => event.type === 'fault' && event.problem.code === 'TENDON_SERVICE_FAILED'),
    ).toBe(true)
  })

  it('bring operations under their own name', async () => {
    const adder = service('adder', {
      ops: { add: (_: unknown, a: number, b: number) => a + b, fail: () => Promise.reject(new Error('no sum')) },
    })
    const { model: desk } = withServices([adder as never])
    const body = desk.command({
      *run() {
        const sum = yield* adder.ops.add(2, 3)
        try {
          yield* adder.ops.fail()
        } catch (error) {
          return [sum, (error as Error).message]
        }
        return undefined
      },
    })
    const { robot, now } = await bootArmed(desk.with({ body }))
    expect(await now(robot.body().value())).toEqual([5, 'no sum'])
  })

  it('that collide with an operation of the runtime fail at start, and both owners are named', async () => {
    const clock = service('clock', { ops: { sleep: () => 0 } })
    const error = await rejectionOf(boot(withServices([clock]).model.with({})))
    expect(codeOf(error)).toBe('TENDON_DEFINITION_INVALID')
    expect(String(error)).toMatch(/tendon.*the service clock|the service clock.*tendon/)
  })
})
