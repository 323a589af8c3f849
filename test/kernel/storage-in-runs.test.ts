import { memoryStorage, type Storage } from 'tendon'
import { expect, it } from 'vitest'
import { boot, bootArmed, codeOf, model, rejectionOf } from './fixture.ts'

it('a body reads and writes what its robot was started with', async () => {
  const storage = memoryStorage({ 'probe/notes': 'old' })
  const keep = model.command({
    async run({ storage }) {
      const before = await storage.read('probe/notes')
      await storage.write('probe/notes', 'new')
      return { before, names: await storage.list('probe') }
    },
  })
  const { robot, now } = await bootArmed(model.with({ keep }), { storage })
  expect(await now(robot.keep().value())).toEqual({ before: 'old', names: ['probe/notes'] })
  expect(await storage.read('probe/notes')).toBe('new')
})

it('without a storage a robot has one of its own, which another robot does not see', async () => {
  const swap = model.command({
    async run({ storage }) {
      const before = await storage.read('probe/notes')
      await storage.write('probe/notes', 'mine')
      return before
    },
  })
  const [one, two] = [await bootArmed(model.with({ swap })), await bootArmed(model.with({ swap }))]
  expect(await one.now(one.robot.swap().value())).toBeUndefined()
  expect(await two.now(two.robot.swap().value())).toBeUndefined()
  expect(await one.now(one.robot.swap().value())).toBe('mine')
})

it('after its run every call is refused and counted, and writes nothing', async () => {
  const storage = memoryStorage()
  let kept: Storage | undefined
  const leak = model.command({
    async run(ctx) {
      kept = ctx.storage
    },
  })
  const { robot, now, told } = await bootArmed(model.with({ leak }), { storage })
  const run = robot.leak()
  await now(run.value())
  if (!kept) throw new Error('the body had no storage')
  for (const late of [kept.write('probe/notes', 'late'), kept.read('probe/notes')])
    expect(codeOf(await rejectionOf(late))).toBe('TENDON_ACCESS_AFTER_END')
  expect(await storage.list('probe')).toEqual([])
  expect(told(run).filter((type) => type === 'late_call')).toHaveLength(2)
})

it('a body has wall time for its records', async () => {
  const when = model.command({ allowed: ['disarmed'], run: async ({ wall }) => wall() })
  const { robot, clock, now } = await boot(model.with({ when }))
  await clock.advance(2.5)
  expect(await now(robot.when().value())).toBe(clock.wall())
})
