import { defineRobot, deg, degPerSec, fromParam, type JointSpec, memoryStorage, param, start, toDegrees } from 'tendon'
import type { ByteTransport } from 'tendon/device'
import { feetech, sts3215 } from 'tendon/feetech'
import { simulated } from 'tendon/sim'
import { VirtualClock } from 'tendon/testing'
import { describe, expect, it } from 'vitest'
import { jointPaces } from '../../src/runtime/joint-paces.ts'
import { bootArm } from '../kernel/arm-fixture.ts'
import { boot, bootArmed, never, rejectionOf } from '../kernel/fixture.ts'
import { stored } from './fixture.ts'

const desk = defineRobot('desk', {
  categories: { line: { conflict: 'queue' } },
  parameters: {
    patience: param.duration({ default: 2, min: 0.5, max: 60 }),
    mercy: param.duration({ default: 0.25, min: 0, max: 5 }),
    rank: param.integer({ default: 0 }),
    greeting: param.choice(['hello', 'hi'], { default: 'hello' }),
  },
})
const wait = desk.command({
  category: 'line',
  deadline: fromParam('patience'),
  grace: fromParam('mercy'),
  priority: fromParam('rank'),
  run: never,
})
const script = desk.script({ uses: {}, deadline: fromParam('patience'), run: never })
const parrot = desk.command({
  allowed: ['disarmed'],
  async run({ params, sleep }) {
    const first = params.greeting
    await sleep(1)
    return [first, params.greeting]
  },
})
const robotOf = desk.with({ wait, script, parrot })

describe('a command option from a parameter', () => {
  it('has the value of the moment when the command is admitted; a change does not reach a run', async () => {
    const { robot, clock, now } = await bootArmed(robotOf)
    const first = robot.wait()
    const began = clock.now()
    await now(robot.parameters.set('patience', 10))
    await now(robot.parameters.set('mercy', 1))
    expect(await now(first.result())).toMatchObject({ status: 'canceled', reason: 'deadline', cutOff: true })
    expect(clock.now() - began).toBeCloseTo(2.25)
    const second = robot.wait()
    const again = clock.now()
    expect(await now(second.result())).toMatchObject({ reason: 'deadline' })
    expect(clock.now() - again).toBeCloseTo(11)
  })

  it('is that of its admission for a run that waited, too', async () => {
    const { robot, clock, now } = await bootArmed(robotOf)
    const first = robot.wait()
    const queued = robot.wait()
    await now(robot.parameters.set('patience', 20))
    await now(first.result())
    const began = clock.now()
    await now(queued.result())
    expect(clock.now() - began).toBeCloseTo(2.25)
  })

  it('ranks those who wait by the priority that they were admitted with', async () => {
    const { robot, now } = await bootArmed(robotOf)
    robot.wait()
    const low = robot.wait()
    await now(robot.parameters.set('rank', 5))
    const high = robot.wait()
    expect(robot.runs().map(({ priority }) => priority)).toEqual([0, 0, 5])
    await now(robot.cancel({ id: robot.runs()[0]?.id ?? '' }))
    expect([high.status, low.status]).toEqual(['running', 'queued'])
  })

  it('works for scripts, for children and by name', async () => {
    const parent = desk.command({
      uses: { wait },
      deadline: 'none',
      run: ({ robot }) => robot.wait().result(),
    })
    const { robot, clock, now } = await bootArmed(desk.with({ wait, script, parent }))
    await now(robot.parameters.set('patience', 4))
    for (const begin of [() => robot.script(), () => robot.execute('wait'), () => robot.parent()]) {
      const began = clock.now()
      await now(begin().result())
      expect(clock.now() - began).toBeGreaterThanOrEqual(4)
      expect(clock.now() - began).toBeLessThan(5)
    }
  })

  it('has the stored value from the first command on', async () => {
    const storage = memoryStorage({ 'desk/parameters': stored({ patience: 7, mercy: 0 }) })
    const { robot, clock, now } = await bootArmed(robotOf, { storage })
    const began = clock.now()
    await now(robot.wait().result())
    expect(clock.now() - began).toBeCloseTo(7)
  })
})

