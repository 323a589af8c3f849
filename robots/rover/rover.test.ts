import { deg, type Outcome, toDegrees } from 'tendon'
import type { SimulationOptions } from 'tendon/sim'
import { harness, memoryLink } from 'tendon/testing'
import { afterEach, describe, expect, it } from 'vitest'
import rover from './robot.ts'
import { FASTEST, RADIUS, wheelSpeeds, wheels } from './wheels.ts'
import { RoverWorld } from './world.ts'

/** Metres per second squared that the wheels' acceleration limit allows. */
const RAMP = 6 * RADIUS
/** A wheel turns by no more than one step of its encoder between two looks when it stands. */
const STEP = (2 * Math.PI) / 4096

const ends: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** The rover in a world of its own, its battery behind a link in memory. */
async function begin(options: SimulationOptions = {}) {
  const world = new RoverWorld()
  const lab = memoryLink()
  const rig = await harness(rover, { sensors: world.sensors, links: { lab }, ...options })
  let online = true
  const publish = (topic: string, value: unknown): void => {
    if (online) lab.say(topic, value)
  }
  ends.push(world.begin({ sim: rig.sim, clock: rig.clock, publish }), () => rig.close())
  await rig.clock.advance(0.2)
  const { sim, robot, clock } = rig
  return {
    ...rig,
    world,
    torques: (): number[] => sim.servos.map((servo) => servo.read('torqueEnable')),
    /** Metres per second, of the shafts themselves. */
    speed: (): number => (RADIUS * wheels.reduce((sum, wheel) => sum + sim.servo(wheel).velocity, 0)) / 2,
    moving: (): boolean => wheels.some((wheel) => Math.abs(sim.servo(wheel).velocity) > STEP),
    /** The broker is gone: nothing comes any more. */
    loseBroker: (): void => {
      online = false
    },
    findBroker: (): void => {
      online = true
    },
    /** Sends these speeds ten times a second to a new drive. */
    async driven(linear: number, angular: number, seconds: number) {
      const drive = robot.drive()
      for (let t = 0; t < seconds - 1e-9; t += 0.1) {
        drive.send({ linear, angular })
        await clock.advance(0.1)
      }
      // In an object: a handle is no promise, and an async function would await what it returns.
      return { drive }
    },
  }
}

async function armed(options: SimulationOptions = {}) {
  const rig = await begin(options)
  await rig.arm()
  return rig
}

const reasonOf = (outcome: Outcome): unknown =>
  outcome.status === 'failed' ? (outcome.error.facts as { reason: unknown }).reason : outcome.status

describe('the rover arms', () => {
  it('brings its servos into velocity mode, once, and turns no wheel', async () => {
    const { sim, clock, robot, torques } = await begin({ joints: { left_wheel: { registers: { mode: 0 } } } })
    const before = wheels.map((wheel) => sim.servo(wheel).angle)
    expect(await clock.run(robot.arm())).toEqual({ armed: true })
    expect(sim.servos.map((servo) => [servo.read('mode'), servo.read('lock')])).toEqual([
      [1, 1],
      [1, 1],
    ])
    expect(torques()).toEqual([1, 1])
    await clock.advance(1)
    expect(wheels.map((wheel) => sim.servo(wheel).angle)).toEqual(before)
  })

  it('keeps the mode over a loss of supply, for it is in the EEPROM', async () => {
    const { sim, clock, robot } = await armed()
    await clock.run(robot.disarm())
    sim.powerCycle()
    expect(sim.servos.map((servo) => servo.read('mode'))).toEqual([1, 1])
  })
})

