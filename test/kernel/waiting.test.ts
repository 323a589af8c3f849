import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { bootArmed, codeOf, gate, model, never, rejectionOf } from './fixture.ts'

const slow = model.command({ category: 'motion', run: ({ sleep }) => sleep(100) })
const stubborn = model.command({ category: 'motion', run: never })
const quick = model.command({ category: 'motion', run: () => 'ran' })

describe('preempt', () => {
  it('starts the successor only after its predecessor has stopped', async () => {
    const { robot, clock, now } = await bootArmed(model.with({ stubborn, quick }))
    const victim = robot.stubborn()
    await clock.settle()
    const heir = robot.quick()
    await clock.advance(0.499)
    expect([victim.status, heir.status]).toEqual(['stopping', 'pending'])
    expect(await now(heir.value())).toBe('ran')
    const types = robot.log.entries().map((event) => ('run' in event ? `${event.type} ${event.run}` : event.type))
    expect(types.indexOf(`ended ${victim.id}`)).toBeLessThan(types.indexOf(`started ${heir.id}`))
  })

  it('gives the victim its events and its outcome', async () => {
    const { robot, clock, now, eventsOf } = await bootArmed(model.with({ slow, quick }))
    const victim = robot.slow()
    await clock.settle()
    robot.quick()
    expect(await now(victim.result())).toMatchObject({ status: 'canceled', reason: 'preempted', cutOff: false })
    expect(eventsOf(victim)).toMatchObject([
      { type: 'started' },
      { type: 'interrupted', reason: 'preempted' },
      { type: 'ended', status: 'canceled', reason: 'preempted' },
    ])
  })

  it('of two waiting newcomers lets the newer cancel the older, which never starts', async () => {
    const { robot, clock, now, told } = await bootArmed(model.with({ stubborn, quick }))
    robot.stubborn()
    await clock.settle()
    const [older, newer] = [robot.quick(), robot.quick()]
    expect(older.outcome).toMatchObject({ status: 'canceled', reason: 'preempted' })
    expect(await now(newer.value())).toBe('ran')
    expect(told(older)).toEqual(['ended'])
  })

  it('never has two holders of a claim, whatever the categories', async () => {
    let holders = 0
    let most = 0
    const holding = (category: 'motion' | 'pair') =>
      model.command({
        category,
        claims: ['lamp'],
        async run({ sleep }) {
          most = Math.max(most, ++holders)
          try {
            await sleep(10)
          } finally {
            await sleep(0.1)
            holders--
          }
        },
      })
    const { robot, clock } = await bootArmed(model.with({ a: holding('motion'), b: holding('pair') }))
    for (let i = 0; i < 40; i++) {
      if (i % 2) robot.a()
      else robot.b()
      await clock.advance(0.07)
    }
    expect(most).toBe(1)
  })

  it('ends runs of categories that it names, and waits for them', async () => {
    const other = model.command({ category: 'pair', run: never })
    const clear = model.command({ category: 'motion', cancels: ['pair'], run: () => 'clear' })
    const { robot, clock, now } = await bootArmed(model.with({ other, clear }))
    const [a, b] = [robot.other(), robot.other()]
    await clock.settle()
    const handle = robot.clear()
    expect(handle.status).toBe('pending')
    expect(await now(handle.value())).toBe('clear')
    expect([a.outcome, b.outcome]).toMatchObject([{ reason: 'preempted' }, { reason: 'preempted' }])
  })

  it('refuses a waiting newcomer whose state is gone when its turn comes', async () => {
    const leaving = model.command({
      category: 'pair',
      run: ({ transition, sleep }) => sleep(0.2).then(() => transition('recording')),
    })
    const { robot, clock, now, told } = await bootArmed(model.with({ stubborn, quick, leaving }))
    robot.stubborn()
    robot.leaving()
    await clock.settle()
    const heir = robot.quick()
    expect(codeOf(await now(heir.result()))).toBe('TENDON_STATE_NOT_ALLOWED')
    expect(told(heir)).toEqual(['refused'])
  })
})

