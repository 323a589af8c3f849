import { defineRobot } from 'tendon'
import { describe, expect, it } from 'vitest'
import { boot } from './fixture.ts'

const cause = { by: 'console', reason: 'the shift begins' }

function cell() {
  const model = defineRobot('cell', { categories: { line: { conflict: 'queue' } } })
  const work = model.command({ category: 'line', run: ({ sleep }) => sleep(1) })
  const child = model.command({ category: 'line', async run() {} })
  const parent = model.command({ category: 'line', uses: { child }, run: ({ robot }) => robot.child().value() })
  return model.with({ work, child, parent })
}

describe('the cause of a command', () => {
  it('is in the log where it waits, where it starts and where it is refused, and in its view', async () => {
    const { robot, clock, events } = await boot(cell())
    robot.execute('work', undefined, cause)
    robot.execute('work', undefined, cause)
    robot.execute('wrok', undefined, cause)
    expect(robot.runs().map((run) => run.cause)).toEqual([cause, cause])
    await clock.advance(5)
    expect(events('queued').map((event) => event.cause)).toEqual([cause])
    expect(events('started').map((event) => event.cause)).toEqual([cause, cause])
    expect(events('refused')).toMatchObject([{ command: 'wrok', problem: { code: 'TENDON_UNKNOWN_COMMAND' }, cause }])
  })

  it('stays with one that waited in vain', async () => {
    const { robot, clock, events } = await boot(cell(), { limits: { queueTimeout: 0.5 } })
    robot.work()
    robot.execute('work', undefined, cause)
    await clock.advance(5)
    expect(events('refused')).toMatchObject([{ problem: { code: 'TENDON_QUEUE_TIMEOUT' }, cause }])
  })

  it('is nobody’s for a plain call, and a child has its parent instead', async () => {
    const { robot, clock, events } = await boot(cell())
    const parent = robot.execute('parent', undefined, cause)
    await clock.run(parent.result())
    await clock.run(robot.work().result())
    expect(events('started').map((event) => [event.command, event.cause, event.parent])).toEqual([
      ['parent', cause, undefined],
      ['child', undefined, parent.id],
      ['work', undefined, undefined],
    ])
  })

  it('of the rest pose is whoever retires the robot', async () => {
    const model = defineRobot('cell', {})
    const fold = model.command({ async run() {} })
    const { robot, clock, events } = await boot(model.with({ fold }).rest(fold))
    await clock.run(robot.retire(cause))
    expect(events('started')).toMatchObject([{ command: 'fold', cause }])
  })
})
