import { describe, expect, it } from 'vitest'
import type { DigitalInput } from '../../src/device/digital-input.ts'
import { feetech, sts3215 } from '../../src/drivers/feetech/index.ts'
import { defineRobot, deg, degPerSec, start } from '../../src/index.ts'
import { simulated, simulationOf } from '../../src/sim/index.ts'
import { harness, VirtualClock } from '../../src/testing/index.ts'
import { gpioInput } from '../../src/transports/gpio.ts'
import { serial } from '../../src/transports/serial.ts'

const model = defineRobot('turret', {
  categories: { motion: { conflict: 'preempt' } },
  buses: { servos: feetech({ port: serial({ path: '/dev/nothing', baudRate: 1_000_000 }) }) },
  joints: {
    pan: { servo: sts3215('servos', 1), position: [deg(-90), deg(90)], velocity: degPerSec(90), stop: 'park' },
  },
  stopInputs: { button: gpioInput({ chip: 'gpiochip0', line: 17, pull: 'up' }) },
})
const turret = model.with({ look: model.moveTo({ category: 'motion' }) })

describe('a stop input that becomes active', () => {
  it('has the stop frame on its way before the edge has been dealt with, and ends the move', async () => {
    await using rig = await harness(turret)
    await rig.arm()
    const look = rig.robot.look({ pan: deg(80) })
    await rig.clock.advance(0.3)
    const { stops = 0 } = rig.robot.health().servos ?? {}
    rig.sim.stopInput('button').press()
    expect(rig.robot.health().servos?.stops).toBe(stops + 1)
    expect(rig.robot.safety.state).toBe('disarming')
    expect(await rig.run(look.result())).toMatchObject({ status: 'canceled', reason: 'safety' })
    await rig.clock.advance(3)
    expect(rig.robot.safety.state).toBe('disarmed')
    expect(rig.sim.servo('pan').powered).toBe(false)
  })

  it('latches under its name, and release does not lift that', async () => {
    await using rig = await harness(turret)
    await rig.arm()
    rig.sim.stopInput('button').press()
    await rig.clock.advance(3)
    rig.sim.stopInput('button').release()
    await rig.clock.advance(1)
    expect(rig.robot.safety.latch).toMatchObject({ by: 'button' })
    const armed = await rig.run(rig.robot.arm())
    expect(armed).toMatchObject({ armed: false, problems: [{ code: 'TENDON_LATCHED' }] })
  })

  it('keeps the robot from being armed while it is pressed, also after a reset; then motion takes three acts', async () => {
    await using rig = await harness(turret)
    await rig.arm()
    rig.sim.stopInput('button').press()
    await rig.clock.advance(3)
    rig.robot.reset()
    expect(await rig.run(rig.robot.arm())).toMatchObject({
      armed: false,
      problems: [{ code: 'TENDON_ARM_STOP_INPUT', facts: { input: 'button', state: 'active' } }],
    })
    rig.sim.stopInput('button').release()
    await rig.arm()
    expect(rig.robot.safety.state).toBe('armed')
  })

  it('breaks off an arming that is under way', async () => {
    await using rig = await harness(turret)
    const arming = rig.robot.arm()
    await rig.clock.advance(0.15)
    expect(rig.robot.safety.state).toBe('arming')
    rig.sim.stopInput('button').press()
    expect(await rig.run(arming)).toMatchObject({ armed: false })
    await rig.clock.advance(3)
    expect(rig.sim.servo('pan').powered).toBe(false)
  })

  it('was active when the robot started: it starts latched, verified off', async () => {
    const robot = simulated(turret)
    simulationOf(robot).stopInput('button').press()
    const clock = new VirtualClock()
    const live = await clock.run(start(robot, { clock }))
    await clock.advance(3)
    expect(live.safety).toMatchObject({ state: 'disarmed', latch: { by: 'button' } })
    await clock.run(live.close())
    expect(clock.pending).toBe(0)
  })
})

describe('a stop input that cannot be read any more', () => {
  it('stops a robot that is armed', async () => {
    await using rig = await harness(turret)
    await rig.arm()
    rig.sim.stopInput('button').unplug()
    await rig.clock.advance(3)
    expect(rig.robot.safety).toMatchObject({ state: 'disarmed', latch: { by: 'button' } })
    expect(rig.events('note').map(({ what }) => what)).toContain('stop_input.lost')
  })

  it('latches nothing while the robot is disarmed, but keeps it from being armed', async () => {
    await using rig = await harness(turret)
    rig.sim.stopInput('button').unplug()
    await rig.clock.advance(0.5)
    expect(rig.robot.safety).toMatchObject({ state: 'disarmed' })
    expect(rig.robot.safety.latch).toBeUndefined()
    expect(await rig.run(rig.robot.arm())).toMatchObject({
      armed: false,
      problems: [{ code: 'TENDON_ARM_STOP_INPUT', facts: { state: 'unreadable' } }],
    })
  })

  it('is opened again by itself once it can be, and arming works again', async () => {
    await using rig = await harness(turret)
    rig.sim.stopInput('button').unplug()
    await rig.clock.advance(10)
    rig.sim.stopInput('button').plug()
    await rig.clock.advance(5.1)
    expect(rig.events('note').map(({ what }) => what)).toContain('stop_input.back')
    await rig.arm()
    rig.sim.stopInput('button').press()
    expect(rig.robot.safety.latch).toMatchObject({ by: 'button' })
  })

  it('is a stop when it comes back pressed', async () => {
    await using rig = await harness(turret)
    rig.sim.stopInput('button').unplug()
    await rig.clock.advance(0.5)
    rig.sim.stopInput('button').press()
    rig.sim.stopInput('button').plug()
    await rig.clock.advance(5)
    expect(rig.robot.safety.latch).toMatchObject({ by: 'button' })
  })
})

describe('a stop input that cannot be opened', () => {
  it('keeps the robot from starting, with nothing left open', async () => {
    const refuses: DigitalInput = {
      kind: 'test',
      address: 'nowhere',
      open: async () => {
        throw new Error('no such pin')
      },
    }
    const clock = new VirtualClock()
    await expect(clock.run(start(simulated(turret, { stopInputs: { button: refuses } }), { clock }))).rejects.toThrow(
      'no such pin',
    )
    expect(clock.pending).toBe(0)
  })
})

describe('a definition of stop inputs', () => {
  it('refuses a name that is none', () => {
    const stopInputs = { 'the button': gpioInput({ chip: 'gpiochip0', line: 17 }) }
    expect(() => defineRobot('turret', { stopInputs }).with({})).toThrow(/stopInputs\.the button/)
  })
})

describe('closing', () => {
  it('ends the watching: a press afterwards is nobody’s', async () => {
    const robot = simulated(turret)
    const clock = new VirtualClock()
    const live = await clock.run(start(robot, { clock }))
    await clock.run(live.close())
    const { seq } = live.log
    simulationOf(robot).stopInput('button').press()
    await clock.advance(1)
    expect(live.log.seq).toBe(seq)
  })
})
