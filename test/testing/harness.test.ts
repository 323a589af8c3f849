import { defineRobot, deg, degPerSec } from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { serial } from 'tendon/serial'
import { harness } from 'tendon/testing'
import { describe, expect, it } from 'vitest'

const model = defineRobot('turret', {
  buses: { servos: feetech({ port: serial({ path: '/dev/null', baudRate: 1_000_000 }) }) },
  joints: {
    pan: { servo: sts3215('servos', 1), position: [deg(-90), deg(90)], velocity: degPerSec(180), stop: 'park' },
  },
})
const turret = model.with({ look: model.moveTo() })

describe('the harness', () => {
  it('moves a simulated robot through virtual time, and closes it clean', async () => {
    await using rig = await harness(turret, { initial: { pan: deg(-20) } })
    await rig.arm()
    const before = rig.clock.now()
    await rig.run(rig.robot.look({ pan: deg(40) }).value())
    expect(rig.clock.now() - before).toBeGreaterThan(0.3)
    expect(rig.sim.servo('pan').position).toBeCloseTo(deg(40), 1)
    expect(rig.events('ended').map((event) => event.status)).toEqual(['succeeded'])
    expect((await rig.close()).joints).toMatchObject([{ joint: 'pan', verdict: 'off' }])
    expect(rig.clock.pending).toBe(0)
  })

  it('throws what stands against arming', async () => {
    await using rig = await harness(turret)
    rig.sim.faults.heat('pan', 90)
    await rig.clock.advance(60)
    await expect(rig.arm()).rejects.toMatchObject({ code: expect.stringMatching(/^TENDON_ARM_/) })
  })

  it('does not let a forgotten timer pass', async () => {
    const rig = await harness(turret)
    rig.clock.after(3600, () => {})
    await expect(rig.close()).rejects.toThrow('turret left 1 timer behind')
  })
})