describe('driving by a stream of speeds', () => {
  it('turns both wheels forward for a positive speed, and one against the other for a turn to the left', async () => {
    const { driven, world, robot, clock } = await armed()
    await driven(0.1, 0, 2)
    // 2 s, less half of the ramp's 0.42 s.
    expect(world.pose.x).toBeGreaterThan(0.1 * 1.7)
    expect(world.pose.x).toBeLessThan(0.1 * 2)
    expect(Math.abs(toDegrees(world.pose.yaw))).toBeLessThan(0.5)
    await clock.run(robot.halt().value())
    const x = world.pose.x
    await driven(0, 0.8, 2)
    expect(toDegrees(world.pose.yaw)).toBeGreaterThan(60)
    expect(world.pose.x).toBeCloseTo(x, 2)
    expect(wheels.map((wheel) => Math.sign(clockwise(robot.joints[wheel])))).toEqual([-1, 1])
  })

  it('when the stream dries up it stands within the ramp, and goes on waiting', async () => {
    const { driven, clock, speed, moving, robot } = await armed()
    const { drive } = await driven(0.15, 0, 1.5)
    expect(speed()).toBeCloseTo(0.15, 2)
    // The last order was sent 0.1 s ago and lives 0.3 s; then the ramp, and three ticks for the bus and the motor.
    await clock.advance(0.19)
    expect(speed()).toBeCloseTo(0.15, 2)
    await clock.advance(0.15 / RAMP + 0.07)
    expect([speed(), moving()]).toEqual([expect.closeTo(0, 3), false])
    expect(drive.status).toBe('running')
    drive.send({ linear: 0.05, angular: 0 })
    await clock.advance(0.3)
    expect(speed()).toBeCloseTo(0.05, 2)
    expect(robot.safety.state).toBe('armed')
  })

  it('brakes no harder than its acceleration allows', async () => {
    const { driven, clock, speed } = await armed()
    await driven(0.15, 0, 1.5)
    const speeds: number[] = []
    for (let t = 0; t < 1.2; t += 0.02) {
      await clock.advance(0.02)
      speeds.push(speed())
    }
    const steepest = Math.max(...speeds.map((now, i) => Math.abs(now - (speeds[i - 1] ?? now)) / 0.02))
    // The servo's own ramp follows ours in steps of a tick, at 7.67 rad/s^2.
    expect(steepest).toBeLessThan(7.7 * RADIUS)
    expect(speeds.at(-1)).toBeCloseTo(0, 3)
  })

  it('slows both wheels down where one would be too fast, says so, and keeps the curve', async () => {
    const { speeds, share } = wheelSpeeds({ linear: 0.5, angular: 1 })
    expect(speeds.right_wheel).toBeCloseTo(FASTEST, 9)
    expect(share).toBeCloseTo(FASTEST / ((0.5 + 0.09) / RADIUS), 9)
    expect(speeds.left_wheel / speeds.right_wheel).toBeCloseTo(0.41 / 0.59, 9)
    const { driven, sim } = await armed()
    const { drive } = await driven(0.5, 1, 1.5)
    for await (const told of drive.feedback) {
      expect(told.share).toBeCloseTo(share, 9)
      break
    }
    expect(sim.servo('right_wheel').velocity).toBeCloseTo(FASTEST, 1)
  })

  it('canceled, it stands before its outcome comes, and says how far it came', async () => {
    const { driven, clock, moving, world } = await armed()
    const { drive } = await driven(0.15, 0, 2)
    const outcome = await clock.run(drive.cancel())
    expect(moving()).toBe(false)
    expect(outcome).toMatchObject({ status: 'canceled', reason: 'requested', stopConfirmed: true })
    const { metres } = outcome.status === 'canceled' ? (outcome.partial ?? { metres: NaN }) : { metres: NaN }
    // What was told last was written before the last order, 0.1 s before the cancel, and the ramp.
    expect(world.pose.x - metres).toBeGreaterThan(0)
    expect(world.pose.x - metres).toBeLessThan(0.15 * 0.2 + (0.15 * 0.15) / RAMP)
  })

  it('refuses a message that is none, and drives on by the ones before', async () => {
    const { driven } = await armed()
    const { drive } = await driven(0.1, 0, 0.5)
    expect(drive.send({ linear: Number.NaN, angular: 0 })).toBe(false)
    expect(drive.send({ linear: Infinity, angular: 0 })).toBe(false)
    expect(drive.status).toBe('running')
  })

  it('is refused disarmed: nothing turns', async () => {
    const { robot, clock, moving } = await begin()
    const drive = robot.drive()
    await clock.advance(0.5)
    expect(drive.outcome).toMatchObject({ status: 'refused', error: { code: 'TENDON_DISARMED' } })
    expect(moving()).toBe(false)
  })

  it('fails, naming the wheel, when one does not turn; the other one stands too', async () => {
    const { driven, sim, clock, moving, robot } = await armed()
    const { drive } = await driven(0.1, 0, 0.5)
    sim.faults.jam('right_wheel')
    for (let i = 0; i < 10 && drive.outcome === undefined; i++) {
      drive.send({ linear: 0.1, angular: 0 })
      await clock.advance(0.1)
    }
    expect(drive.outcome).toMatchObject({
      status: 'failed',
      error: { code: 'TENDON_JOINT_NOT_TURNING', power: 'on', facts: { joint: 'right_wheel' } },
    })
    expect([moving(), robot.safety.state]).toEqual([false, 'armed'])
  })
})

