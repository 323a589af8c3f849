import { describe, expect, it } from 'vitest'
import { hobbyServo, pca9685 } from '../../src/drivers/pca9685/index.ts'
import { defineRobot, deg, degPerSec } from '../../src/index.ts'
import { harness } from '../../src/testing/index.ts'
import { gpioOutput } from '../../src/transports/gpio.ts'
import { i2c } from '../../src/transports/i2c.ts'

const usual = { speed: degPerSec(300), assumed: 0 } as const

/** A pan-tilt head: two hobby servos, one of them mounted the other way round. */
const head = (outputEnable = false) => {
  const model = defineRobot('head', {
    categories: { motion: { conflict: 'preempt' } },
    buses: {
      pwm: pca9685({
        port: i2c({ bus: 1 }),
        ...(outputEnable && { outputEnable: gpioOutput({ chip: 'gpiochip0', line: 4 }) }),
      }),
    },
    joints: {
      pan: { servo: hobbyServo('pwm', 0, usual), position: [deg(-80), deg(80)], velocity: degPerSec(90), stop: 'park' },
      tilt: {
        servo: hobbyServo('pwm', 3, { ...usual, pulse: [1000, 2000], travel: deg(90) }),
        position: [deg(-40), deg(40)],
        velocity: degPerSec(60),
        direction: -1,
        stop: 'hold',
      },
    },
  })
  return model.with({ look: model.moveTo({ category: 'motion' }) })
}

describe('a robot of hobby servos on the simulator', () => {
  it('moves to where it is told, and says that arrival is told by time', async () => {
    await using rig = await harness(head())
    await rig.arm()
    const outcome = await rig.run(rig.robot.look({ pan: deg(45), tilt: deg(-30) }).result())
    expect(outcome).toMatchObject({ status: 'succeeded', value: { estimated: true } })
    expect(rig.sim.servo('pan').angle).toBeCloseTo(deg(45), 2)
    expect(rig.sim.servo('tilt').angle).toBeCloseTo(deg(-30), 2)
    // -30 degrees, the other way round, are a third of the way from the middle: 1833 us.
    expect(rig.sim.servo('tilt').read('pulse')).toBeCloseTo(1833, -1)
    expect(rig.robot.joints.pan).toMatchObject({ status: 'fresh', estimated: true })
  })

  it('tells before it powers anything where it takes its joints to be', async () => {
    await using rig = await harness(head())
    await rig.arm()
    const [note] = rig.events('note').filter(({ what }) => what === 'position_assumed')
    expect(note?.facts).toMatchObject({ joints: { pan: 0 }, estimated: true })
    expect(note?.seq).toBeLessThan(rig.events('safety').find(({ to }) => to === 'armed')?.seq ?? 0)
  })

  it('jumps at arming when it stands elsewhere than it is taken to, and nobody sees it: the servo says nothing', async () => {
    await using rig = await harness(head(), { initial: { pan: deg(60) } })
    expect(rig.sim.servo('pan').angle).toBeCloseTo(deg(60), 3)
    await rig.arm()
    await rig.clock.advance(1)
    expect(rig.sim.servo('pan').angle).toBeCloseTo(0, 2)
    expect(rig.robot.safety.state).toBe('armed')
  })

  it('stops in mid-motion: one joint off, the other holds, and both are read back', async () => {
    await using rig = await harness(head())
    await rig.arm()
    const look = rig.robot.look({ pan: deg(70), tilt: deg(35) })
    await rig.clock.advance(0.4)
    const verdict = await rig.run(rig.robot.stop())
    expect(verdict.confirmed).toBe(true)
    expect(verdict.joints.map(({ joint, verdict: found }) => [joint, found])).toEqual([
      ['pan', 'off'],
      ['tilt', 'holding'],
    ])
    expect((await rig.run(look.result())).status).toBe('canceled')
    expect(rig.sim.servo('pan').powered).toBe(false)
    expect(rig.sim.servo('tilt').powered).toBe(true)
    const { angle } = rig.sim.servo('tilt')
    await rig.clock.advance(1)
    expect(rig.sim.servo('tilt').angle).toBeCloseTo(angle, 3)
    expect(angle).toBeLessThan(deg(30))
  })

  it('does not jerk back when it is stopped: no joint turns the other way', async () => {
    await using rig = await harness(head())
    await rig.arm()
    void rig.robot.look({ tilt: deg(35) })
    await rig.clock.advance(0.4)
    const before = rig.sim.servo('tilt').angle
    const stopping = rig.robot.stop()
    let lowest = before
    for (let i = 0; i < 50; i++) {
      await rig.clock.advance(0.004)
      lowest = Math.min(lowest, rig.sim.servo('tilt').angle)
    }
    await rig.run(stopping)
    expect(before - lowest).toBeLessThan(deg(0.1))
  })

  it('is armed again where its last pulses left it, and what holds goes on holding', async () => {
    await using rig = await harness(head())
    await rig.arm()
    await rig.run(rig.robot.look({ pan: deg(30), tilt: deg(20) }).result())
    expect((await rig.run(rig.robot.disarm())).confirmed).toBe(true)
    await rig.arm()
    expect(rig.sim.servo('pan').angle).toBeCloseTo(deg(30), 1)
    const outcome = await rig.run(rig.robot.look({ pan: deg(0), tilt: deg(0) }).result())
    expect(outcome.status).toBe('succeeded')
    expect((await rig.run(rig.robot.disarm({ cut: true }))).joints.map(({ verdict }) => verdict)).toEqual([
      'off',
      'off',
    ])
  })

  it('lets a limp joint fall under its load, and does not know it', async () => {
    await using rig = await harness(head(), { joints: { pan: { gravity: 0.5 } } })
    await rig.arm()
    await rig.run(rig.robot.disarm({ cut: true }))
    await rig.clock.advance(3)
    expect(rig.sim.servo('pan').angle).toBeGreaterThan(deg(60))
    expect(rig.robot.joints.pan).toMatchObject({ estimated: true })
    const { pan } = rig.robot.joints
    expect(pan.status === 'unknown' ? undefined : pan.position).toBeCloseTo(0, 2)
  })

  it('does not notice that something holds a joint: it arrives by the clock', async () => {
    await using rig = await harness(head())
    await rig.arm()
    rig.sim.faults.jam('pan')
    expect(await rig.run(rig.robot.look({ pan: deg(45) }).result())).toMatchObject({
      status: 'succeeded',
      value: { estimated: true },
    })
    expect(rig.sim.servo('pan').angle).toBeCloseTo(0, 2)
  })

  it('whose chip falls silent is in fault within 250 ms, and says that power may be on', async () => {
    await using rig = await harness(head())
    await rig.arm()
    rig.sim.faults.silence('pan')
    await rig.clock.advance(0.25)
    expect(rig.robot.safety.state).toBe('fault')
    const [fault] = rig.events('fault')
    expect(fault?.problem).toMatchObject({ code: 'TENDON_HARDWARE_LOST', power: 'unknown' })
    rig.sim.faults.unsilence('pan')
    await rig.clock.advance(5)
    const verdict = await rig.run(rig.robot.acknowledge())
    expect(verdict.joints.map(({ verdict: found }) => found)).toEqual(['off', 'holding'])
    expect(rig.sim.servo('pan').powered).toBe(false)
  })

  it('whose chip starts anew while armed has lost its power, and that is a fault', async () => {
    await using rig = await harness(head())
    await rig.arm()
    rig.sim.powerCycle()
    await rig.clock.advance(0.1)
    expect(rig.events('fault').map(({ problem }) => problem.code)).toContain('TENDON_SERVO_POWER_LOST')
  })

  it('follows through a chip whose oscillator runs fast when the definition says so', async () => {
    const oscillator = 26_000_000
    const rows = [
      [1.04, deg(45)],
      [1, deg(45) - (2000 - 2000 / 1.04) * 1e-3 * deg(90)],
    ] as const
    for (const [trim, expected] of rows) {
      const model = defineRobot('one', {
        buses: { pwm: pca9685({ port: i2c({ bus: 1 }), trim }) },
        joints: {
          pan: {
            servo: hobbyServo('pwm', 0, usual),
            position: [deg(-80), deg(80)],
            velocity: degPerSec(90),
            stop: 'cut',
          },
        },
      })
      await using rig = await harness(model.with({ look: model.moveTo() }), {
        joints: { pan: { registers: { oscillator } } },
      })
      await rig.arm()
      await rig.run(rig.robot.look({ pan: deg(45) }).result())
      expect(rig.sim.servo('pan').angle).toBeCloseTo(expected, 1)
      expect(Math.abs(rig.sim.servo('pan').angle - expected)).toBeLessThan(deg(0.6))
    }
  })
})

