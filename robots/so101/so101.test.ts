import { readFileSync } from 'node:fs'
import { deg, toDegrees } from 'tendon'
import { playback, type SimulationOptions, simulated, simulationOf } from 'tendon/sim'
import { harness, memoryLink } from 'tendon/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { folded, jaws, joints, zero } from './poses.ts'
import so101 from './robot.ts'

const compass = playback({
  bytes: readFileSync(new URL('./recordings/heading.log', import.meta.url)),
  baudRate: 4800,
  loop: true,
})

/** Degrees that a joint may be off its goal: the tolerance of a move, and one step. */
const NEAR = 1.3

const rigs: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close()
})

async function begin(options: SimulationOptions = {}) {
  const rig = await harness(so101, { initial: folded, sensors: { heading: compass }, ...options })
  rigs.push(rig)
  const { sim } = rig
  const angle = (joint: string): number => toDegrees(sim.servo(joint).angle)
  const torques = (): number[] => sim.servos.map((servo) => servo.read('torqueEnable'))
  return { ...rig, angle, torques }
}

async function armed(options: SimulationOptions = {}) {
  const rig = await begin(options)
  expect(await rig.clock.run(rig.robot.arm())).toEqual({ armed: true })
  return rig
}

describe('the SO-101 listens', () => {
  it('hears how warm the room is through its broker, and nobody can tell a minute after it fell silent', async () => {
    const lab = memoryLink()
    const { robot, clock } = await begin({ links: { lab } })
    expect(robot.sensors.room.health()).toBe('unknown')
    lab.say('room/temperature', 22.5)
    lab.say('room/temperature', 'hot')
    expect(robot.sensors.room.latest()).toMatchObject({ status: 'fresh', reading: { value: 22.5 } })
    await clock.advance(61)
    expect(robot.sensors.room.health()).toBe('stale')
  })
})

describe('the SO-101 goes home', () => {
  it('as fast as the parameter cruise says, which takes no value out of its range', async () => {
    const { robot, clock } = await armed()
    const timed = async (): Promise<number> => {
      const began = clock.now()
      await clock.run(robot.home().value())
      return clock.now() - began
    }
    await timed()
    await clock.run(robot.moveTo({ shoulder_pan: deg(60) }).value())
    const usual = await timed()
    await clock.run(robot.moveTo({ shoulder_pan: deg(60) }).value())
    await clock.run(robot.parameters.set('cruise', 0.2))
    expect(await timed()).toBeGreaterThan(2 * usual)
    await expect(clock.run(robot.parameters.set('cruise', 2))).rejects.toMatchObject({
      code: 'TENDON_PARAMETER_INVALID',
    })
    expect(robot.parameters.get('cruise')).toBe(0.2)
  })
})

