import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { bootArmed, codeOf, fails, gate, model, never } from './fixture.ts'

const anywhere = ['idle', 'recording', 'playback'] as const

type Body = () => unknown

describe('a transition', () => {
  it('comes with the value of the body that asked for it', async () => {
    const work = model.command({ run: ({ next }) => next('recording', 42) })
    const { robot, now } = await bootArmed(model.with({ work }))
    expect(await now(robot.work().value())).toBe(42)
    expect(robot.state).toBe('recording')
    expect(robot.log.entries().filter(({ type }) => type === 'ended')).toMatchObject([{ transition: 'recording' }])
  })

  it('in the middle of a run is in force at once', async () => {
    const body = gate()
    const work = model.command({
      async run(ctx) {
        ctx.transition('playback')
        await body.opening
        return ctx.state
      },
    })
    const { robot, clock } = await bootArmed(model.with({ work }))
    const handle = robot.work()
    await clock.settle()
    expect(robot.state).toBe('playback')
    body.open()
    expect(await handle.value()).toBe('playback')
    expect(robot.state).toBe('playback')
  })

  it.each(['disarmed', 'recordin', 'armed', ''])('to %j makes the run failed and leaves the state', async (target) => {
    const ends = model.command({ run: ({ next }) => next(target as 'idle', 'value') })
    const midway = model.command({ run: ({ transition }) => transition(target as 'idle') })
    const { robot } = await bootArmed(model.with({ ends, midway }))
    for (const name of ['ends', 'midway']) {
      expect(codeOf(await robot.execute(name).result())).toBe('TENDON_BAD_TRANSITION')
      expect(robot.state).toBe('idle')
    }
  })

  it('is lost when the robot was disarmed before the run ended', async () => {
    const body = gate()
    const work = model.command({ onSafety: 'continue', run: ({ next }) => body.opening.then(() => next('recording')) })
    const { robot, clock, now } = await bootArmed(model.with({ work }))
    const handle = robot.work()
    await clock.settle()
    await now(robot.disarm())
    body.open()
    expect(codeOf(await handle.result())).toBe('TENDON_BAD_TRANSITION')
    expect(robot.state).toBe('disarmed')
  })

  it('does not happen when the result does not fit its schema', async () => {
    const work = model.command({ result: z.number(), run: ({ next }) => next('recording', 'text' as never) })
    const { robot } = await bootArmed(model.with({ work }))
    expect(codeOf(await robot.work().result())).toBe('TENDON_RESULT_INVALID')
    expect(robot.state).toBe('idle')
  })

  it('of a canceled run does not happen', async () => {
    const work = model.command({ run: ({ sleep, next }) => sleep(9).catch(() => next('recording')) })
    const { robot, clock, now } = await bootArmed(model.with({ work }))
    const handle = robot.work()
    await clock.settle()
    await now(handle.cancel())
    expect(robot.state).toBe('idle')
  })

  it('wakes who waits for the state', async () => {
    const work = model.command({ run: ({ sleep, next }) => sleep(3).then(() => next('recording')) })
    const { robot, now } = await bootArmed(model.with({ work }))
    robot.work()
    await now(robot.whenState('recording'))
    expect(robot.state).toBe('recording')
  })
})

describe('during', () => {
  const held = { during: 'playback', category: 'many', allowed: anywhere } as const

  it.each([
    ['it succeeds', (): string => 'ok', undefined],
    ['it throws', fails, undefined],
    [
      'it throws at once',
      () => {
        throw new Error('no')
      },
      undefined,
    ],
    ['it is canceled', never, 'cancel'],
    ['it runs out of time', never, 'deadline'],
    ['it is preempted', never, 'preempt'],
  ] as const)('holds the robot in its state and leaves it when %s', async (_, run, act) => {
    const work = model.command({ ...held, category: 'motion', deadline: 2, run: run as Body })
    const other = model.command({ category: 'motion', allowed: anywhere, run() {} })
    const { robot, clock, now } = await bootArmed(model.with({ work, other }))
    const states: string[] = []
    robot.log.on('transition', ({ to }) => states.push(to))
    const handle = robot.work()
    await clock.settle()
    if (act) expect(robot.state).toBe('playback')
    if (act === 'cancel') void handle.cancel()
    if (act === 'preempt') robot.other()
    await now(handle.result())
    expect(robot.state).toBe('idle')
    await clock.settle()
    expect(states).toEqual(['playback', 'idle'])
  })

  it('is over with a disarm, and does not come back with arming', async () => {
    const work = model.command({ ...held, run: ({ sleep }) => sleep(50) })
    const { robot, clock, now } = await bootArmed(model.with({ work }))
    const handle = robot.work()
    await clock.settle()
    await now(robot.disarm())
    expect([robot.state, handle.outcome?.status]).toEqual(['disarmed', 'canceled'])
    await now(robot.arm())
    expect(robot.state).toBe('idle')
  })

  it('gives way to an explicit target', async () => {
    const work = model.command({ ...held, run: ({ next }) => next('recording') })
    const { robot, now } = await bootArmed(model.with({ work }))
    await now(robot.work().result())
    expect(robot.state).toBe('recording')
  })

  it('gives way to a transition that somebody made meanwhile', async () => {
    const work = model.command({ ...held, run: ({ sleep }) => sleep(1) })
    const { robot, now } = await bootArmed(model.with({ work, record: model.setState('recording') }))
    const handle = robot.work()
    await now(robot.record().result())
    await now(handle.result())
    expect(robot.state).toBe('recording')
  })

  const sleeping = (during: 'playback' | 'recording', time: number) =>
    model.command({ ...held, during, run: ({ sleep }) => sleep(time) })

  it('holds as long as the last of several runs that hold the same state', async () => {
    const { robot, clock } = await bootArmed(
      model.with({ short: sleeping('playback', 1), long: sleeping('playback', 3) }),
    )
    robot.short()
    robot.long()
    await clock.advance(2)
    expect(robot.state).toBe('playback')
    await clock.advance(2)
    expect(robot.state).toBe('idle')
  })

  it('leads back past a run that held the state before and has ended', async () => {
    const { robot, clock } = await bootArmed(
      model.with({ outer: sleeping('playback', 1), inner: sleeping('recording', 3) }),
    )
    robot.outer()
    await clock.settle()
    robot.inner()
    await clock.advance(2)
    expect(robot.state).toBe('recording')
    await clock.advance(2)
    expect(robot.state).toBe('idle')
  })

  it('leads back to a run that still holds its state', async () => {
    const { robot, clock } = await bootArmed(
      model.with({ outer: sleeping('playback', 3), inner: sleeping('recording', 1) }),
    )
    robot.outer()
    await clock.settle()
    robot.inner()
    await clock.advance(2)
    expect(robot.state).toBe('playback')
    await clock.advance(2)
    expect(robot.state).toBe('idle')
  })
})
