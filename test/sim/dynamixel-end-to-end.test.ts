import { describe, expect, it } from 'vitest'
import { dynamixel, xl330, xm430 } from '../../src/drivers/dynamixel/index.ts'
import { defineRobot, deg, degPerSec } from '../../src/index.ts'
import { scheduleFaults } from '../../src/sim/index.ts'
import { type HarnessOptions, harness } from '../../src/testing/index.ts'
import { serial } from '../../src/transports/serial.ts'

const shape = { position: [deg(-90), deg(90)], velocity: degPerSec(120), stop: 'park' } as const
const model = defineRobot('arm', {
  categories: { motion: { limit: 1, conflict: 'preempt' } },
  buses: { servos: dynamixel({ port: serial({ path: '/dev/none', baudRate: 1_000_000 }) }) },
  joints: {
    pan: { ...shape, servo: xm430('servos', 1) },
    lift: { ...shape, servo: xm430('servos', 2, { shadows: [3] }) },
    jaw: { ...shape, servo: xl330('servos', 4) },
  },
})
const arm = model.with({ moveTo: model.moveTo({ category: 'motion' }) })

/** What a robot made of a fault: how its moves ended, and what its operator found. */
async function live(fault: string, options: HarnessOptions = {}) {
  const rig = await harness(arm, options)
  const { robot, run, sim, clock } = rig
  await rig.arm()
  const end = scheduleFaults(sim, clock, [fault])
  const moves: string[] = []
  for (const pan of [40, -40, 40, -40]) {
    const outcome = await run(robot.moveTo({ pan: deg(pan), lift: deg(pan / 2) }).result())
    const why = 'error' in outcome ? outcome.error.code : 'reason' in outcome ? outcome.reason : ''
    moves.push(`${outcome.status} ${why}`.trim())
  }
  const faults = rig.events('fault').map(({ problem }) => problem.code)
  const safety = robot.safety.state
  const disarmed = await run(robot.disarm())
  const unsure = disarmed.joints.filter(({ verdict }) => verdict !== 'off').map(({ joint }) => joint)
  const powered = sim.servos.filter((servo) => servo.powered).map(({ id }) => id)
  end()
  /** Whether the robot can be had back when the fault is over. */
  const recovers = async (): Promise<boolean> => {
    await run(robot.acknowledge())
    return (await run(robot.arm())).armed
  }
  return { ...rig, moves, faults, safety, unsure, powered, recovers }
}
const ALL_WELL = Array(4).fill('succeeded')

describe('a robot of Dynamixels behind the real driver', () => {
  it('arms without a jerk, goes where it is told, its shadow with it, and is verified off', async () => {
    const rig = await harness(arm, { initial: { pan: deg(20), lift: deg(-30) } })
    const angles = (): number[] => rig.sim.servos.map(({ angle }) => angle)
    const before = angles()
    await rig.arm()
    expect(rig.sim.servos.every(({ powered }) => powered)).toBe(true)
    for (const [i, angle] of angles().entries()) expect(Math.abs(angle - (before[i] as number))).toBeLessThan(deg(1))
    expect((await rig.run(rig.robot.moveTo({ pan: deg(40), lift: deg(20) }).result())).status).toBe('succeeded')
    const [pan = 0, lift = 0, shadow = 0] = angles()
    for (const [there, wanted] of [
      [pan, 40],
      [lift, 20],
      [shadow, 20],
    ] as const)
      expect(Math.abs(there - deg(wanted))).toBeLessThan(0.02)
    expect((await rig.run(rig.robot.disarm())).confirmed).toBe(true)
    expect(rig.sim.servos.some(({ powered }) => powered)).toBe(false)
    await rig.close()
  })

  it('stops in mid-motion: at rest at once, off and verified, and armed again only after a reset', async () => {
    const rig = await harness(arm)
    await rig.arm()
    const move = rig.robot.moveTo({ pan: deg(80), lift: deg(60) })
    await rig.clock.advance(0.4)
    expect(rig.sim.servo('pan').moving).toBe(true)
    const there = rig.sim.servo('pan').angle
    const stopped = await rig.run(rig.robot.stop())
    expect([stopped.confirmed, rig.sim.servos.some(({ powered }) => powered)]).toEqual([true, false])
    expect(Math.abs(rig.sim.servo('pan').angle - there)).toBeLessThan(deg(20))
    expect((await rig.run(move.result())).status).toBe('canceled')
    rig.robot.reset()
    await rig.arm()
    expect((await rig.run(rig.robot.moveTo({ pan: deg(-10) }).result())).status).toBe('succeeded')
    await rig.close()
  })

  it('whose cable is pulled in mid-motion is stopped by its own bus watchdogs', async () => {
    const rig = await harness(arm)
    await rig.arm()
    const move = rig.robot.moveTo({ pan: deg(80), lift: deg(60) })
    await rig.clock.advance(0.4)
    rig.sim.faults.unplug()
    await rig.clock.advance(1)
    expect(rig.sim.servos.map((servo) => [servo.read('busWatchdog'), servo.moving])).toEqual(
      Array(4).fill([255, false]),
    )
    expect(rig.sim.servo('pan').angle).toBeLessThan(deg(60))
    expect((await rig.run(move.result())).status).toBe('failed')
    await rig.close()
  })
})

