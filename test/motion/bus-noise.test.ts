import { defineRobot, deg, degPerSec } from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { harness } from 'tendon/testing'
import { describe, expect, it } from 'vitest'
import { statusView } from '../../src/cli/control/views.ts'
import { serial } from '../../src/transports/serial.ts'

const joint = (id: number) =>
  ({
    servo: sts3215('servos', id),
    position: [deg(-90), deg(90)],
    velocity: degPerSec(120),
    stop: 'park',
  }) as const
const model = defineRobot('arm', {
  buses: { servos: feetech({ port: serial({ path: '/dev/none', baudRate: 1_000_000 }) }) },
  joints: { pan: joint(1), lift: joint(2), jaw: joint(3) },
})
const arm = model.with({ move: model.moveTo() })

async function world(seed = 1) {
  const rig = await harness(arm, { seed })
  const noisy = () =>
    rig
      .events('note')
      .flatMap(({ what, facts }) => (what === 'bus_noisy' ? [facts as { joint: string; lost: number }] : []))
  return { ...rig, noisy, counts: () => rig.robot.health().servos?.servos ?? {} }
}

describe('the replies of each servo', () => {
  it('are counted: on a good line every question has its answer, and the last one is fresh', async () => {
    const { clock, counts, noisy, arm: armIt, close } = await world()
    await armIt()
    await clock.advance(5)
    for (const { asked, answered, late, lost, streak, lastAnswer } of Object.values(counts())) {
      expect(asked).toBeGreaterThan(240)
      expect({ answered, late, lost, streak }).toEqual({ answered: asked, late: 0, lost: 0, streak: 0 })
      expect(clock.now() - (lastAnswer ?? 0)).toBeLessThan(0.03)
    }
    expect([Object.keys(counts()), noisy()]).toEqual([['1', '2', '3'], []])
    await close()
  })

  it('that are lost are those of the servo that lost them', async () => {
    const { clock, sim, counts, arm: armIt, close } = await world()
    await armIt()
    sim.faults.dropReplies('pan', { probability: 0.3 })
    await clock.advance(10)
    const { 1: pan, 2: lift, 3: jaw } = counts()
    expect((pan?.lost ?? 0) / (pan?.asked ?? 1)).toBeGreaterThan(0.2)
    expect((pan?.lost ?? 0) / (pan?.asked ?? 1)).toBeLessThan(0.4)
    expect([lift?.lost, lift?.late, jaw?.lost, jaw?.late]).toEqual([0, 0, 0, 0])
    await close()
  })

  it('that come late are late, and next to none of them is lost', async () => {
    const { clock, sim, counts, robot, arm: armIt, close } = await world()
    await armIt()
    sim.faults.delayReplies('lift', 0.04)
    await clock.advance(10)
    const { asked = 0, late = 0, lost = 0 } = counts()[2] ?? {}
    expect(late).toBeGreaterThan(5)
    expect(lost / asked).toBeLessThan(0.05)
    expect(robot.safety.state).toBe('armed')
    await close()
  })

  it('are in what status shows, by joint, with how long ago the last one came', async () => {
    const { clock, sim, robot, close } = await world()
    await clock.advance(3)
    sim.faults.silence('jaw')
    await clock.advance(4)
    const { replies, buses } = statusView({ robot: robot as never, definition: arm as never, simulated: true, clock })
    expect(replies.map(({ joint, bus, servo }) => [joint, bus, servo])).toEqual([
      ['pan', 'servos', 1],
      ['lift', 'servos', 2],
      ['jaw', 'servos', 3],
    ])
    expect(replies[0]).toMatchObject({ lost: 0, streak: 0 })
    expect(replies[2]?.streak).toBeGreaterThan(20)
    expect(replies[2]?.quiet).toBeGreaterThan(3.8)
    expect(buses.servos?.isOpen).toBe(true)
    sim.faults.unplug()
    await clock.advance(1)
    expect(robot.health().servos?.isOpen).toBe(false)
    await close()
  })
})

describe('a servo with a bad contact', () => {
  it('is told once, with its numbers and as a problem, and nothing ends', async () => {
    const { clock, sim, robot, run, noisy, events, arm: armIt, close } = await world()
    await armIt()
    sim.faults.dropReplies('pan', { probability: 0.3 })
    expect((await run(robot.move({ pan: deg(60) }).result())).status).toBe('succeeded')
    await clock.advance(20)
    expect(noisy()).toHaveLength(1)
    expect(noisy()[0]).toMatchObject({ joint: 'pan', bus: 'servos', servo: 1, problem: { code: 'TENDON_BUS_NOISY' } })
    expect(noisy()[0]?.lost).toBeGreaterThanOrEqual(10)
    expect([events('fault'), robot.safety.state]).toEqual([[], 'armed'])
    await close()
  })

  it('that loses one reply in fifty is not worth a word', async () => {
    const { clock, sim, robot, noisy, arm: armIt, close } = await world()
    await armIt()
    sim.faults.dropReplies('pan', { probability: 0.02 })
    await clock.advance(60)
    expect([noisy(), robot.safety.state]).toEqual([[], 'armed'])
    await close()
  })

  it('that loses most of them is a fault although it is never silent for long: everything is stopped and verified', async () => {
    const { clock, sim, robot, events, arm: armIt, close } = await world()
    await armIt()
    // Three in a row, ten times a second: an answer comes at least every 100 ms.
    for (let time = 0; time < 80; time++) {
      sim.faults.dropReplies('pan', { next: 3 })
      await clock.advance(0.1)
    }
    expect(events('fault')[0]?.problem).toMatchObject({
      code: 'TENDON_SERVO_INTERMITTENT',
      power: 'unknown',
      facts: { joint: 'pan', servo: 1 },
    })
    expect(robot.safety.state).toBe('fault')
    expect(sim.servos.map(({ powered }) => powered)).toEqual([false, false, false])
    await close()
  })

  it('without power is told and is no fault', async () => {
    const { clock, sim, robot, noisy, events, close } = await world()
    sim.faults.dropReplies('pan', { probability: 0.6 })
    await clock.advance(60)
    expect(noisy().length).toBeGreaterThan(0)
    expect([events('fault'), robot.safety.state]).toEqual([[], 'disarmed'])
    await close()
  })

  it('whose supply was off for a while is not noisy when it is back', async () => {
    const { clock, sim, noisy, close } = await world()
    await clock.advance(5)
    sim.faults.supply(0)
    await clock.advance(30)
    sim.faults.supply(undefined)
    await clock.advance(60)
    expect(noisy()).toEqual([])
    await close()
  })
})
