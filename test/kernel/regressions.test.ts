/**
 * What comparable runtimes got wrong: each sentence here is the contrary of one of theirs.
 */
import { deg, start } from 'tendon'
import { simulated, simulationOf } from 'tendon/sim'
import { describe, expect, it } from 'vitest'
import { arm, bootArm } from './arm-fixture.ts'
import { boot, bootArmed, codeOf, model, never } from './fixture.ts'

const stuck = model.command({ category: 'default', run: never })
const move = arm.moveTo({ category: 'motion' })

describe('the answer to a caller', () => {
  it('comes after the transition and the slot: 20 of 20 next commands are admitted in the new state', async () => {
    const record = model.command({ run: ({ next, sleep }) => sleep(0.01).then(() => next('recording')) })
    const back = model.command({
      allowed: ['recording'],
      run: ({ next, sleep }) => sleep(0.01).then(() => next('idle')),
    })
    const { robot, now } = await bootArmed(model.with({ record, back }))
    const rounds = async () => {
      const seen: string[] = []
      for (let i = 0; i < 20; i++) {
        const handle = i % 2 ? robot.back() : robot.record()
        while ((await handle.yield(0.003)) === undefined);
        seen.push(handle.outcome?.status ?? 'open')
      }
      return seen
    }
    expect(await now(rounds())).toEqual(Array.from({ length: 20 }, () => 'succeeded'))
  })

  it('can be read again and again, late, and also when the run crashed', async () => {
    const crash = model.command({ run: () => Promise.reject(new Error('crashed')) })
    const { robot, clock } = await bootArmed(model.with({ crash }))
    const handle = robot.crash()
    await clock.advance(1000)
    for (let i = 0; i < 3; i++)
      expect(await handle.result()).toMatchObject({ status: 'failed', error: { facts: { reason: 'crashed' } } })
  })

  it('can be polled ten thousand times without leaving a waiter', async () => {
    const { robot, clock, now } = await bootArmed(model.with({ stuck }))
    const handle = robot.stuck()
    await clock.settle()
    const { pending } = clock
    for (let i = 0; i < 10_000; i++) expect(await handle.yield(0)).toBeUndefined()
    for (let i = 0; i < 100; i++) await now(handle.yield(0.001))
    expect(clock.pending).toBe(pending)
  })
})

describe('a preemption', () => {
  it('that is refused has killed nobody, and one that happens gives the victim its event', async () => {
    const low = model.command({ category: 'motion', run: ({ sleep }) => sleep(100) })
    const barred = model.command({ category: 'motion', allowed: ['recording'], run() {} })
    const high = model.command({ category: 'motion', run() {} })
    const { robot, clock, now, told } = await bootArmed(model.with({ low, barred, high }))
    const victim = robot.low()
    await clock.settle()
    expect((await robot.barred().result()).status).toBe('refused')
    expect([victim.status, told(victim)]).toEqual(['running', ['started']])
    await now(robot.high().result())
    expect(told(victim)).toEqual(['started', 'interrupted', 'ended'])
  })
})

describe('a cancel or a timeout', () => {
  it.each(['cancel', 'deadline'])('(%s) is the outcome, whatever the body reports', async (how) => {
    const boastful = model.command({ deadline: 1, run: ({ sleep }) => sleep(50).catch(() => 'all done') })
    const { robot, clock, now } = await bootArmed(model.with({ boastful }))
    const handle = robot.boastful()
    await clock.settle()
    if (how === 'cancel') void handle.cancel()
    expect(await now(handle.result())).toMatchObject({ status: 'canceled' })
    const ended = robot.log.entries().find(({ type }) => type === 'ended')
    expect(ended).toMatchObject({ status: 'canceled', reason: how === 'cancel' ? 'requested' : 'deadline' })
  })

  it('of one run with a stuck cleanup stalls no other', async () => {
    const quick = model.command({ category: 'many', run: ({ sleep }) => sleep(0.1) })
    const clogged = model.command({ category: 'pair', grace: 20, run: ({ sleep }) => sleep(99).finally(never) })
    const { robot, clock, now } = await bootArmed(model.with({ quick, clogged }))
    const handle = robot.clogged()
    await clock.settle()
    void handle.cancel()
    const begin = clock.now()
    for (let i = 0; i < 10; i++) await now(robot.quick().result())
    expect(clock.now() - begin).toBeCloseTo(1, 3)
    expect((await now(robot.disarm())).confirmed).toBe(true)
    expect(handle.status).toBe('stopping')
  })

  it('lets the canceled body ask the runtime for its state, its runs and its log', async () => {
    const seen: unknown[] = []
    const curious = model.command({
      run: (ctx) =>
        ctx
          .sleep(99)
          .finally(() => seen.push(ctx.state, ctx.interrupted, robot.state, robot.runs().length, robot.log.seq > 0)),
    })
    const { robot, clock, now } = await bootArmed(model.with({ curious }))
    const handle = robot.curious()
    await clock.settle()
    expect(await now(handle.cancel())).toMatchObject({ status: 'canceled', cutOff: false })
    expect(seen).toEqual(['idle', true, 'idle', 1, true])
  })

  it('reaches all runs of a name, not the newest only', async () => {
    const many = model.command({ category: 'many', run: ({ sleep }) => sleep(99) })
    const { robot, clock, now } = await bootArmed(model.with({ many }))
    for (let i = 0; i < 5; i++) robot.many()
    await clock.settle()
    expect(await now(robot.cancel({ name: 'many' }))).toHaveLength(5)
    expect(robot.runs()).toEqual([])
  })
})

