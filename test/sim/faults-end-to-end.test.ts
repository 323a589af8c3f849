import { describe, expect, it } from 'vitest'
import { feetech, sts3215 } from '../../src/drivers/feetech/index.ts'
import { defineRobot, deg, degPerSec } from '../../src/index.ts'
import { scheduleFaults } from '../../src/sim/index.ts'
import { type HarnessOptions, harness } from '../../src/testing/index.ts'
import { serial } from '../../src/transports/serial.ts'

const shape = { position: [deg(-90), deg(90)], velocity: degPerSec(120), stop: 'park' } as const
const port = serial({ path: '/dev/none', baudRate: 1_000_000 })
const parts = {
  categories: { motion: { limit: 1, conflict: 'preempt' } },
  joints: {
    pan: { ...shape, servo: sts3215('servos', 1) },
    lift: { ...shape, servo: sts3215('servos', 2) },
    jaw: { ...shape, servo: sts3215('servos', 3) },
  },
} as const
const model = defineRobot('arm', { ...parts, buses: { servos: feetech({ port }) } })
const arm = model.with({ moveTo: model.moveTo({ category: 'motion' }) })
const echoing = defineRobot('arm', { ...parts, buses: { servos: feetech({ port, echo: true }) } })
const echoArm = echoing.with({ moveTo: echoing.moveTo({ category: 'motion' }) })

/** What a robot made of a fault: how its moves ended, and what its operator found. */
async function live(fault: string, options: HarnessOptions & { readonly definition?: typeof arm } = {}) {
  const { definition = arm, ...rest } = options
  const rig = await harness(definition, rest)
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
  const health = robot.health().servos
  const safety = robot.safety.state
  const disarmed = await run(robot.disarm())
  const unsure = disarmed.joints.filter(({ verdict }) => verdict !== 'off').map(({ joint }) => joint)
  end()
  /** Whether the robot can be had back when the fault is over. */
  const recovers = async (): Promise<boolean> => {
    await run(robot.acknowledge())
    return (await run(robot.arm())).armed
  }
  return { ...rig, moves, faults, health, safety, unsure, recovers }
}

const ALL_WELL = Array(4).fill('succeeded')
const [FAULT, FAILED] = ['refused TENDON_IN_FAULT', 'failed TENDON_JOINT_STALLED']

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
  ])(
    '%s ends no control loop: every move arrives, the robot stays armed and is verified off at the end',
    async (fault) => {
      const { moves, safety, faults, unsure, close } = await live(fault)
      expect({ moves, safety, faults, unsure }).toEqual({ moves: ALL_WELL, safety: 'armed', faults: [], unsure: [] })
      await close()
    },
  )

  it('is counted: lost and corrupt replies as retries, late and double ones as unexpected', async () => {
    const clean = await live('pan=slow:1')
    expect(clean.health).toMatchObject({ retries: 0, timeouts: 0, corrupt: 0, unexpected: 0 })
    const drop = await live('all=drop:10%')
    expect(drop.health?.retries).toBeGreaterThan(10)
    expect(drop.health?.corrupt).toBe(0)
    const corrupt = await live('all=corrupt:10%')
    expect(corrupt.health?.corrupt).toBeGreaterThan(10)
    const double = await live('all=duplicate:50%')
    expect(double.health?.unexpected).toBeGreaterThan(100)
    expect(double.health?.retries).toBe(0)
    const late = await live('pan=delay:40ms')
    expect(late.health?.unexpected).toBeGreaterThan(0)
    for (const { close } of [clean, drop, corrupt, double, late]) await close()
  })

  it('that echoes is no disturbance at all for a driver that was told so', async () => {
    const { moves, health, close } = await live('pan=slow:1', {
      definition: echoArm as unknown as typeof arm,
      echo: true,
    })
    expect(moves).toEqual(ALL_WELL)
    expect(health).toMatchObject({ retries: 0, timeouts: 0, corrupt: 0 })
    await close()
  })
})

describe('a servo that is silent', () => {
  it('for ever: fault within half a second, everything stopped, and after the disarm it alone is not confirmed', async () => {
    const { moves, faults, safety, unsure, events, recovers, close } = await live('lift=silent@0.2s')
    expect(moves).toEqual(['canceled safety', FAULT, FAULT, FAULT])
    expect([safety, faults[0], unsure]).toEqual(['fault', 'TENDON_SERVO_LOST', ['lift']])
    const armed = events('safety').find(({ to }) => to === 'armed')?.at ?? 0
    expect((events('fault')[0]?.at ?? Infinity) - armed).toBeLessThan(0.7)
    expect(await recovers()).toBe(true)
    await close()
  })

  it('for a tenth of a second is a hole in its readings, and ends nothing', async () => {
    const { moves, safety, events, close } = await live('lift=silent@0.2s..0.3s')
    expect([moves, safety]).toEqual([ALL_WELL, 'armed'])
    expect(events('note').some(({ what }) => what === 'reading_missed')).toBe(true)
    await close()
  })
})