/** The speed of a wheel as it was read. */
const clockwise = (reading: { readonly status: string; readonly velocity?: number }): number =>
  reading.velocity ?? Number.NaN

describe('turning by the IMU', () => {
  it.each([90, -135, 179])('ends within 2 degrees of %i, on the shorter way', async (degrees) => {
    const { robot, clock, world } = await armed()
    const { yaw } = await clock.run(robot.turnTo({ yaw: deg(degrees) }).value())
    expect(Math.abs(toDegrees(yaw) - degrees)).toBeLessThan(3)
    expect(Math.abs(toDegrees(world.pose.yaw) - degrees)).toBeLessThan(3)
  })

  it('stands still when the IMU falls silent on the way, and ends by its deadline', async () => {
    const { robot, clock, world, moving } = await armed()
    const turn = robot.turnTo({ yaw: deg(170) })
    await clock.advance(0.6)
    expect(moving()).toBe(true)
    world.mute = true
    await clock.advance(0.3 + 0.5)
    expect(moving()).toBe(false)
    expect(await clock.run(turn.result())).toMatchObject({ status: 'canceled', reason: 'deadline' })
  })

  it('does not begin when the IMU is not heard', async () => {
    const { robot, clock, world, moving } = await armed()
    world.mute = true
    await clock.advance(0.6)
    const outcome = await clock.run(robot.turnTo({ yaw: 1 }).result())
    expect([reasonOf(outcome), moving()]).toEqual(['the IMU is not heard', false])
  })
})

describe('docking', () => {
  it('creeps into the dock ahead and ends when the battery charges', async () => {
    const { robot, clock, world, moving } = await armed()
    world.dock = { x: 0.4, y: 0 }
    const { metres } = await clock.run(robot.dock().value())
    expect(world.battery?.charging).toBe(true)
    // The battery speaks twice a second: by then it may be 4 cm further.
    expect(metres).toBeGreaterThan(0.38)
    expect(metres).toBeLessThan(0.44)
    expect(metres).toBeCloseTo(world.pose.x, 2)
    expect(moving()).toBe(false)
  })

  it('fails with its reason when there is none within a metre and a half, and says how far it went', async () => {
    const { robot, clock, moving } = await armed()
    const outcome = await clock.run(robot.dock().result())
    expect(outcome).toMatchObject({
      status: 'failed',
      error: { code: 'TENDON_RUN_FAILED', facts: { reason: 'there is no dock ahead', metres: expect.closeTo(1.5, 1) } },
      partial: { metres: expect.closeTo(1.5, 1) },
    })
    expect(moving()).toBe(false)
  })

  it('with its wheels blocked it waits for current, and succeeds where that comes', async () => {
    const { robot, clock, sim, world } = await armed()
    const dock = robot.dock()
    await clock.advance(1)
    for (const wheel of wheels) sim.faults.jam(wheel)
    await clock.advance(1)
    world.dock = { x: world.pose.x, y: world.pose.y }
    expect((await clock.run(dock.result())).status).toBe('succeeded')
  })

  it('with its wheels blocked and no current it fails within three seconds', async () => {
    const { robot, clock, sim, moving } = await armed()
    const dock = robot.dock()
    await clock.advance(1)
    for (const wheel of wheels) sim.faults.jam(wheel)
    const began = clock.now()
    const outcome = await clock.run(dock.result())
    expect(reasonOf(outcome)).toBe('the wheels are blocked, and nothing charges')
    expect(clock.now() - began).toBeLessThan(3)
    expect(moving()).toBe(false)
  })

  it('a low battery docks by itself, once, with the rule as its cause', async () => {
    const { clock, world, events } = await armed()
    world.dock = { x: 0.2, y: 0 }
    world.charge = 0.15
    await clock.advance(5)
    expect(world.battery?.charging).toBe(true)
    expect(events('started').map(({ command, cause }) => [command, cause?.by])).toEqual([['dock', 'rule hungry']])
  })
})

