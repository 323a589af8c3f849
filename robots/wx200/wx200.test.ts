import { readFileSync } from 'node:fs'
import { deg, type Outcome, start, toDegrees } from 'tendon'
import { dynamixel } from 'tendon/dynamixel'
import { type SimulationOptions, simulated, simulationOf } from 'tendon/sim'
import { harness, VirtualClock } from 'tendon/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { circleOf, points } from './commands/circle.ts'
import { reach, tipAt } from './kinematics.ts'
import { finger, folded, type Joint, joints, upright } from './poses.ts'
import wx200 from './robot.ts'

/** How far a joint may be off its goal: the tolerance of a move and one step, in degrees, and for a finger in metres. */
const NEAR = { degrees: 1.3, metres: 0.0003 }
const ON = Array(7).fill(1)
const OFF = Array(7).fill(0)

const rigs: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close()
})

async function begin(options: SimulationOptions = {}) {
  const rig = await harness(wx200, { initial: folded, ...options })
  rigs.push(rig)
  const { sim } = rig
  return {
    ...rig,
    /** Torque registers of servos 1 to 7, the shadow included. */
    torques: (): number[] => sim.servos.map((servo) => servo.read('torqueEnable')),
    /** Degrees, or of a finger metres, of the shaft itself. */
    at: (joint: Joint): number =>
      joint === 'left_finger' ? sim.servo(joint).angle : toDegrees(sim.servo(joint).angle),
  }
}

async function armed(options: SimulationOptions = {}) {
  const rig = await begin(options)
  expect(await rig.clock.run(rig.robot.arm())).toEqual({ armed: true })
  return rig
}

type Rig = Awaited<ReturnType<typeof begin>>

function expectAt({ at }: Rig, pose: Partial<Record<Joint, number>>): void {
  for (const joint of joints) {
    const goal = pose[joint]
    if (goal === undefined) continue
    if (joint === 'left_finger') expect(Math.abs(at(joint) - goal)).toBeLessThan(NEAR.metres)
    else expect(Math.abs(at(joint) - toDegrees(goal))).toBeLessThan(NEAR.degrees)
  }
}

const codeOf = (outcome: Outcome): unknown => ('error' in outcome ? outcome.error.code : outcome.status)

describe('the WidowX-200 arms', () => {
  it('with the shadow of its shoulder verified: seven servos have power, none moved', async () => {
    const rig = await begin()
    const before = joints.map(rig.at)
    expect(rig.torques()).toEqual(OFF)
    expect(await rig.clock.run(rig.robot.arm())).toEqual({ armed: true })
    expect(rig.torques()).toEqual(ON)
    await rig.clock.advance(0.5)
    for (const [i, joint] of joints.entries()) {
      const most = joint === 'left_finger' ? deg(1) / finger.gear : 1
      expect(Math.abs(rig.at(joint) - (before[i] ?? NaN))).toBeLessThan(most)
    }
  })

  it('is refused when the shadow obeys another servo, and the register is named', async () => {
    const made = await begin()
    const shadow = made.sim.servos.find(({ id }) => id === 3)
    expect([shadow?.joint, shadow?.read('secondaryId'), shadow?.read('driveMode')]).toEqual(['shoulder', 2, 1])
    // Somebody has exchanged it for one that nobody set up.
    const alone = await begin({ joints: { shoulder: { registers: { driveMode: 1 } } } })
    const verdict = await alone.clock.run(alone.robot.arm())
    expect(verdict).toMatchObject({
      armed: false,
      problems: [{ code: 'TENDON_ARM_CALIBRATION', facts: { joint: 'shoulder', servo: 2 } }],
    })
    expect(verdict.armed === false && verdict.problems[0]?.what).toContain('of shadow 3')
    expect(alone.torques()).toEqual(OFF)
  })

  it('is refused when the shadow does not answer, and nothing has power afterwards', async () => {
    const { sim, clock, robot, torques } = await begin()
    sim.faults.silence(3)
    const verdict = await clock.run(robot.arm())
    expect(verdict).toMatchObject({ armed: false, problems: [{ facts: { joint: 'shoulder' } }] })
    expect(verdict.armed === false && verdict.problems[0]?.what).toMatch(/\b3\b/)
    expect(torques()).toEqual(OFF)
  })

  it('gives each servo its bus watchdog, which stops the arm by itself 0.3 s after the cable was pulled', async () => {
    const { sim, clock, robot } = await armed()
    expect(sim.servos.map((servo) => servo.read('busWatchdog'))).toEqual(Array(7).fill(15))
    robot.home()
    await clock.advance(1)
    sim.faults.unplug()
    await clock.advance(0.4)
    expect(sim.servos.map((servo) => servo.read('busWatchdog'))).toEqual(Array(7).fill(255))
    expect(sim.servos.map(({ moving }) => moving)).toEqual(Array(7).fill(false))
    expect(robot.safety.state).toBe('fault')
  })
})

