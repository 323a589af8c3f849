import { describe, expect, it } from 'vitest'
import { bootArmed, model, never } from './fixture.ts'

const DAY = 86_400

describe('a deadline', () => {
  it('is 30 s where nothing is said, counted from the start', async () => {
    const { robot, clock } = await bootArmed(model.with({ work: model.command({ run: never }) }))
    const handle = robot.work()
    await clock.advance(29.999)
    expect(handle.status).toBe('running')
    await clock.advance(0.001)
    expect(handle.status).toBe('stopping')
    await clock.advance(0.5)
    expect(handle.outcome).toMatchObject({ status: 'canceled', reason: 'deadline' })
  })

  it('does not run while the command waits in a queue', async () => {
    const work = model.command({ category: 'line', deadline: 3, run: never })
    const { robot, clock } = await bootArmed(model.with({ work }))
    const [, second] = [robot.work(), robot.work()]
    await clock.advance(3.5)
    expect(second.status).toBe('running')
    await clock.advance(2.9)
    expect(second.status).toBe('running')
    await clock.advance(0.2)
    expect(second.status).toBe('stopping')
  })

  it.each([
    ["'none'", 'none' as const],
    ['Infinity', Number.POSITIVE_INFINITY],
  ])('of %s never comes and holds no timer', async (_, deadline) => {
    const { robot, clock, now } = await bootArmed(model.with({ work: model.command({ deadline, run: never }) }))
    const handle = robot.work()
    await clock.settle()
    expect(clock.pending).toBe(0)
    await clock.advance(400 * DAY)
    expect(handle.status).toBe('running')
    await now(handle.cancel())
  })

  it('of more than 2^31 ms is exact', async () => {
    const { robot, clock } = await bootArmed(model.with({ work: model.command({ deadline: 60 * DAY, run: never }) }))
    const handle = robot.work()
    await clock.advance(60 * DAY - 1)
    expect(handle.status).toBe('running')
    await clock.advance(1)
    expect(handle.status).toBe('stopping')
  })

  it('leaves no timer behind runs that end before it', async () => {
    const { robot, clock } = await bootArmed(model.with({ work: model.command({ deadline: 7, run() {} }) }))
    for (let i = 0; i < 100; i++) await clock.run(robot.work().result())
    await clock.settle()
    expect(clock.pending).toBe(0)
  })

  it('comes to each run at its own time, whatever ended in between', async () => {
    const work = model.command({ category: 'many', deadline: 10, run: ({ sleep }) => sleep(100) })
    const { robot, clock, now } = await bootArmed(model.with({ work }))
    const handles = []
    for (let i = 0; i < 5; i++) {
      handles.push(robot.work())
      await clock.advance(1)
    }
    await now(handles[0]?.cancel() ?? never())
    await now(handles[3]?.cancel() ?? never())
    await clock.advance(5.9)
    expect(handles.map(({ status }) => status)).toEqual(
      ['ended', 'ended', 'running', 'ended', 'running'].with(1, 'running'),
    )
    await clock.advance(0.2)
    expect(handles.map(({ outcome }) => outcome?.status)).toEqual([
      'canceled',
      'canceled',
      undefined,
      'canceled',
      undefined,
    ])
    await clock.advance(1)
    expect(handles.map(({ outcome }) => outcome?.status)).toEqual([
      'canceled',
      'canceled',
      'canceled',
      'canceled',
      undefined,
    ])
  })

  it('is not there for scripts, whose commands have theirs', async () => {
    const slow = model.command({ category: 'motion', deadline: 2, run: never })
    const script = model.script({
      uses: { slow },
      async run(robot) {
        return (await robot.slow().result()).status
      },
    })
    const { robot, now, clock } = await bootArmed(model.with({ slow, script }))
    const handle = robot.script()
    const begin = clock.now()
    expect(await now(handle.value())).toBe('canceled')
    expect(clock.now() - begin).toBeCloseTo(2.5, 6)
  })
})