describe('without its broker', () => {
  it('drives on, knows within five seconds that it does not know its battery, and refuses to dock until it does', async () => {
    const { driven, loseBroker, findBroker, robot, clock, speed, world } = await armed()
    loseBroker()
    await driven(0.1, 0, 6)
    expect(speed()).toBeCloseTo(0.1, 2)
    expect(robot.sensors.battery.health()).toBe('stale')
    const outcome = await clock.run(robot.dock().result())
    expect(reasonOf(outcome)).toBe('the battery is not heard: nobody can tell whether it charges')
    findBroker()
    await clock.advance(1)
    world.dock = { x: world.pose.x, y: world.pose.y }
    expect((await clock.run(robot.dock().result())).status).toBe('succeeded')
  })

  it('stops where it is when the battery falls silent on the way into the dock', async () => {
    const { robot, clock, loseBroker, moving, world } = await armed()
    const dock = robot.dock()
    await clock.advance(2)
    loseBroker()
    const outcome = await clock.run(dock.result())
    expect(reasonOf(outcome)).toBe('the battery is not heard: nobody can tell whether it charges')
    expect([moving(), world.pose.x < 0.7]).toEqual([false, true])
  })
})

describe('stops', () => {
  it('a rover that tips is stopped by its rule: wheels without power, latched, and the log says why', async () => {
    const { driven, world, clock, robot, torques, moving } = await armed()
    const { drive } = await driven(0.15, 0, 1)
    world.lean = { pitch: 0, roll: deg(-30) }
    await clock.advance(0.1)
    expect(robot.safety.state).toBe('armed')
    await clock.advance(0.2)
    expect(robot.safety.latch).toMatchObject({ by: 'the rule tipping', reason: expect.stringContaining('imu') })
    expect(await clock.run(drive.result())).toMatchObject({ status: 'canceled', reason: 'safety' })
    await clock.advance(1)
    expect([torques(), moving(), robot.safety.state]).toEqual([[0, 0], false, 'disarmed'])
  })

  it('a bump that lasts one word of the IMU does not', async () => {
    const { world, clock, robot } = await armed()
    world.lean = { pitch: deg(40), roll: 0 }
    await clock.advance(0.06)
    world.lean = { pitch: 0, roll: 0 }
    await clock.advance(1)
    expect([robot.safety.state, robot.safety.latch]).toEqual(['armed', undefined])
  })

  it('the stop frame tells both wheels speed 0 in one frame, before anything else', async () => {
    const { driven, sim, robot, clock } = await armed()
    await driven(0.15, 0, 1)
    const frames: number[][] = []
    const untap = sim.tap(({ from, bytes }) => {
      if (from === 'host') frames.push([...bytes])
    })
    const { confirmed } = await clock.run(robot.stop())
    untap()
    // Sync write of 41..47: acceleration 50, goal where it is, time 0, speed 0, for both.
    const [first] = frames
    expect(first?.slice(0, 7)).toEqual([0xff, 0xff, 0xfe, 0x14, 0x83, 41, 7])
    const blocks = [first?.slice(7, 15), first?.slice(15, 23)]
    expect(blocks.map((block) => [block?.[0], block?.[1], block?.slice(6)])).toEqual([
      [1, 50, [0, 0]],
      [2, 50, [0, 0]],
    ])
    expect(confirmed).toBe(true)
  })

  it('retire, which is what Ctrl-C does, brakes within the ramp first and then takes the power, every servo confirmed', async () => {
    const { driven, robot, clock, torques, moving, speed } = await armed()
    const { drive } = await driven(0.15, 0, 1.5)
    const retired = robot.retire()
    const beginning = clock.now()
    while (speed() > 0.003 && clock.now() - beginning < 2) {
      expect(torques()).toEqual([1, 1])
      await clock.advance(0.01)
    }
    expect(clock.now() - beginning).toBeLessThan(0.15 / RAMP + 0.1)
    const verdict = await clock.run(retired)
    expect(verdict.joints.map(({ joint, verdict: of }) => [joint, of])).toEqual([
      ['left_wheel', 'off'],
      ['right_wheel', 'off'],
    ])
    expect(drive.outcome).toMatchObject({ status: 'canceled' })
    expect([torques(), moving(), robot.state]).toEqual([[0, 0], false, 'disarmed'])
  })

  it('a wheel whose servo is mute is not confirmed, is named, and the robot is in fault', async () => {
    const { driven, robot, clock, sim, torques } = await armed()
    await driven(0.15, 0, 1)
    sim.faults.silence('left_wheel')
    const verdict = await clock.run(robot.stop())
    expect(verdict.joints.map(({ joint, verdict: of }) => [joint, of])).toEqual([
      ['left_wheel', 'not_confirmed'],
      ['right_wheel', 'off'],
    ])
    expect([torques()[1], robot.safety.state]).toEqual([0, 'fault'])
  })
})