describe('a disturbed line', () => {
  it.each([
    'pan=drop:20%',
    'all=drop:10%',
    'all=corrupt:10%',
    'all=delay:5ms',
    'pan=delay:40ms',
    'all=duplicate:50%',
    'all=split',
    'servos=garbage:10%',
    'servos=echo',
  ])('%s ends no control loop: every move arrives, and it is verified off at the end', async (fault) => {
    const { moves, safety, faults, unsure, powered, close } = await live(fault)
    expect({ moves, safety, faults, unsure, powered }).toEqual({
      moves: ALL_WELL,
      safety: 'armed',
      faults: [],
      unsure: [],
      powered: [],
    })
    await close()
  })
})

describe('a servo that fails', () => {
  it.each([
    ['lift=silent@0.2s', 'TENDON_SERVO_LOST', ['lift']],
    ['pan=overload@0.2s', 'TENDON_SERVO_ALARM', []],
    ['pan=brown-out:8V@0.2s', 'TENDON_SERVO_ALARM', []],
    ['jaw=brown-out@0.2s', 'TENDON_SERVO_LOST', ['jaw']],
  ])('%s: %s, not confirmed: %j, and the robot can be had back when it is over', async (fault, code, unsure) => {
    const { moves, faults, safety, recovers, close, ...found } = await live(fault)
    expect(moves[0]).toBe('canceled safety')
    expect([faults[0], safety, found.unsure]).toEqual([code, 'fault', unsure])
    expect(await recovers()).toBe(true)
    await close()
  })

  it.each(['pan=over-temperature:90@0.2s', 'jaw=brown-out:3.2V@0.2s'])(
    '%s has shut down: it is armed again only when its supply was off and on',
    async (fault) => {
      const { moves, faults, unsure, recovers, sim, close } = await live(fault)
      expect([moves[0], faults[0], unsure]).toEqual(['canceled safety', 'TENDON_SERVO_ALARM', []])
      expect(await recovers()).toBe(false)
      sim.powerCycle()
      expect(await recovers()).toBe(true)
      await close()
    },
  )

  it('a joint that is held fails its move, and is verified off at the end', async () => {
    const { moves, unsure, close } = await live('pan=stuck@0.1s')
    expect(moves[0]).toBe('failed TENDON_JOINT_STALLED')
    expect(unsure).toEqual([])
    await close()
  })

  it('a shadow that shuts down alone is a fault of its joint', async () => {
    const rig = await harness(arm)
    await rig.arm()
    rig.sim.faults.overload(3)
    await rig.clock.advance(2)
    expect(rig.robot.safety.state).toBe('fault')
    expect(rig.events('fault')[0]?.problem.facts).toMatchObject({ joint: 'lift' })
    await rig.close()
  })

  it('a shadow that nobody hears any more is not said to be off', async () => {
    const rig = await harness(arm)
    await rig.arm()
    rig.sim.faults.silence(3)
    const { joints, confirmed } = await rig.run(rig.robot.disarm())
    expect(confirmed).toBe(false)
    expect(joints.filter(({ verdict }) => verdict !== 'off').map(({ joint }) => joint)).toEqual(['lift'])
    expect(rig.sim.servos.filter((servo) => servo.powered).map(({ id }) => id)).toEqual([3])
    rig.sim.faults.clear()
    await rig.close()
  })
})

describe('power and cables', () => {
  it('a supply that fails for half a second on all is lost hardware; nothing has power when it is back', async () => {
    const { moves, faults, sim, safety, recovers, close } = await live('all=brown-out@0.2s..0.7s')
    expect([moves[0], faults[0], safety]).toEqual(['failed TENDON_HARDWARE_LOST', 'TENDON_HARDWARE_LOST', 'fault'])
    expect(sim.servos.some(({ powered }) => powered)).toBe(false)
    expect(await recovers()).toBe(true)
    await close()
  })

  it('a cable that is pulled fails the move and is a fault, and no servo is confirmed off', async () => {
    const { moves, faults, safety, unsure, close } = await live('servos=unplug@0.2s')
    expect([moves[0], faults[0], safety]).toEqual(['failed TENDON_HARDWARE_LOST', 'TENDON_HARDWARE_LOST', 'fault'])
    expect(unsure).toEqual(['pan', 'lift', 'jaw'])
    await close()
  })
})
