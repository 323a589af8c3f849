import { describe, expect, it } from 'vitest'
import { bootArmed, gate, model, never } from './fixture.ts'

const hang = model.command({ category: 'motion', run: never })
const polite = model.command({ category: 'motion', run: ({ sleep }) => sleep(100) })

describe('cancel', () => {
  it('before the start ends the run without ever starting its body', async () => {
    let started = false
    const work = model.command({
      run: () => {
        started = true
      },
    })
    const { robot, told } = await bootArmed(model.with({ work }))
    const handle = robot.work()
    expect(await handle.cancel()).toMatchObject({ status: 'canceled', reason: 'requested', stopConfirmed: true })
    await handle.yield(0)
    expect([started, told(handle)]).toEqual([false, ['ended']])
  })

  it('twice is once', async () => {
    const { robot, clock, now, told } = await bootArmed(model.with({ polite }))
    const handle = robot.polite()
    await clock.settle()
    const both = await now(Promise.all([handle.cancel(), handle.cancel()]))
    expect(both[0]).toBe(both[1])
    expect(told(handle)).toEqual(['started', 'interrupted', 'ended'])
  })

  it('after the end changes nothing', async () => {
    const { robot } = await bootArmed(model.with({ work: model.command({ run: () => 1 }) }))
    const handle = robot.work()
    const outcome = await handle.result()
    const { seq } = robot.log
    expect(await handle.cancel()).toBe(outcome)
    expect(robot.log.seq).toBe(seq)
  })

  it('takes a queued run out of its queue at once', async () => {
    const work = model.command({ category: 'line', run: never })
    const { robot, clock, now, told } = await bootArmed(model.with({ work }))
    const first = robot.work()
    const second = robot.work()
    await clock.settle()
    expect(second.status).toBe('queued')
    expect(await now(second.cancel())).toMatchObject({ status: 'canceled', reason: 'requested' })
    expect([robot.category('line').queued, told(second), first.status]).toEqual([0, ['queued', 'ended'], 'running'])
  })

  it('of a run that waits for its victims gives back the promise of its seat', async () => {
    const { robot, clock, now } = await bootArmed(model.with({ hang, polite }))
    const victim = robot.hang()
    await clock.settle()
    const heir = robot.polite()
    expect(heir.status).toBe('pending')
    expect(await heir.cancel()).toMatchObject({ status: 'canceled', reason: 'requested' })
    expect((await now(victim.result())).status).toBe('canceled')
    expect(robot.category('motion').taken).toBe(0)
  })

  it('never becomes a success, even when the body returns one', async () => {
    const obliging = model.command({
      run: async ({ sleep }) => {
        try {
          await sleep(9)
        } catch {}
        return 'done'
      },
    })
    const { robot, clock, now } = await bootArmed(model.with({ obliging }))
    const handle = robot.obliging()
    await clock.settle()
    expect(await now(handle.cancel())).toMatchObject({ status: 'canceled', cutOff: false })
  })

  it('keeps its first reason when a second ending comes', async () => {
    const { robot, clock, now } = await bootArmed(model.with({ hang }))
    const handle = robot.hang()
    await clock.settle()
    void handle.cancel()
    void robot.stop()
    expect(await now(handle.result())).toMatchObject({ reason: 'requested' })
  })

  it.each([
    ['id', (id: string) => ({ id })],
    ['name', () => ({ name: 'hang' })],
    ['category', () => ({ category: 'motion' as const })],
    ['all', () => ({ all: true as const })],
  ])('reaches the runs by %s, and resolves when they have ended', async (_, target) => {
    const other = model.command({ run: never })
    const { robot, clock, now } = await bootArmed(model.with({ hang, other }))
    const [handle, bystander] = [robot.hang(), robot.other()]
    await clock.settle()
    const wanted = target(handle.id)
    const outcomes = await now(robot.cancel(wanted))
    expect(outcomes).toHaveLength('all' in wanted ? 2 : 1)
    expect([handle.status, bystander.status]).toEqual(['ended', 'all' in wanted ? 'ended' : 'running'])
  })

  it('reaches every run of a category, not only the newest', async () => {
    const work = model.command({ category: 'many', run: ({ sleep }) => sleep(50) })
    const { robot, clock, now } = await bootArmed(model.with({ work }))
    const handles = Array.from({ length: 20 }, () => robot.work())
    await clock.settle()
    expect(await now(robot.cancel({ category: 'many' }))).toHaveLength(20)
    expect(handles.every(({ status }) => status === 'ended')).toBe(true)
  })
})