describe('its commands', () => {
  it('home brings every joint upright, inside its limits: the finger is never told 0 m', async () => {
    const rig = await armed()
    const told: number[] = []
    const untap = rig.sim.tap(({ from }) => {
      if (from === 'host') told.push(rig.sim.servo('left_finger').goal)
    })
    await rig.clock.run(rig.robot.home().value())
    untap()
    expectAt(rig, upright)
    expect(Math.min(...told)).toBeGreaterThan(finger.closed - NEAR.metres)
    for (const joint of joints) {
      const [min, max] = wx200.hardware.joints[joint]?.position ?? [NaN, NaN]
      for (const pose of [folded, upright]) {
        expect(pose[joint]).toBeGreaterThanOrEqual(min)
        expect(pose[joint]).toBeLessThanOrEqual(max)
      }
    }
  })

  it('refuses 0 m of a finger, naming the limit in metres, and changes nothing', async () => {
    const { robot, clock, sim } = await armed()
    const goal = sim.servo('left_finger').goal
    const outcome = await clock.run(robot.moveTo({ left_finger: 0 }).result())
    expect(codeOf(outcome)).toBe('TENDON_GOAL_INVALID')
    expect(outcome.status === 'refused' && outcome.error.what).toContain('0.0000 m is outside 0.0050 m to 0.0370 m')
    await clock.advance(0.5)
    expect(sim.servo('left_finger').goal).toBe(goal)
  })

  it('moveTo drives both servos of the shoulder, which stay together', async () => {
    const rig = await armed()
    const move = rig.robot.moveTo({ shoulder: deg(20), elbow: 0 })
    const [leading, shadow] = rig.sim.servos.filter(({ joint }) => joint === 'shoulder')
    while (move.outcome === undefined) {
      await rig.clock.advance(0.05)
      expect(leading?.read('presentPosition')).toBe(shadow?.read('presentPosition'))
    }
    expect(move.outcome.status).toBe('succeeded')
    expectAt(rig, { shoulder: deg(20), elbow: 0 })
  })

  it.each([
    [0, finger.closed],
    [0.5, (finger.closed + finger.open) / 2],
    [1, finger.open],
  ])(
    'grip: opening %f is linear in the way of the fingers, and the right one reads what the left one does',
    async (opening, at) => {
      const rig = await armed({ initial: { ...folded, left_finger: 0.02 } })
      const { opening: measured } = await rig.clock.run(rig.robot.grip({ opening }).value())
      expectAt(rig, { left_finger: at })
      expect(measured).toBeCloseTo(opening, 1)
      const { left_finger: left, right_finger: right } = rig.robot.joints
      expect(right).toEqual(left)
      expect(right).toMatchObject({ status: 'fresh', position: expect.closeTo(at, 3) })
    },
  )

  it('release opens the fingers as wide as they go', async () => {
    const rig = await armed()
    await rig.clock.run(rig.robot.release().value())
    expectAt(rig, { left_finger: finger.open })
  })

  it('the right finger takes no orders: it has no motor', async () => {
    const { robot, clock } = await armed()
    const outcome = await clock.run(robot.execute('moveTo', { right_finger: 0.02 }).result())
    expect(codeOf(outcome)).toBe('TENDON_JOINT_PASSIVE')
  })

  it('a finger that is blocked on the way fails in millimetres, within what its servo can tell', async () => {
    const { robot, clock, sim } = await armed()
    sim.faults.jam('left_finger')
    const outcome = await clock.run(robot.release().result())
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'TENDON_JOINT_STALLED' } })
    expect(outcome.status === 'failed' && outcome.error.what).toMatch(/left_finger stalled at [\d.]+ mm .* 37\.0 mm/)
  })

  it('circle draws its points with a level hand, to within 5 mm, and progress only grows', async () => {
    const { robot, clock, sim } = await armed()
    const run = robot.circle()
    const fractions: number[] = []
    const visited: number[] = []
    const heard = (async () => {
      for await (const { fraction } of run.feedback) {
        fractions.push(fraction)
        const angle = (joint: Joint): number => sim.servo(joint).angle
        const angles = {
          waist: angle('waist'),
          shoulder: angle('shoulder'),
          elbow: angle('elbow'),
          wrist_angle: angle('wrist_angle'),
        }
        const tip = tipAt(angles)
        const point = points[(fractions.length - 1) % points.length]
        if (point) visited.push(Math.hypot(tip.x - point.x, tip.y - point.y, tip.z - point.z))
        expect(toDegrees(angles.shoulder + angles.elbow + angles.wrist_angle)).toBeCloseTo(0, -0.7)
      }
    })()
    expect(await clock.run(run.value())).toEqual({ points: 16 })
    await heard
    expect(visited).toHaveLength(17)
    expect(Math.max(...visited)).toBeLessThan(0.005)
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b))
  })

  it('the geometry of the circle is that of the model: there and back, and the arm upright', () => {
    for (const point of points) {
      const goal = reach(point)
      expect(goal && Object.values(tipAt(goal))).toEqual(Object.values(point).map((x) => expect.closeTo(x, 9)))
      expect(Math.hypot(point.y, point.z - circleOf.centre.z)).toBeCloseTo(circleOf.radius, 9)
    }
    const chain = ['waist', 'shoulder', 'elbow', 'wrist_angle', 'wrist_rotate', 'left_finger'].map(
      (joint) => wx200.hardware.joints[joint]?.origin?.xyz ?? [NaN, NaN, NaN],
    )
    const [x, , z] = chain.reduce(([x, y, z], [dx, dy, dz]) => [x + dx, y + dy, z + dz] as const, [0, 0, 0] as const)
    // The tips are 38.5 mm before the joint of the fingers.
    expect(tipAt(upright)).toEqual({ x: expect.closeTo(x + 0.0385, 9), y: 0, z: expect.closeTo(z, 9) })
    expect(reach({ x: 0.7, y: 0, z: 0.2 })).toBeUndefined()
  })
})

