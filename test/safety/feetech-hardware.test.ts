import { describe, expect, test } from 'vitest'
import type { Problem } from '../../src/base/problem.ts'
import { deg, degPerSec, degPerSec2 } from '../../src/base/units.ts'
import type { HardwareMap } from '../../src/device/hardware-map.ts'
import type { JointSpec, StopPolicy } from '../../src/device/joint.ts'
import type { ByteTransport } from '../../src/device/transport.ts'
import { feetech } from '../../src/drivers/feetech/bus.ts'
import { sts3215 } from '../../src/drivers/feetech/sts3215.ts'
import { createHardware } from '../../src/safety/hardware.ts'
import { type SimulationOptions, simulated, simulationOf } from '../../src/sim/simulated.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { JOINTS, rejection } from '../motion/rig-fixture.ts'

const nowhere: ByteTransport = { kind: 'none', address: 'none', open: () => Promise.reject(new Error('not simulated')) }

class Arm {
  readonly hardware: HardwareMap
  constructor(hardware: HardwareMap) {
    this.hardware = hardware
  }
  withHardware(map: HardwareMap): Arm {
    return new Arm(map)
  }
}

/** Six STS3215 on one simulated bus, behind the real driver, on virtual time; every byte goes over the wire. */
function rig(policies: Record<string, StopPolicy> = {}, options: SimulationOptions = {}) {
  const joint = (name: string, id: number): JointSpec => ({
    position: [deg(-110), deg(110)],
    velocity: degPerSec(120),
    acceleration: degPerSec2(400),
    servo: sts3215('servos', id),
    stop: policies[name] ?? 'park',
  })
  const joints = Object.fromEntries(JOINTS.map((name, i) => [name, joint(name, i + 1)]))
  const map = { buses: { servos: feetech({ port: nowhere }) }, joints, sensors: {}, calibration: {} }
  const arm = simulated(new Arm(map), options)
  const clock = new VirtualClock()
  const faults: Problem[] = []
  const notes: string[] = []
  const hardware = createHardware(
    arm.hardware,
    { clock },
    {},
    {
      fault: (problem) => void faults.push(problem),
      returned: () => {},
      note: (type) => void notes.push(type),
    },
  )
  const sim = simulationOf(arm)
  const armed = async () => {
    await clock.run(hardware.open())
    expect(await clock.run(hardware.arm(new AbortController().signal))).toEqual([])
    hardware.openGate()
  }
  const powered = () => sim.servos.filter((servo) => servo.powered).map((servo) => servo.joint)
  return { clock, sim, hardware, faults, notes, armed, powered }
}