describe('a body that ignores the cancel', () => {
  it('is cut off after its grace, not before and not later', async () => {
    const { robot, clock, told } = await bootArmed(model.with({ slow: model.command({ grace: 2, run: never }) }))
    const handle = robot.slow()
    await clock.settle()
    void handle.cancel()
    await clock.advance(1.999)
    expect(handle.status).toBe('stopping')
    await clock.advance(0.001)
    expect(handle.outcome).toMatchObject({ status: 'canceled', cutOff: true })
    expect(told(handle)).toEqual(['started', 'interrupted', 'cut_off', 'ended'])
  })

  it('can touch nothing any more: each late call is refused and counted', async () => {
    const body = gate()
    const refusals: string[] = []
    const stubborn = model.command({
      uses: { polite },
      claims: ['lamp'],
      async run(ctx) {
        await body.opening
        const attempts: (() => unknown)[] = [
          () => ctx.transition('recording'),
          () => ctx.joints.moveTo({}),
          () => ctx.robot.polite().result(),
          () => ctx.sleep(1),
          () => ctx.subscribe('t', () => {}),
          () => ctx.onInterrupt(() => {}),
        ]
        for (const attempt of attempts)
          try {
            await attempt()
          } catch (error) {
            refusals.push((error as { code: string }).code)
          }
        ctx.feedback('late' as never)
        ctx.partial('late' as never)
        ctx.publish('t', 'late')
      },
    })
    const { robot, clock, now, told } = await bootArmed(model.with({ stubborn, polite }))
    const heard: unknown[] = []
    const off = robot.events.on('t', (value) => heard.push(value))
    const handle = robot.stubborn()
    await clock.settle()
    const outcome = await now(handle.cancel())
    const { state } = robot
    body.open()
    await clock.settle()
    expect(refusals).toEqual(Array.from({ length: 6 }, () => 'TENDON_ACCESS_AFTER_END'))
    expect(told(handle).filter((type) => type === 'late_call')).toHaveLength(9)
    expect(told(handle).at(-1)).toBe('late_end')
    expect([robot.state, heard, await handle.result()]).toEqual([state, [], outcome])
    off()
  })

  it('whose promise rejects late is recorded, and is no unhandled rejection', async () => {
    const body = gate()
    const { robot, clock, now, told } = await bootArmed(
      model.with({ stubborn: model.command({ run: () => body.opening }) }),
    )
    const handle = robot.stubborn()
    await clock.settle()
    const outcome = await now(handle.cancel())
    body.fail(new Error('late'))
    await clock.settle()
    expect(told(handle)).toEqual(['started', 'interrupted', 'cut_off', 'ended', 'late_end'])
    expect(handle.outcome).toBe(outcome)
  })

  it('says that it was cut off also when it returns while its end is being settled', async () => {
    const { robot, clock, now } = await bootArmed(
      model.with({
        parent: model.command({
          category: 'many',
          uses: { slow: model.command({ category: 'pair', grace: 3, run: never }) },
          run: ({ robot: own, sleep }) => {
            own.slow().start()
            return sleep(2).then(never, () => body.opening)
          },
        }),
      }),
    )
    const body = gate()
    const handle = robot.parent()
    await clock.settle()
    const ended = handle.cancel()
    await clock.advance(1)
    body.open()
    expect(await now(ended)).toMatchObject({ status: 'canceled', cutOff: true })
  })
})

describe('cleanup', () => {
  it('has a fresh scope: it can wait, within its grace', async () => {
    const steps: string[] = []
    const tidy = model.command({
      async run(ctx) {
        try {
          await ctx.sleep(100)
        } finally {
          steps.push(`${ctx.interrupted} ${ctx.signal.aborted}`)
          await ctx.sleep(0.3)
          steps.push('tidied')
        }
      },
    })
    const { robot, clock, now } = await bootArmed(model.with({ tidy }))
    const handle = robot.tidy()
    await clock.settle()
    const begin = clock.now()
    expect(await now(handle.cancel())).toMatchObject({ status: 'canceled', cutOff: false })
    expect([steps, clock.now() - begin]).toEqual([['true false', 'tidied'], expect.closeTo(0.3, 6)])
  })

  it('keeps its seat and its claims until it is over', async () => {
    const tidy = model.command({
      category: 'pair',
      claims: ['lamp'],
      async run({ sleep }) {
        try {
          await sleep(100)
        } finally {
          await sleep(0.4)
        }
      },
    })
    const { robot, clock, now } = await bootArmed(model.with({ tidy }))
    const handle = robot.tidy()
    await clock.settle()
    void handle.cancel()
    await clock.advance(0.2)
    expect(await robot.tidy().result()).toMatchObject({ status: 'refused', error: { code: 'TENDON_CLAIM_TAKEN' } })
    await now(handle.result())
    const next = robot.tidy()
    expect(next.status).toBe('starting')
    await now(next.cancel())
  })

  it('leaves waits that nobody awaited without an unhandled rejection', async () => {
    const careless = model.command({
      run({ sleep, inbox, joints, robot: own }) {
        const forgotten = [sleep(50), inbox.next(), joints.halt(), own.polite().value()]
        return sleep(60).finally(() => forgotten.length)
      },
      uses: { polite },
    })
    const ends = model.command({
      run: ({ sleep }) => {
        sleep(50).then(() => 'a derived promise')
        return 'over'
      },
    })
    const { robot, clock, now } = await bootArmed(model.with({ careless, ends }))
    const handle = robot.careless()
    await clock.advance(1)
    expect(await now(handle.cancel())).toMatchObject({ status: 'canceled' })
    expect(await now(robot.ends().result())).toMatchObject({ status: 'succeeded' })
  })
})