describe('in mid-motion', () => {
  it('a stop parks every joint where it is and takes the power of all seven servos', async () => {
    const { clock, robot, sim, torques, at } = await armed()
    const move = robot.home()
    await clock.advance(1)
    const [before, speed] = [at('shoulder'), Math.abs(toDegrees(sim.servo('shoulder').velocity))]
    expect(speed).toBeGreaterThan(20)
    const verdict = await clock.run(robot.stop({ by: 'test', reason: 'in mid-motion' }))
    expect(verdict.joints.map(({ joint, verdict: of }) => [joint, of])).toEqual(joints.map((joint) => [joint, 'off']))
    expect(torques()).toEqual(OFF)
    expect(await clock.run(move.result())).toMatchObject({ status: 'canceled', reason: 'safety', stopConfirmed: true })
    const stopped = at('shoulder')
    expect(Math.abs(stopped - before)).toBeLessThan(20)
    await clock.advance(1)
    expect(at('shoulder')).toBe(stopped)
  })

  it('retires: folds first, then takes the power away', async () => {
    const rig = await armed({ initial: upright })
    const verdict = await rig.clock.run(rig.robot.retire())
    expect(verdict.confirmed).toBe(true)
    expect(rig.torques()).toEqual(OFF)
    expectAt(rig, folded)
  })

  it('a shadow that keeps its power is not confirmed: the joint is named, and the servo', async () => {
    const { clock, robot, sim, torques } = await armed()
    // Its data line is cut: it hears no stop and holds on.
    sim.faults.silence(3)
    const verdict = await clock.run(robot.stop())
    expect(verdict.joints.filter(({ verdict: of }) => of !== 'off')).toEqual([
      {
        joint: 'shoulder',
        bus: 'servos',
        servo: 2,
        policy: 'park',
        verdict: 'not_confirmed',
        reason: expect.stringMatching(/servo 2 with its shadow 3 .*; servo 3, which follows it, did not answer/),
      },
    ])
    expect(torques()).toEqual([0, 0, 1, 0, 0, 0, 0])
    expect(robot.safety.state).toBe('fault')
    sim.faults.clear(3)
    expect((await clock.run(robot.acknowledge())).confirmed).toBe(true)
    expect([robot.safety.state, torques()]).toEqual(['disarmed', OFF])
  })

  it('a shadow that is lost while armed is a fault of its joint', async () => {
    const { clock, robot, sim, events } = await armed()
    sim.faults.silence(3)
    await clock.advance(0.6)
    expect(robot.safety.state).toBe('fault')
    expect(events('fault')).toMatchObject([{ problem: { facts: { joint: 'shoulder' } } }])
  })
})