describe('the SO-101 arms and disarms', () => {
  it('comes up disarmed, without power, and arms where it stands', async () => {
    const { clock, robot, torques, angle } = await begin()
    expect([robot.state, torques()]).toEqual(['disarmed', [0, 0, 0, 0, 0, 0]])
    const before = joints.map(angle)
    expect(await clock.run(robot.arm())).toEqual({ armed: true })
    expect([robot.state, torques()]).toEqual(['idle', [1, 1, 1, 1, 1, 1]])
    for (const [i, joint] of joints.entries()) expect(Math.abs(angle(joint) - (before[i] ?? NaN))).toBeLessThan(1)
  })

  it('holds its calibration in the registers, and refuses to arm a servo that holds another', async () => {
    const { clock, robot, sim } = await begin({ joints: { wrist_roll: { registers: { positionOffset: 12 } } } })
    expect(sim.servo('elbow_flex').read('positionOffset')).toBe(-1034)
    const verdict = await clock.run(robot.arm())
    expect(verdict).toMatchObject({
      armed: false,
      problems: [{ code: 'TENDON_ARM_CALIBRATION', facts: { joint: 'wrist_roll', servo: 5 } }],
    })
  })

  it('retires: folds first, then takes the power away, every servo confirmed', async () => {
    const { clock, robot, torques, angle } = await armed()
    await clock.run(robot.home().value())
    const verdict = await clock.run(robot.retire())
    expect(verdict.joints.map(({ verdict }) => verdict)).toEqual(Array(6).fill('off'))
    expect(torques()).toEqual([0, 0, 0, 0, 0, 0])
    for (const joint of joints) expect(Math.abs(angle(joint) - toDegrees(folded[joint]))).toBeLessThan(NEAR)
  })

  it('with servo 3 muted, disarm reports servo 3, the elbow, and no other', async () => {
    const { clock, robot, sim, torques } = await armed()
    sim.faults.silence('elbow_flex')
    const verdict = await clock.run(robot.disarm())
    const unsure = verdict.joints.filter(({ verdict }) => verdict === 'not_confirmed')
    expect(unsure.map(({ joint, servo }) => [joint, servo])).toEqual([['elbow_flex', 3]])
    expect(robot.safety.state).toBe('fault')
    expect(torques()).toEqual([0, 0, 1, 0, 0, 0])
    sim.faults.clear('elbow_flex')
    expect((await clock.run(robot.acknowledge())).confirmed).toBe(true)
    expect([robot.safety.state, torques()]).toEqual(['disarmed', [0, 0, 0, 0, 0, 0]])
  })
})

describe('the mapping to servo steps', () => {
  const readme = readFileSync(new URL('./README.md', import.meta.url), 'utf8')
  const table = readme.match(/<!-- mapping -->([\s\S]*?)<!-- \/mapping -->/)?.[1] ?? ''
  const rows = table
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter(([, joint]) => joints.some((known) => known === joint))

  it('has a row for each joint', () => {
    expect(rows.map(([, joint]) => joint)).toEqual(joints)
  })

  it.each(joints)(
    '%s: limits, direction and steps of the README are those of model, calibration and servo',
    (joint) => {
      const [, , id, direction, lower, upper, ...steps] = rows.find(([, name]) => name === joint) ?? []
      const spec = so101.hardware.joints[joint]
      expect([spec?.servo?.id, spec?.direction, spec?.gear, spec?.offset]).toEqual([
        Number(id),
        Number(direction),
        undefined,
        undefined,
      ])
      expect(spec?.position).toEqual([Number(lower), Number(upper)])
      const stepAt = (angle: number): number =>
        simulationOf(simulated(so101, { initial: { [joint]: angle } }))
          .servo(joint)
          .read('presentPosition')
      expect([Number(lower), 0, Number(upper)].map(stepAt)).toEqual(steps.slice(0, 3).map(Number))
      const { rangeMin = NaN, rangeMax = NaN } = so101.hardware.calibration[joint] ?? {}
      expect(rangeMin).toBeLessThanOrEqual(Number(steps[0]))
      expect(rangeMax).toBeGreaterThanOrEqual(Number(steps[2]))
    },
  )

  it('the jaws of `grip` are the limits of the gripper, and the poses are inside all limits', () => {
    expect(so101.hardware.joints.gripper?.position).toEqual([jaws.closed, jaws.open])
    for (const joint of joints) {
      const [min, max] = so101.hardware.joints[joint]?.position ?? [NaN, NaN]
      for (const pose of [folded, zero]) {
        expect(pose[joint]).toBeGreaterThanOrEqual(min)
        expect(pose[joint]).toBeLessThanOrEqual(max)
      }
    }
  })

  it('asks for no acceleration that the firmware would clamp', () => {
    for (const joint of joints) expect(toDegrees(so101.hardware.joints[joint]?.acceleration ?? NaN)).toBeLessThan(439)
  })
})