describe('a disarm', () => {
  it.each(['idle', 'recording'])('goes through no queue: with every slot taken, in %s', async (state) => {
    const { robot, clock, now } = await bootArmed(
      model.with({ stuck, record: model.setState('recording', { category: 'many' as never }) }),
    )
    if (state === 'recording') await now(robot.record().result())
    robot.stuck()
    await clock.settle()
    expect((await now(robot.disarm())).confirmed).toBe(true)
    expect(robot.state).toBe('disarmed')
  })

  it('with a dead servo is not ok, and says which', async () => {
    const { robot, sim, now } = await bootArm(arm.with({}))
    sim.faults.silence('lift')
    const verdict = await now(robot.disarm())
    expect(verdict.confirmed).toBe(false)
    expect(verdict.joints.filter((joint) => joint.verdict === 'not_confirmed').map(({ joint }) => joint)).toEqual([
      'lift',
    ])
    expect(robot.safety.state).toBe('fault')
  })

  it('is part of an orderly shutdown', async () => {
    const { robot, now, powered } = await bootArm(arm.with({}))
    expect(powered()).toEqual(['pan', 'lift', 'jaw'])
    await now(robot.close())
    expect(powered()).toEqual([])
  })

  it('takes the power that a process before this one had left on', async () => {
    const made = simulated(arm.with({}))
    const sim = simulationOf(made)
    const first = await boot(made)
    await first.now(first.robot.arm())
    // The cable is pulled under power, and another process opens the bus while its servos still hold.
    sim.faults.unplug()
    await first.now(first.robot.close())
    sim.faults.plug()
    expect(sim.servos.map((servo) => servo.powered)).toEqual([true, true, true])
    const again = await first.now(start(made, { clock: first.clock }))
    expect(again.safety.state).toBe('disarmed')
    expect(again.log.entries().some((event) => event.type === 'note' && event.what === 'found_powered')).toBe(true)
    expect((await first.now(again.disarm())).confirmed).toBe(true)
    expect(sim.servos.map((servo) => servo.powered)).toEqual([false, false, false])
    await first.now(again.close())
  })
})

describe('joints', () => {
  it('are driven by one run at a time, whatever the categories', async () => {
    const other = arm.command({
      goal: arm.jointGoal(),
      category: 'sensing',
      run: ({ goal, joints }) => joints.moveTo(goal),
    })
    const { robot, clock, now } = await bootArm(arm.with({ move, other }))
    const moving = robot.move({ pan: deg(40) })
    await clock.advance(0.1)
    expect(codeOf(await robot.other({ pan: 0 }).result())).toBe('TENDON_CLAIM_TAKEN')
    expect(await now(robot.other({ lift: deg(5) }).result())).toMatchObject({ status: 'succeeded' })
    expect((await now(moving.result())).status).toBe('succeeded')
  })

  it('have arrived when a motion has completed', async () => {
    const { robot, now, sim, clock } = await bootArm(arm.with({ move }))
    const begin = clock.now()
    expect(await now(robot.move({ pan: deg(60), lift: deg(-20) }).result())).toMatchObject({ status: 'succeeded' })
    expect(clock.now() - begin).toBeGreaterThan(60 / 90)
    expect(sim.servo('pan').angle).toBeCloseTo(deg(60), 1)
    expect(sim.servo('lift').angle).toBeCloseTo(deg(-20), 1)
  })

  it('are unknown before the first reading, and never a made-up zero', async () => {
    const made = simulated(arm.with({}), { initial: { pan: 0.7 } })
    simulationOf(made).faults.silence('jaw')
    const { robot, clock } = await boot(made)
    await clock.advance(1)
    expect(robot.joints.jaw).toEqual({ status: 'unknown' })
    expect(robot.joints.pan).toMatchObject({ status: 'fresh', position: expect.closeTo(0.7, 2) })
  })
})

describe('bounds', () => {
  it('hold for the wait in front of a queue, too: what is refused waits nowhere', async () => {
    const work = model.command({ category: 'line', run: ({ sleep }) => sleep(1) })
    const { robot, clock, told } = await bootArmed(model.with({ work }))
    const handles = Array.from({ length: 1000 }, () => robot.work())
    expect(handles.filter(({ status }) => status === 'ended')).toHaveLength(996)
    expect(robot.runs()).toHaveLength(4)
    await clock.advance(5)
    const ran = handles.filter((handle) => told(handle).includes('started'))
    expect(ran).toHaveLength(4)
  })

  it('lose no completion: a thousand runs that end in one instant all tell their callers', async () => {
    const work = model.command({ category: 'many', run: ({ sleep }) => sleep(1) })
    const { robot, now } = await bootArmed(model.with({ work }), { limits: { eventLog: 10 } })
    const outcomes: string[] = []
    for (let batch = 0; batch < 20; batch++) {
      const handles = Array.from({ length: 50 }, () => robot.work())
      for (const { status } of await now(Promise.all(handles.map((handle) => handle.result())))) outcomes.push(status)
    }
    expect(outcomes).toEqual(Array.from({ length: 1000 }, () => 'succeeded'))
  })

  it('leave a caller that was told "refused" without a run that starts after all', async () => {
    const { robot, clock, told } = await bootArmed(model.with({ stuck }))
    robot.stuck()
    const refused = robot.stuck()
    await clock.settle()
    await clock.run(robot.cancel({ all: true }))
    await clock.advance(60)
    expect(told(refused)).toEqual(['refused'])
  })
})

it('importing and starting without process handlers adds none', async () => {
  const before = process.eventNames().length
  const { robot } = await boot(model.with({}))
  expect(process.eventNames()).toHaveLength(before)
  expect(robot.safety.state).toBe('disarmed')
})