describe('ctx.params', () => {
  it('has the value in force whenever it is read, and cannot be written', async () => {
    const { robot, clock, now } = await boot(robotOf)
    const run = robot.parrot()
    await clock.advance(0.5)
    await now(robot.parameters.set('greeting', 'hi'))
    expect(await now(run.value())).toEqual(['hello', 'hi'])
    const vandal = desk.command({
      allowed: ['disarmed'],
      async run({ params }) {
        Object.assign(params, { greeting: 'bye' })
      },
    })
    const other = await boot(desk.with({ vandal }))
    expect(await other.now(other.robot.vandal().result())).toMatchObject({ status: 'failed' })
    expect(other.robot.parameters.get('greeting')).toBe('hello')
  })
})

const nowhere: ByteTransport = {
  kind: 'none',
  address: 'none',
  baudRate: 1_000_000,
  open: () => Promise.reject(new Error('this arm is simulated')),
}
const joint = { position: [deg(-110), deg(110)], stop: 'park' } as const
const arm = defineRobot('arm', {
  categories: { motion: { conflict: 'preempt' } },
  buses: { servos: feetech({ port: nowhere }) },
  parameters: {
    fastest: param.number({ default: degPerSec(45), min: degPerSec(5), max: degPerSec(90), unit: 'deg/s' }),
    push: param.number({ default: deg(400), min: deg(40), max: deg(400), unit: 'deg/s^2' }),
    share: param.number({ default: 1, min: 0.1, max: 1, unit: '%' }),
  },
  joints: {
    pan: { ...joint, servo: sts3215('servos', 1), velocity: fromParam('fastest'), acceleration: fromParam('push') },
    lift: { ...joint, servo: sts3215('servos', 2), velocity: degPerSec(45), acceleration: deg(400) },
  },
})
const stream = arm.command({
  claims: ['pan'],
  category: 'motion',
  async run({ joints, sleep }) {
    // A setpoint every 20 ms, a degree further each: 50 deg/s.
    for (let degree = 1; degree <= 40; degree++) {
      joints.setpoint('pan', deg(degree))
      await sleep(0.02)
    }
  },
})
const turret = arm.with({ moveTo: arm.moveTo({ category: 'motion', speed: fromParam('share') }), stream })

/** A host that does not run between two times: what falls due meanwhile fires at the end. */
class StallingClock extends VirtualClock {
  stall: readonly [from: number, to: number] = [Infinity, Infinity]
  override after(delay: number, fn: () => void) {
    const due = this.now() + delay
    const [from, to] = this.stall
    return super.after(due >= from && due < to ? to - this.now() : delay, fn)
  }
}

const boots = () => bootArm(turret)

/** How long a move takes, with something done in its middle. */
async function secondsOf(up: Awaited<ReturnType<typeof boots>>, goal: object, meanwhile = async () => {}) {
  const move = up.robot.moveTo(goal)
  await up.clock.advance(0.3)
  await up.now(meanwhile())
  return (await up.now(move.value())).duration
}