describe('its commands', () => {
  it('home brings every joint to zero, all at the same time', async () => {
    const { clock, robot, angle } = await armed()
    const { position } = await clock.run(robot.home().value())
    for (const joint of joints) {
      expect(Math.abs(angle(joint) - toDegrees(zero[joint]))).toBeLessThan(NEAR)
      expect(position[joint]).toBeCloseTo(zero[joint], 1)
    }
  })

  it('moveTo moves the named joints only, and ends when they are there', async () => {
    const { clock, robot, angle, sim } = await armed()
    const goal = { shoulder_pan: deg(40), elbow_flex: deg(30) }
    await clock.run(robot.moveTo(goal).value())
    expect(Math.abs(angle('shoulder_pan') - 40)).toBeLessThan(NEAR)
    expect(Math.abs(angle('elbow_flex') - 30)).toBeLessThan(NEAR)
    expect(Math.abs(angle('shoulder_lift') - toDegrees(folded.shoulder_lift))).toBeLessThan(NEAR)
    expect(sim.servo('shoulder_pan').moving).toBe(false)
  })

  it('refuses an angle outside a limit, naming joint and limit, and changes nothing', async () => {
    const { clock, robot, sim } = await armed()
    const goals = sim.servos.map((servo) => servo.read('goalPosition'))
    const outcome = await clock.run(robot.moveTo({ shoulder_pan: deg(120) }).result())
    expect(outcome).toMatchObject({ status: 'refused', error: { code: 'TENDON_GOAL_INVALID' } })
    expect(outcome.status === 'refused' && outcome.error.what).toContain('shoulder_pan')
    await clock.advance(0.5)
    expect(sim.servos.map((servo) => servo.read('goalPosition'))).toEqual(goals)
  })

  it.each([
    [0, jaws.closed],
    [0.5, (jaws.closed + jaws.open) / 2],
    [1, jaws.open],
  ])('grip: opening %f is linear in the angle of the jaw', async (opening, expected) => {
    const { clock, robot, angle } = await armed({ initial: zero })
    const { opening: measured } = await clock.run(robot.grip({ opening }).value())
    expect(Math.abs(angle('gripper') - toDegrees(expected))).toBeLessThan(NEAR)
    expect(measured).toBeCloseTo(opening, 1)
  })

  it('wave swings the hand both ways as often as asked, with progress that only grows', async () => {
    const { clock, robot, angle } = await armed({ initial: zero })
    const run = robot.wave({ times: 2 })
    const fractions: number[] = []
    const heard = (async () => {
      for await (const { fraction } of run.feedback) fractions.push(fraction)
    })()
    const swings: number[] = []
    while (run.outcome === undefined) {
      await clock.advance(0.02)
      swings.push(angle('wrist_flex'))
    }
    await heard
    expect(run.outcome).toEqual({ status: 'succeeded', value: { times: 2 } })
    expect([Math.min(...swings), Math.max(...swings)]).toEqual([expect.closeTo(-35, -0.5), expect.closeTo(35, -0.5)])
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b))
    expect(fractions.at(-1)).toBe(1)
  })

  it('scan runs beside a motion and gives the circular mean of what the compass said', async () => {
    const { clock, robot, events } = await armed()
    const scan = robot.scan({ seconds: 2 })
    const move = robot.home()
    await clock.advance(0.2)
    expect(robot.runs().map(({ command, category }) => [command, category])).toEqual([
      ['scan', 'sensing'],
      ['home', 'motion'],
    ])
    expect((await clock.run(move.result())).status).toBe('succeeded')
    const headings = await clock.run(scan.value())
    // 24 rounds of two headings and one XDR take 4.4 s at 4800 baud.
    expect(headings.readings).toBeGreaterThan(15)
    expect(toDegrees(headings.mean ?? NaN)).toBeGreaterThan(211)
    expect(toDegrees(headings.mean ?? NaN)).toBeLessThan(214)
    expect(robot.sensors.heading.counts()).toMatchObject({ bad: {}, faults: 0 })
    expect(events('refused')).toEqual([])
  })

  it('scan says nothing rather than zero when the compass is silent', async () => {
    const silent = playback({ bytes: new Uint8Array(0), baudRate: 4800 })
    const { clock, robot } = await begin({ sensors: { heading: silent } })
    expect(await clock.run(robot.scan({ seconds: 1 }).value())).toEqual({ readings: 0, duration: 0 })
  })
})

