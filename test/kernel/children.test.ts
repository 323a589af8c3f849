import { deg } from 'tendon'
import { describe, expect, it } from 'vitest'
import { arm, bootArm } from './arm-fixture.ts'
import { bootArmed, codeOf, model, never } from './fixture.ts'

const child = model.command({ category: 'motion', claims: ['lamp'], run: ({ sleep }) => sleep(1) })
const stuck = model.command({ category: 'motion', claims: ['lamp'], run: never })

describe('a child run', () => {
  it('borrows the slot and the claims of its parent, which nobody else gets meanwhile', async () => {
    const parent = model.command({
      category: 'pair',
      claims: ['lamp'],
      uses: { child },
      run: async ({ robot }) => (await robot.child().result()).status,
    })
    const other = model.command({ category: 'pair', claims: ['lamp'], run() {} })
    const { robot, clock, now } = await bootArmed(model.with({ parent, other }))
    const handle = robot.parent()
    await clock.advance(0.5)
    expect(robot.runs().map(({ command }) => command)).toEqual(['parent', 'child'])
    expect(codeOf(await robot.other().result())).toBe('TENDON_CLAIM_TAKEN')
    expect(await now(handle.value())).toBe('succeeded')
  })

  it('is alone on a borrowed slot: a second one is refused while the first lives', async () => {
    const lone = model.command({ category: 'pair', run: ({ sleep }) => sleep(1) })
    const parent = model.command({
      category: 'pair',
      uses: { lone },
      async run({ robot }) {
        const first = robot.lone().start()
        const second = await robot.lone().result()
        return [codeOf(second), (await first.result()).status, (await robot.lone().result()).status]
      },
    })
    const { robot, now } = await bootArmed(model.with({ parent }))
    expect(await now(robot.parent().value())).toEqual(['TENDON_CATEGORY_FULL', 'succeeded', 'succeeded'])
  })

  it('that waits in the queue of its parent’s slot is not blocked by strangers who wait for the parent', async () => {
    const leaf = model.command({ category: 'line', run: ({ sleep }) => sleep(0.1) })
    const parent = model.command({
      category: 'line',
      uses: { leaf },
      async run({ robot }) {
        const both = [robot.leaf().start(), robot.leaf().start()]
        return Promise.all(both.map(async (handle) => (await handle.result()).status))
      },
    })
    const stranger = model.command({ category: 'line', run: () => 'after' })
    const { robot, clock, now } = await bootArmed(model.with({ parent, stranger }))
    const handle = robot.parent()
    const waiting = robot.stranger()
    await clock.settle()
    expect(waiting.status).toBe('queued')
    expect(await now(handle.value())).toEqual(['succeeded', 'succeeded'])
    expect(await now(waiting.value())).toBe('after')
  })

  it('is canceled before its parent settles, when the parent returns early', async () => {
    const parent = model.command({
      uses: { stuck },
      async run({ robot, sleep }) {
        robot.stuck().start()
        await sleep(1)
        return 'early'
      },
    })
    const { robot, now } = await bootArmed(model.with({ parent }))
    expect(await now(robot.parent().result())).toMatchObject({ status: 'succeeded', value: 'early' })
    const ends = robot.log.entries().filter((event) => event.type === 'ended')
    expect(ends).toMatchObject([
      { command: 'stuck', status: 'canceled', reason: 'parent' },
      { command: 'parent', status: 'succeeded' },
    ])
    expect(robot.runs()).toEqual([])
  })

  it.each([
    ['requested', 'parent'],
    ['deadline', 'deadline'],
    ['safety', 'safety'],
    ['shutdown', 'shutdown'],
  ])('of a parent that ends by %s ends by %s', async (reason, handedDown) => {
    const parent = model.command({ deadline: 3, uses: { stuck }, run: ({ robot }) => robot.stuck().result() })
    const { robot, clock, now } = await bootArmed(model.with({ parent }))
    const handle = robot.parent()
    await clock.settle()
    if (reason === 'requested') void handle.cancel()
    if (reason === 'safety') void robot.disarm()
    if (reason === 'shutdown') void robot.close()
    expect(await now(handle.result())).toMatchObject({ status: 'canceled', reason })
    const ended = robot.log.entries().find((event) => event.type === 'ended')
    expect(ended).toMatchObject({ command: 'stuck', reason: handedDown })
  })

  it('has at most the time that its parent has left', async () => {
    const long = model.command({ category: 'motion', deadline: 100, run: never })
    const parent = model.command({
      deadline: 4,
      uses: { long },
      async run({ robot, sleep }) {
        await sleep(3)
        await robot.long().result()
      },
    })
    const { robot, clock } = await bootArmed(model.with({ parent }))
    robot.parent()
    await clock.advance(3.9)
    expect(robot.runs().map(({ status }) => status)).toEqual(['running', 'running'])
    await clock.advance(0.1)
    expect(robot.runs().map(({ status }) => status)).toEqual(['stopping', 'stopping'])
  })

  it('has its own deadline when that is the shorter one', async () => {
    const short = model.command({ category: 'motion', deadline: 1, run: ({ sleep }) => sleep(50) })
    const parent = model.command({ uses: { short }, run: async ({ robot }) => robot.short().result() })
    const { robot, now } = await bootArmed(model.with({ parent }))
    expect(await now(robot.parent().value())).toMatchObject({ status: 'canceled', reason: 'deadline' })
  })

  it('may preempt others but never its ancestors, also with cancels: *', async () => {
    const sweep = model.command({ category: 'motion', cancels: '*', run: () => 'swept' })
    const parent = model.command({ category: 'motion', uses: { sweep }, run: ({ robot }) => robot.sweep().value() })
    const bystander = model.command({ category: 'pair', run: ({ sleep }) => sleep(50) })
    const { robot, clock, now } = await bootArmed(model.with({ parent, bystander }))
    const other = robot.bystander()
    await clock.settle()
    expect(await now(robot.parent().value())).toBe('swept')
    expect(other.outcome).toMatchObject({ status: 'canceled', reason: 'preempted' })
  })

  it('cannot be started by a body that is over', async () => {
    let start = (): unknown => undefined
    const parent = model.command({
      uses: { child },
      run({ robot }) {
        start = () => robot.child().start()
      },
    })
    const { robot } = await bootArmed(model.with({ parent }))
    await robot.parent().result()
    expect(() => start()).toThrow(/TENDON_ACCESS_AFTER_END/)
    expect(robot.runs()).toEqual([])
  })
})