describe('a servo that has shut itself down', () => {
  it('is a fault; arming is refused until it has been rebooted, and then the arm works again', async () => {
    const clock = new VirtualClock()
    const made = simulated(wx200, { initial: folded })
    const sim = simulationOf(made)
    const first = await clock.run(start(made, { clock }))
    expect(await clock.run(first.arm())).toEqual({ armed: true })
    sim.faults.overload('elbow')
    await clock.advance(0.5)
    expect(first.safety.state).toBe('fault')
    expect(sim.servo('elbow').read('torqueEnable')).toBe(0)
    await clock.run(first.acknowledge())
    const refused = await clock.run(first.arm())
    expect(refused).toMatchObject({ armed: false, problems: [{ facts: { joint: 'elbow', servo: 4 } }] })
    expect(refused.armed === false && refused.problems[0]?.what).toContain('overload')
    await clock.run(first.close())

    // What a person does: the program is down, a hand holds the arm.
    const mounts = joints.flatMap((joint) => {
      const servo = wx200.hardware.joints[joint]?.servo
      return servo ? [{ joint, servo }] : []
    })
    const { port } = made.hardware.buses.servos ?? { port: undefined }
    if (!port) throw new Error('no port')
    const bus = dynamixel({ port }).create({ clock }, mounts)
    await clock.run(bus.open())
    await clock.run(bus.reboot(4))
    await clock.run(bus.close())

    const second = await clock.run(start(made, { clock }))
    expect(await clock.run(second.arm())).toEqual({ armed: true })
    expect((await clock.run(second.home().result())).status).toBe('succeeded')
    await clock.run(second.close())
    expect(clock.pending).toBe(0)
  })
})

describe('the mapping to servo steps', () => {
  const readme = readFileSync(new URL('./README.md', import.meta.url), 'utf8')
  const table = readme.match(/<!-- mapping -->([\s\S]*?)<!-- \/mapping -->/)?.[1] ?? ''
  const rows = table
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter(([, joint]) => joints.some((known) => known === joint))

  it('has a row for each joint with a servo', () => {
    expect(rows.map(([, joint]) => joint)).toEqual(joints)
  })

  it.each(joints)('%s: what the README says is what model, calibration and simulated servo have', (joint) => {
    const [, , ids, direction, gear, lower, upper, ...steps] = rows.find(([, name]) => name === joint) ?? []
    const spec = wx200.hardware.joints[joint]
    const { servo } = spec ?? {}
    expect([[servo?.id, ...(servo?.shadows ?? [])].join(', '), spec?.direction ?? 1, spec?.gear ?? 1]).toEqual([
      ids,
      Number(direction),
      Number(gear),
    ])
    const shown = (x = NaN): string => (spec?.type === 'prismatic' ? `${x} m` : `${toDegrees(x).toFixed(1)} deg`)
    expect(spec?.position.map(shown)).toEqual([lower, upper])
    const [min = NaN, max = NaN] = spec?.position ?? []
    const stepAt = (at: number): number =>
      simulationOf(simulated(wx200, { initial: { [joint]: at } }))
        .servo(joint)
        .read('presentPosition')
    expect([min, max].map(stepAt)).toEqual(steps.slice(0, 2).map(Number))
    const { rangeMin = NaN, rangeMax = NaN } = wx200.hardware.calibration[joint] ?? {}
    expect(rangeMin).toBeLessThanOrEqual(Math.min(stepAt(min), stepAt(max)))
    expect(rangeMax).toBeGreaterThanOrEqual(Math.max(stepAt(min), stepAt(max)))
  })
})