describe('the velocity of a joint from a parameter', () => {
  it('is the one of the move: half of it takes the joint about twice as long', async () => {
    const up = await boots()
    const usual = await secondsOf(up, { pan: deg(90) })
    await up.now(up.robot.parameters.set('fastest', degPerSec(22.5)))
    const half = await secondsOf(up, { pan: deg(0) })
    expect(usual).toBeCloseTo(2 + 45 / 400, 0)
    expect(half - usual).toBeGreaterThan(1.9)
    expect(half - usual).toBeLessThan(2.1)
  })

  it('never changes under a move: a move whose limits change in its middle takes as long as one without', async () => {
    const undisturbed = await secondsOf(await boots(), { pan: deg(90) })
    const up = await boots()
    const disturbed = await secondsOf(up, { pan: deg(90) }, async () => {
      await up.robot.parameters.set('fastest', degPerSec(5))
      await up.robot.parameters.set('push', deg(40))
      await up.robot.parameters.set('share', 0.1)
    })
    expect(disturbed).toBeCloseTo(undisturbed, 3)
    expect(await secondsOf(up, { pan: deg(89) })).toBeGreaterThan(1)
  })

  it('a move that has to begin anew on its way keeps the limits that it left with', async () => {
    const clock = new StallingClock()
    const robot = await clock.run(start(simulated(turret), { clock }))
    await clock.run(robot.arm())
    const move = robot.moveTo({ pan: deg(90) })
    await clock.advance(0.5)
    await clock.run(robot.parameters.set('fastest', degPerSec(5)))
    // Longer than `restartAfter`: the joint rests, and the rest of the way is planned again.
    clock.stall = [clock.now() + 0.03, clock.now() + 0.33]
    const { duration } = await clock.run(move.value())
    expect(robot.log.entries()).toContainEqual(expect.objectContaining({ what: 'ticks_skipped' }))
    expect(duration).toBeLessThan(5)
    await clock.run(robot.close())
  })

  it('moves nothing by itself, however often it changes while the robot is armed', async () => {
    const up = await boots()
    await secondsOf(up, { pan: deg(20), lift: deg(10) })
    await up.clock.advance(1)
    const before = up.sim.servos.map((servo) => [servo.position, servo.powered])
    for (const value of [5, 90, 10, 80]) {
      await up.now(up.robot.parameters.set('fastest', degPerSec(value)))
      await up.clock.advance(0.5)
      expect(up.still()).toBe(true)
    }
    expect(up.sim.servos.map((servo) => [servo.position, servo.powered])).toEqual(before)
  })

  it('also bounds streamed setpoints, as it was when the stream began', async () => {
    const up = await boots()
    await up.now(up.robot.parameters.set('fastest', degPerSec(5)))
    expect(await up.now(rejectionOf(up.robot.stream().value()))).toMatchObject({ code: 'TENDON_SETPOINT_JUMP' })
    await up.now(up.robot.parameters.set('fastest', degPerSec(90)))
    const fast = up.robot.stream()
    await up.clock.advance(0.2)
    await up.now(up.robot.parameters.set('fastest', degPerSec(5)))
    await up.now(fast.value())
  })

  it('leaves the other joints as they are', async () => {
    const up = await boots()
    const usual = await secondsOf(up, { lift: deg(45) })
    await up.now(up.robot.parameters.set('fastest', degPerSec(5)))
    expect(await secondsOf(up, { lift: deg(0) })).toBeCloseTo(usual, 1)
  })

  it('cannot be raised above what the joint can do', async () => {
    const up = await boots()
    const refused = await up.now(rejectionOf(up.robot.parameters.set('fastest', degPerSec(91))))
    expect(refused).toMatchObject({ code: 'TENDON_PARAMETER_INVALID' })
    expect(String(refused)).toContain('is 91 deg/s, above its maximum 90 deg/s')
  })
})

describe('the acceleration of a joint from a parameter', () => {
  it('is the one of the move', async () => {
    const up = await boots()
    const usual = await secondsOf(up, { pan: deg(30) })
    await up.now(up.robot.parameters.set('push', deg(40)))
    const soft = await secondsOf(up, { pan: deg(0) })
    // Never at full speed: there and back on ramps of 40 deg/s^2.
    expect(soft).toBeGreaterThan(2 * Math.sqrt(30 / 40))
    expect(soft - usual).toBeGreaterThan(0.8)
  })
})

describe('the speed of moveTo from a parameter', () => {
  it('is the share of now', async () => {
    const up = await boots()
    const usual = await secondsOf(up, { pan: deg(90) })
    await up.now(up.robot.parameters.set('share', up.robot.parameters.parse('share', '50 %')))
    const half = await secondsOf(up, { pan: deg(0) })
    expect(half / usual).toBeGreaterThan(1.7)
    expect(toDegrees(up.robot.joints.pan.status === 'fresh' ? up.robot.joints.pan.position : Number.NaN)).toBeCloseTo(
      0,
      0,
    )
  })
})

describe('the limits that a joint has at this moment', () => {
  const able: JointSpec = { position: [-1, 1], velocity: 4, acceleration: 6 }

  it('have the acceleration follow the velocity, where the joint has none of its own', () => {
    const { pan } = jointPaces(
      { pan: { velocity: fromParam('v') } },
      { pan: { position: [-1, 1], velocity: 4 } },
      { v: 1 },
    )
    expect(pan?.()).toEqual({ velocity: 1, acceleration: 2 })
  })

  it('are never above what the joint can do, and leave alone what no parameter gives', () => {
    const { pan } = jointPaces({ pan: { acceleration: fromParam('a') } }, { pan: able }, { a: 100 })
    expect(pan?.()).toEqual({ velocity: 4, acceleration: 6 })
  })

  it('are not asked for of a joint that the hardware does not have', () => {
    expect(jointPaces({ gone: { velocity: fromParam('v') } }, { pan: able }, { v: 1 })).toEqual({})
  })
})