describe('the joints of a parent', () => {
  const move = arm.command({
    goal: arm.jointGoal(),
    category: 'motion',
    run: ({ goal, joints }) => joints.moveTo(goal),
  })

  it('pause while a child has them, and move again afterwards', async () => {
    const seen: unknown[] = []
    const parent = arm.command({
      category: 'motion',
      claims: ['pan'],
      uses: { move },
      async run({ joints, robot }) {
        await joints.moveTo({ pan: deg(5) })
        const running = robot.move({ pan: deg(20) }).start()
        await running.yield(0.1)
        await joints.moveTo({ pan: deg(-20) }).catch((error) => seen.push(codeOf(error)))
        seen.push((await running.result()).status)
        await joints.moveTo({ pan: deg(10) })
      },
    })
    const { robot, now, sim } = await bootArm(arm.with({ parent }))
    expect(await now(robot.parent().result())).toMatchObject({ status: 'succeeded' })
    expect(seen).toEqual(['TENDON_ACCESS_PAUSED', 'succeeded'])
    expect(sim.servo('pan').angle).toBeCloseTo(deg(10), 1)
  })

  it('are its own again only when the last of several children has given its joint back', async () => {
    const seen: unknown[] = []
    const free = arm.command({
      goal: arm.jointGoal(),
      category: 'sensing',
      run: ({ goal, joints }) => joints.moveTo(goal),
    })
    const parent = arm.command({
      category: 'motion',
      claims: ['pan', 'lift'],
      uses: { free },
      async run({ joints, robot }) {
        await joints.moveTo({ pan: 0.01 })
        const [near, far] = [robot.free({ pan: deg(5) }).start(), robot.free({ lift: deg(40) }).start()]
        await near.result()
        await joints.moveTo({ pan: 0 }).catch((error) => seen.push(codeOf(error)))
        await far.result()
        await joints.moveTo({ pan: 0 }).then(() => seen.push('moved'))
      },
    })
    const { robot, now } = await bootArm(arm.with({ parent }))
    expect(await now(robot.parent().result())).toMatchObject({ status: 'succeeded' })
    expect(seen).toEqual(['TENDON_ACCESS_PAUSED', 'moved'])
  })

  it('pause for a grandchild too, whose parent holds none of them', async () => {
    const seen: unknown[] = []
    const between = arm.command({
      category: 'sensing',
      uses: { move },
      run: ({ robot }) => robot.move({ pan: deg(30) }).result(),
    })
    const parent = arm.command({
      category: 'motion',
      claims: ['pan'],
      uses: { between },
      async run({ joints, robot, sleep }) {
        const running = robot.between().start()
        await sleep(0.1)
        await joints.moveTo({ pan: deg(-30) }).catch((error) => seen.push(codeOf(error)))
        await running.result()
        await joints.moveTo({ pan: deg(28) }).then(() => seen.push('moved'))
      },
    })
    const { robot, now } = await bootArm(arm.with({ parent }))
    expect(await now(robot.parent().result())).toMatchObject({ status: 'succeeded' })
    expect(seen).toEqual(['TENDON_ACCESS_PAUSED', 'moved'])
  })
})