describe('a queue', () => {
  const work = model.command({
    category: 'line',
    goal: z.number(),
    run: ({ sleep, goal }) => sleep(1).then(() => goal),
  })

  it('is worked off by priority, then first come', async () => {
    const order: number[] = []
    const of = (priority: number) =>
      model.command({ category: 'line', priority, goal: z.number(), run: ({ goal }) => void order.push(goal) })
    const { robot, clock } = await bootArmed(model.with({ work, low: of(0), high: of(5) }))
    robot.work(0)
    robot.low(1)
    robot.low(2)
    robot.high(3)
    await clock.advance(2)
    expect(order).toEqual([3, 1, 2])
  })

  it('is bounded: one more is refused and told so', async () => {
    const { robot } = await bootArmed(model.with({ work }))
    const handles = Array.from({ length: 5 }, (_, i) => robot.work(i))
    expect(handles.map(({ status }) => status)).toEqual(['starting', 'queued', 'queued', 'queued', 'ended'])
    expect(codeOf(handles[4]?.outcome)).toBe('TENDON_QUEUE_FULL')
    expect(robot.category('line').queued).toBe(3)
  })

  it('lets nobody wait longer than its timeout', async () => {
    const block = model.command({ category: 'line', run: never })
    const { robot, clock, told } = await bootArmed(model.with({ block, work }))
    robot.block()
    const waiting = robot.work(1)
    await clock.advance(4.99)
    expect(waiting.status).toBe('queued')
    await clock.advance(0.02)
    expect(codeOf(waiting.outcome)).toBe('TENDON_QUEUE_TIMEOUT')
    expect(told(waiting)).toEqual(['queued', 'refused'])
    expect(robot.category('line').queued).toBe(0)
  })

  it.each([
    ['disarm', 'canceled', 'safety'],
    ['stop', 'canceled', 'safety'],
    ['close', 'canceled', 'shutdown'],
  ] as const)('ends by %s: what waited is %s (%s) and never starts', async (act, status, reason) => {
    const { robot, clock, now, told } = await bootArmed(model.with({ work, stubborn, quick }))
    robot.work(0)
    robot.stubborn()
    await clock.settle()
    const [queued, pending] = [robot.work(1), robot.quick()]
    const acted = robot[act]()
    expect([queued.outcome, pending.outcome]).toMatchObject([
      { status, reason },
      { status, reason },
    ])
    await now(acted)
    expect([told(queued), told(pending)]).toEqual([['queued', 'ended'], ['ended']])
  })

  it('refuses what is not allowed any more when its turn comes', async () => {
    const change = model.command({ category: 'line', run: ({ next, sleep }) => sleep(1).then(() => next('recording')) })
    const { robot, now } = await bootArmed(model.with({ change, work }))
    robot.change()
    expect(codeOf(await now(robot.work(1).result()))).toBe('TENDON_STATE_NOT_ALLOWED')
  })

  it('keeps its order when its first needs a claim that another category has', async () => {
    const order: string[] = []
    const holder = model.command({ category: 'pair', claims: ['lamp'], run: ({ sleep }) => sleep(1) })
    const first = model.command({ category: 'line', claims: ['lamp'], run: () => void order.push('first') })
    const second = model.command({ category: 'line', run: () => void order.push('second') })
    const { robot, clock } = await bootArmed(model.with({ holder, first, second }))
    robot.holder()
    robot.first()
    robot.second()
    await clock.advance(0.5)
    expect(order).toEqual([])
    await clock.advance(1)
    expect(order).toEqual(['first', 'second'])
  })
})

describe('whenFree', () => {
  it('resolves when a command could start, without polling, and one caller for each seat', async () => {
    const body = gate()
    const hold = model.command({ category: 'pair', run: () => body.opening })
    const { robot, clock, now } = await bootArmed(model.with({ hold }))
    await now(robot.category('pair').whenFree())
    robot.hold()
    robot.hold()
    let woken = 0
    const callers = Array.from({ length: 3 }, async () => {
      await robot.category('pair').whenFree()
      woken++
      return robot.hold().result()
    })
    await clock.settle()
    expect(woken).toBe(0)
    body.open()
    await now(Promise.all(callers))
    expect(woken).toBe(3)
    for (const outcome of await Promise.all(callers)) expect(outcome.status).toBe('succeeded')
  })

  it('rejects with the reason of its signal, and keeps nothing', async () => {
    const hold = model.command({ category: 'motion', run: never })
    const { robot, clock } = await bootArmed(model.with({ hold }))
    robot.hold()
    await clock.settle()
    const leaving = new AbortController()
    const waiting = rejectionOf(robot.category('motion').whenFree({ signal: leaving.signal }))
    leaving.abort('enough')
    expect(await waiting).toBe('enough')
    expect(await rejectionOf(robot.category('motion').whenFree({ signal: AbortSignal.abort('gone') }))).toBe('gone')
  })

  it('rejects when the robot closes: no command will ever start', async () => {
    const hold = model.command({ category: 'motion', run: never })
    const { robot, clock, now } = await bootArmed(model.with({ hold }))
    robot.hold()
    await clock.settle()
    const waiting = rejectionOf(robot.category('motion').whenFree())
    const states = rejectionOf(robot.whenState('recording'))
    await now(robot.close())
    expect([codeOf(await waiting), codeOf(await states)]).toEqual(['TENDON_CLOSED', 'TENDON_CLOSED'])
    expect(codeOf(await rejectionOf(robot.category('motion').whenFree()))).toBe('TENDON_CLOSED')
    expect(codeOf(await rejectionOf(robot.whenState('recording')))).toBe('TENDON_CLOSED')
  })
})