describe('the hardware over the real driver and simulated bytes', () => {
  test('arms without moving a joint by a degree, moves, and every joint really is where the result says', async () => {
    const f = rig({}, { initial: { lift: deg(-40), elbow: deg(70) } })
    await f.armed()
    expect(Math.abs(f.sim.servo('lift').angle - deg(-40))).toBeLessThan(deg(1))
    expect(f.powered()).toEqual([...JOINTS])
    const goal = { pan: deg(60), lift: deg(30), elbow: deg(-20) }
    const result = await f.clock.run(f.hardware.grant(JOINTS, 'run-1').moveTo(goal, {}))
    for (const [name, angle] of Object.entries(goal)) {
      expect(Math.abs(f.sim.servo(name).angle - angle)).toBeLessThan(0.02)
      expect(Math.abs((result.position[name] ?? Number.NaN) - f.sim.servo(name).angle)).toBeLessThan(0.002)
    }
    // 90 degrees at 120 degrees/s and 400 degrees/s² are 1.05 s; the servo's own ramp and settling come on top.
    expect(result.duration).toBeLessThan(1.7)
    expect(f.faults).toEqual([])
    expect(f.hardware.loops().servos).toMatchObject({ skipped: 0, heldBack: 0, misses: 0 })
  })

  test.each([0.1, 0.3, 0.5, 0.8, 1.1])(
    'a stop %f s into a move ends with the torque register of every servo at 0, and a confirmed verdict',
    async (delay) => {
      const f = rig()
      await f.armed()
      const move = rejection(f.hardware.grant(JOINTS, 'run-1').moveTo({ pan: deg(100), lift: deg(-60) }, {}))
      await f.clock.advance(delay)
      const [start, at] = [f.clock.now(), f.sim.servo('pan').angle]
      f.hardware.stopNow()
      const verdict = await f.clock.run(f.hardware.finishStop({ cut: false }))
      expect(await move).toMatchObject({ code: 'TENDON_ACCESS_REVOKED' })
      expect(verdict.confirmed).toBe(true)
      expect(f.sim.servos.map((servo) => servo.read(40))).toEqual([0, 0, 0, 0, 0, 0])
      // It comes to rest in place, at most the 16.4 degrees further that 120 degrees/s need on the servo's own ramp,
      // and does not creep back to where it was when the stop came.
      const overshoot = f.sim.servo('pan').angle - at
      expect(overshoot).toBeGreaterThan(0)
      expect(overshoot).toBeLessThan(deg(18))
      expect(f.clock.now() - start).toBeLessThan(0.5)
    },
  )

  test('servo 3 unplugged: the verdict names servo 3 only, the others are off', async () => {
    const f = rig()
    await f.armed()
    f.sim.faults.silence('elbow')
    await f.clock.advance(0.1)
    f.hardware.stopNow()
    const verdict = await f.clock.run(f.hardware.finishStop({ cut: false }))
    expect(verdict.joints.filter(({ verdict }) => verdict !== 'off')).toMatchObject([
      { joint: 'elbow', servo: 3, verdict: 'not_confirmed' },
    ])
    expect(f.powered().filter((name) => name !== 'elbow')).toEqual([])
  })

  test('a joint that holds is read powered and still under a load; the others are off', async () => {
    // Limp it would fall, so it begins where it cannot fall any further.
    const f = rig({ lift: 'hold' }, { joints: { lift: { gravity: 0.2 } }, initial: { lift: deg(112.8) } })
    await f.armed()
    await f.clock.run(f.hardware.grant(['lift'], 'run-1').moveTo({ lift: 0 }, {}))
    f.hardware.stopNow()
    const verdict = await f.clock.run(f.hardware.finishStop({ cut: false }))
    expect(verdict.joints.map(({ verdict }) => verdict)).toEqual(['off', 'holding', 'off', 'off', 'off', 'off'])
    expect(f.powered()).toEqual(['lift'])
    expect(await f.clock.run(f.hardware.arm(new AbortController().signal))).toEqual([])
    expect(Math.abs(f.sim.servo('lift').angle)).toBeLessThan(deg(1))
  })

  test('a jammed joint is named as stalled within a second, and its goal comes back to where it is', async () => {
    const f = rig()
    await f.armed()
    f.sim.faults.jam('elbow')
    const start = f.clock.now()
    const move = f.hardware.grant(JOINTS, 'run-1').moveTo({ elbow: deg(60) }, {})
    expect(await f.clock.run(rejection(move))).toMatchObject({
      code: 'TENDON_JOINT_STALLED',
      problem: { facts: { joint: 'elbow' } },
    })
    expect(f.clock.now() - start).toBeLessThan(1)
    await f.clock.advance(0.1)
    expect(Math.abs(f.sim.servo('elbow').goal)).toBeLessThan(deg(1))
  })

  test('lost replies, one in twenty, end nothing', async () => {
    const f = rig()
    await f.armed()
    f.sim.faults.dropReplies('pan', { probability: 0.05 })
    const grant = f.hardware.grant(JOINTS, 'run-1')
    for (const angle of [40, -40, 40]) await f.clock.run(grant.moveTo({ pan: deg(angle) }, {}))
    expect(f.faults).toEqual([])
  })

  test('halt in mid-motion is confirmed only when the shaft really stands', async () => {
    const f = rig()
    await f.armed()
    const move = rejection(f.hardware.grant(JOINTS, 'run-1').moveTo({ pan: deg(100) }, {}))
    await f.clock.advance(0.5)
    expect(await f.clock.run(f.hardware.halt(['pan']))).toEqual({ confirmed: true, moving: [] })
    const at = f.sim.servo('pan').angle
    await f.clock.advance(1)
    expect(Math.abs(f.sim.servo('pan').angle - at)).toBeLessThan(deg(0.5))
    expect(f.sim.servo('pan').powered).toBe(true)
    await move
  })

  test.each(Array.from({ length: 40 }, (_, i) => i * 0.009))(
    'a stop %f s into an arming leaves no servo with torque',
    async (delay) => {
      const f = rig({ lift: 'hold' })
      await f.clock.run(f.hardware.open())
      const controller = new AbortController()
      const arming = f.hardware.arm(controller.signal)
      await f.clock.advance(delay)
      f.hardware.stopNow()
      controller.abort()
      const verdict = await f.clock.run(f.hardware.finishStop({ cut: false }))
      await f.clock.run(arming)
      await f.clock.advance(1)
      expect(verdict.confirmed).toBe(true)
      expect(f.powered()).toEqual(
        verdict.joints.filter(({ verdict }) => verdict === 'holding').map(({ joint }) => joint),
      )
    },
  )

  test('close leaves nothing pending', async () => {
    const f = rig()
    await f.armed()
    f.hardware.stopNow()
    await f.clock.run(f.hardware.finishStop({ cut: false }))
    await f.clock.run(f.hardware.close())
    expect(f.clock.pending).toBe(0)
  })
})