describe('a joint that does not follow', () => {
  it.each(['pan=stuck@0.1s', 'pan=slow:10%'])(
    '%s fails its moves, naming the joint; the robot stays armed and can be disarmed',
    async (fault) => {
      const { moves, safety, unsure, events, recovers, close } = await live(fault)
      expect(moves).toEqual([FAILED, FAILED, FAILED, FAILED])
      expect([safety, unsure]).toEqual(['armed', []])
      const [found] = events('ended').map(({ problem }) => problem)
      expect(found?.facts).toMatchObject({ joint: 'pan' })
      expect(await recovers()).toBe(true)
      await close()
    },
  )

  it('a little slower than it was told arrives all the same', async () => {
    const { moves, close } = await live('pan=slow:80%')
    expect(moves).toEqual(ALL_WELL)
    await close()
  })
})

describe('a servo that raises an alarm', () => {
  it.each([
    ['pan=overload@0.2s', 'overload'],
    ['pan=over-temperature@0.2s', 'temperature'],
    ['pan=brown-out:3.5V@0.2s', 'voltage'],
  ])(
    '%s: a fault that names the servo and the %s alarm; verified off; armed again when it is over',
    async (fault, alarm) => {
      const { moves, faults, safety, unsure, events, recovers, close } = await live(fault)
      expect(moves).toEqual(['canceled safety', FAULT, FAULT, FAULT])
      expect([safety, faults, unsure]).toEqual(['fault', ['TENDON_SERVO_ALARM'], []])
      const facts = events('fault')[0]?.problem.facts ?? {}
      expect(facts).toMatchObject({ joint: 'pan', servo: 1 })
      expect(JSON.stringify(facts)).toContain(alarm)
      expect(await recovers()).toBe(true)
      await close()
    },
  )
})

describe('power and cables', () => {
  it('a servo that browns out is lost: fault; without power it is not confirmed, with power again it can be armed', async () => {
    const { moves, faults, unsure, recovers, sim, close } = await live('jaw=brown-out@0.2s')
    expect(moves[0]).toBe('canceled safety')
    expect([faults[0], unsure]).toEqual(['TENDON_SERVO_LOST', ['jaw']])
    expect(await recovers()).toBe(true)
    expect(sim.servo('jaw').read('torqueEnable')).toBe(1)
    await close()
  })

  it('a servo whose supply sags too shortly to fall silent has restarted without torque, and that is a fault', async () => {
    const rig = await harness(arm)
    await rig.arm()
    const end = scheduleFaults(rig.sim, rig.clock, ['lift=brown-out@1s..1.01s'])
    await rig.clock.advance(4)
    expect(rig.sim.servo('lift').read('torqueEnable')).toBe(0)
    expect(rig.events('fault').map(({ problem }) => [problem.code, problem.facts.joint])).toEqual([
      ['TENDON_SERVO_POWER_LOST', 'lift'],
    ])
    expect(rig.robot.safety.state).toBe('fault')
    expect((await rig.run(rig.robot.acknowledge())).confirmed).toBe(true)
    expect((await rig.run(rig.robot.arm())).armed).toBe(true)
    end()
    await rig.close()
  })

  it('a supply that fails for half a second on all servos is lost hardware; nothing has power when it is back', async () => {
    const { moves, faults, sim, safety, recovers, close } = await live('all=brown-out@0.2s..0.7s')
    expect([moves[0], faults[0], safety]).toEqual(['failed TENDON_HARDWARE_LOST', 'TENDON_HARDWARE_LOST', 'fault'])
    expect(sim.servos.map((servo) => servo.read('torqueEnable'))).toEqual([0, 0, 0])
    expect(await recovers()).toBe(true)
    await close()
  })

  it('a cable that is pulled fails the move with hardware_lost, is a fault, and no servo is confirmed off', async () => {
    const { moves, faults, safety, unsure, events, close } = await live('servos=unplug@0.2s')
    // What the body's own call told it is what ended the run, and nothing that user code threw on its way out.
    expect(events('user_code_threw')).toEqual([])
    expect(moves).toEqual(['failed TENDON_HARDWARE_LOST', FAULT, FAULT, FAULT])
    expect([faults[0], safety, unsure]).toEqual(['TENDON_HARDWARE_LOST', 'fault', ['pan', 'lift', 'jaw']])
    await close()
  })
})