describe('in mid-motion', () => {
  it('a newer motion preempts an older one, which has stopped before the newer starts', async () => {
    const { clock, robot, events, angle } = await armed()
    const first = robot.home()
    await clock.advance(0.5)
    const second = robot.moveTo({ shoulder_pan: deg(-60) })
    expect(await clock.run(first.result())).toMatchObject({
      status: 'canceled',
      reason: 'preempted',
      stopConfirmed: true,
    })
    expect((await clock.run(second.result())).status).toBe('succeeded')
    const ended = events('ended').find(({ run }) => run === first.id)
    const started = events('started').find(({ run }) => run === second.id)
    expect(ended?.seq).toBeLessThan(started?.seq ?? 0)
    expect(Math.abs(angle('shoulder_pan') + 60)).toBeLessThan(NEAR)
  })

  it('halt preempts the motion; the arm stands still and keeps its power', async () => {
    const { clock, robot, sim, torques } = await armed()
    const move = robot.home()
    await clock.advance(0.6)
    expect(sim.servo('elbow_flex').moving).toBe(true)
    expect((await clock.run(robot.halt().result())).status).toBe('succeeded')
    expect(await clock.run(move.result())).toMatchObject({ status: 'canceled', reason: 'preempted' })
    expect(sim.servos.some(({ moving }) => moving)).toBe(false)
    expect(torques()).toEqual([1, 1, 1, 1, 1, 1])
  })

  it('a stop parks every joint where it is and takes its power, as the registers show', async () => {
    const { clock, robot, sim, torques, angle } = await armed()
    const move = robot.home()
    await clock.advance(0.8)
    const [before, speed] = [angle('elbow_flex'), Math.abs(toDegrees(sim.servo('elbow_flex').velocity))]
    expect(speed).toBeGreaterThan(30)
    const verdict = await clock.run(robot.stop({ by: 'test', reason: 'in mid-motion' }))
    expect(verdict.confirmed).toBe(true)
    expect(torques()).toEqual([0, 0, 0, 0, 0, 0])
    expect(await clock.run(move.result())).toMatchObject({ status: 'canceled', reason: 'safety', stopConfirmed: true })
    const stopped = angle('elbow_flex')
    expect(Math.abs(stopped - before)).toBeLessThan(20)
    expect(Math.abs(stopped)).toBeGreaterThan(10)
    await clock.advance(1)
    expect(angle('elbow_flex')).toBe(stopped)
    expect(robot.safety).toMatchObject({ state: 'disarmed', latch: { by: 'test' } })
  })

  it('after a stop, motion takes three acts: reset, arm, command', async () => {
    const { clock, robot } = await armed()
    await clock.run(robot.stop())
    expect(await clock.run(robot.arm())).toMatchObject({ armed: false, problems: [{ code: 'TENDON_LATCHED' }] })
    robot.reset()
    expect(await clock.run(robot.home().result())).toMatchObject({ status: 'refused' })
    expect(await clock.run(robot.arm())).toEqual({ armed: true })
    expect((await clock.run(robot.home().result())).status).toBe('succeeded')
  })

  it('a joint that is stuck makes the motion fail, naming it', async () => {
    const { clock, robot, sim } = await armed()
    sim.faults.jam('elbow_flex')
    const outcome = await clock.run(robot.home().result())
    expect(outcome).toMatchObject({
      status: 'failed',
      error: { code: 'TENDON_JOINT_STALLED', facts: { joint: 'elbow_flex' } },
    })
  })
})