describe('the output-enable wire', () => {
  it('is let go while disarmed, low while armed, and high again with a stop, so that even a deaf chip is off', async () => {
    await using rig = await harness(head(true))
    await rig.arm()
    expect(rig.sim.servo('pan').powered).toBe(true)
    rig.sim.faults.silence('pan')
    const stopped = rig.robot.disarm({ cut: true })
    // At once, and by nothing but the wire.
    expect(rig.sim.servos.map(({ powered }) => powered)).toEqual([false, false])
    // The chip's registers could not be read back: nobody says that it is confirmed.
    expect((await rig.run(stopped)).confirmed).toBe(false)
  })

  it('stays low while a joint holds', async () => {
    await using rig = await harness(head(true))
    await rig.arm()
    await rig.run(rig.robot.disarm())
    expect(rig.sim.servo('tilt').powered).toBe(true)
    expect(rig.sim.servo('pan').powered).toBe(false)
  })
})

describe('a definition', () => {
  it('refuses limits that the servo cannot reach', () => {
    const model = defineRobot('one', {
      buses: { pwm: pca9685({ port: i2c({ bus: 1 }) }) },
      joints: {
        pan: {
          servo: hobbyServo('pwm', 0, { ...usual, travel: deg(90) }),
          position: [deg(-80), deg(80)],
          velocity: degPerSec(90),
          stop: 'cut',
        },
      },
    })
    expect(() => model.with({})).toThrow(/joints\.pan\.position.*does not turn that far/s)
  })
})
