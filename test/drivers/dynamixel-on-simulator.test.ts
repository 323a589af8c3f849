import { defineRobot, deg, degPerSec, seconds } from 'tendon'
import { X_SERIES, xl330, xl430 } from 'tendon/dynamixel'
import { harness } from 'tendon/testing'
import { describe, expect, it, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import type { HardwareMap } from '../../src/device/hardware-map.ts'
import type { ServoMount } from '../../src/device/servo-bus.ts'
import { dynamixel } from '../../src/drivers/dynamixel/bus.ts'
import { xm430 } from '../../src/drivers/dynamixel/servos.ts'
import { simulated, simulationOf } from '../../src/sim/simulated.ts'
import { type DriverSubject, driverConformance, VirtualClock } from '../../src/testing/index.ts'
import { MemoryTransport } from '../../src/transports/memory.ts'
import { openPty } from '../../src/transports/pty.ts'
import { serial } from '../../src/transports/serial.ts'

const IDS = [1, 2, 3]
const mount = (id: number): ServoMount => ({ joint: `joint_${id}`, servo: xm430('servos', id) })

class Arm {
  readonly hardware: HardwareMap
  constructor(hardware: HardwareMap) {
    this.hardware = hardware
  }
  withHardware(map: HardwareMap): Arm {
    return new Arm(map)
  }
}

function subject(options: { echo?: boolean; fastSyncRead?: boolean }): DriverSubject {
  const joints = IDS.map((id) => {
    const { joint, servo } = mount(id)
    return [joint, { position: [-2, 2], velocity: 5, servo, stop: 'park' } as const]
  })
  const nowhere = new MemoryTransport({ baudRate: 1_000_000, connect: () => {} })
  const buses = { servos: dynamixel({ port: nowhere, ...options }) }
  const { echo = false } = options
  const arm = simulated(new Arm({ buses, joints: Object.fromEntries(joints), sensors: {}, calibration: {} }), { echo })
  const sim = simulationOf(arm)
  return {
    spec: arm.hardware.buses.servos ?? buses.servos,
    servos: IDS.map(mount),
    absent: mount(99),
    powered: (id) => sim.servo(id).powered,
  }
}

describe.each([{}, { echo: true }, { fastSyncRead: true }])('the Dynamixel driver on its simulator (%o)', (options) => {
  const checks = driverConformance(() => subject(options))
  test.each(checks.map(({ name, run }) => [name, run] as const))('%s', (_name, run) => run())
})

const nowhere = serial({ path: '/dev/ttyUSB0', baudRate: 1_000_000 })
const model = defineRobot('mixed', {
  categories: { rolling: {} },
  buses: { servos: dynamixel({ port: nowhere, fastSyncRead: true }) },
  joints: {
    waist: { servo: xm430('servos', 1), position: [deg(-170), deg(170)], velocity: degPerSec(180), stop: 'park' },
    shoulder: {
      servo: xm430('servos', 2, { shadows: [3] }),
      position: [deg(-100), deg(100)],
      velocity: degPerSec(120),
      stop: 'park',
    },
    grip: {
      servo: xl330('servos', 4, { mode: 'current-position', current: 0.3 }),
      position: [deg(-60), deg(60)],
      velocity: degPerSec(120),
      stop: 'hold',
    },
    wheel: { servo: xl430('servos', 5, { mode: 'velocity' }), velocity: degPerSec(300), stop: 'cut' },
  },
})
const mixed = model.with({
  moveTo: model.moveTo(),
  roll: model.command({
    claims: ['wheel'],
    category: 'rolling',
    deadline: seconds(20),
    async run({ joints, sleep }) {
      for (let turn = 0; turn < 40; turn++) {
        joints.drive({ wheel: degPerSec(200) })
        await sleep(0.05)
      }
    },
  }),
})

describe('a robot of Dynamixel servos, simulated to the byte', () => {
  it('is armed where it stands, moves with its shadow, holds its grip, rolls, and is off when it is disarmed', async () => {
    await using rig = await harness(mixed, { initial: { shoulder: deg(20), grip: deg(-10) } })
    const { sim, robot, run } = rig
    await rig.arm()
    expect(sim.servos.map(({ id, powered }) => [id, powered])).toEqual([1, 2, 3, 4, 5].map((id) => [id, true]))
    expect(Math.abs(sim.servo('shoulder').angle - deg(20))).toBeLessThan(deg(1))
    expect(await run(robot.moveTo({ waist: deg(30), shoulder: deg(-40), grip: deg(15) }).result())).toMatchObject({
      status: 'succeeded',
    })
    expect(sim.servo(2).angle).toBeCloseTo(deg(-40), 1)
    expect(sim.servo(3).angle).toBeCloseTo(deg(-40), 1)
    expect(sim.servo('grip').read('goalCurrent')).toBe(300)
    const before = sim.servo('wheel').angle
    expect(await run(robot.roll().result())).toMatchObject({ status: 'succeeded' })
    expect(sim.servo('wheel').angle - before).toBeGreaterThan(deg(250))
    const { joints } = await run(robot.disarm())
    expect(Object.fromEntries(joints.map(({ joint, verdict }) => [joint, verdict]))).toEqual({
      waist: 'off',
      shoulder: 'off',
      grip: 'holding',
      wheel: 'off',
    })
    expect(sim.servos.map(({ powered }) => powered)).toEqual([false, false, false, true, false])
  })

  it('is stopped in full motion by one packet, and every servo is read back', async () => {
    await using rig = await harness(mixed)
    await rig.arm()
    const move = rig.robot.moveTo({ waist: deg(150), shoulder: deg(80) })
    const roll = rig.robot.roll()
    await rig.clock.advance(0.6)
    const verdict = await rig.run(rig.robot.stop({ by: 'test', reason: 'a hand is in the way' }))
    expect(verdict.joints.map(({ verdict: said }) => said)).toEqual(['off', 'off', 'holding', 'off'])
    expect((await rig.run(move.result())).status).toBe('canceled')
    expect((await rig.run(roll.result())).status).toBe('canceled')
    const there = rig.sim.servo('waist').angle
    await rig.clock.advance(1)
    expect(Math.abs(rig.sim.servo('waist').angle - there)).toBeLessThan(deg(1))
    expect(rig.sim.servo('wheel').velocity).toBeCloseTo(0, 2)
  })

  it('keeps its bus watchdogs quiet while it runs and while it holds after a disarm', async () => {
    await using rig = await harness(mixed)
    await rig.arm()
    await rig.clock.advance(10)
    await rig.run(rig.robot.disarm())
    await rig.clock.advance(10)
    for (const { id } of rig.sim.servos) expect(rig.sim.servo(id).read('busWatchdog')).toBe(15)
    expect(rig.robot.safety.state).toBe('disarmed')
  })

  it('stops by itself when the host falls silent, refuses goals, and is cleared by the next arming', async () => {
    const clock = new VirtualClock()
    const robot = simulated(mixed)
    const sim = simulationOf(robot)
    const mounts = Object.entries(robot.hardware.joints).flatMap(([joint, { servo }]) =>
      servo ? [{ joint, servo }] : [],
    )
    const bus = robot.hardware.buses.servos?.create({ clock }, mounts)
    if (!bus?.writeSpeeds) throw new Error('there is no such bus')
    const ids = [1, 2, 4, 5]
    await clock.run(bus.open())
    for (const id of ids) await clock.run(bus.configure(id))
    expect([...(await clock.run(bus.setTorque(ids, true)))]).toEqual(ids)
    await clock.run(bus.writeSpeeds([{ id: 5, speed: 2 }]))
    await clock.advance(0.29)
    expect(sim.servo(5).velocity).toBeGreaterThan(1)
    await clock.advance(1)
    expect(sim.servo(5).velocity).toBeCloseTo(0, 3)
    const told = await clock.run(bus.readStatus())
    for (const id of ids) expect(told.get(id)?.alarms).toEqual(['bus_watchdog'])
    await expect(clock.run(bus.writeSpeeds([{ id: 5, speed: 2 }]))).rejects.toMatchObject({
      code: 'TENDON_DYNAMIXEL_WATCHDOG',
    })
    for (const id of ids) await clock.run(bus.configure(id))
    await clock.run(bus.writeSpeeds([{ id: 5, speed: 2 }]))
    await clock.advance(0.2)
    expect(sim.servo(5).velocity).toBeGreaterThan(1)
    await clock.run(bus.close())
  })

  it('is in fault when a shadow shuts itself down, and is not armed again while the error stands', async () => {
    await using rig = await harness(mixed)
    await rig.arm()
    rig.sim.faults.overload(3)
    await rig.clock.advance(0.5)
    expect(rig.robot.safety.state).toBe('fault')
    await rig.run(rig.robot.acknowledge({ by: 'test' }))
    const armed = await rig.run(rig.robot.arm())
    expect(armed).toMatchObject({
      armed: false,
      problems: [{ code: 'TENDON_ARM_ALARM', facts: { joint: 'shoulder' } }],
    })
  })

  it('reboots a servo that has shut itself down, and only that clears it', async () => {
    const clock = new VirtualClock()
    const robot = simulated(mixed)
    const sim = simulationOf(robot)
    const port = robot.hardware.buses.servos?.port
    if (!port) throw new Error('there is no port')
    const mounts = Object.entries(robot.hardware.joints).flatMap(([joint, { servo }]) =>
      servo ? [{ joint, servo }] : [],
    )
    const bus = dynamixel({ port }).create({ clock }, mounts)
    await clock.run(bus.open())
    expect([...(await clock.run(bus.setTorque([2], true)))]).toEqual([2])
    sim.faults.overload(3)
    await clock.advance(0.1)
    expect((await clock.run(bus.readMotion([2]))).get(2)?.alarms).toEqual(['overload'])
    await clock.run(bus.setTorque([2], false))
    await expect(clock.run(bus.configure(2))).rejects.toMatchObject({ code: 'TENDON_DYNAMIXEL_SHUTDOWN' })
    await clock.run(bus.reboot(2))
    await clock.run(bus.configure(2))
    expect([...(await clock.run(bus.setTorque([2], true)))]).toEqual([2])
    await clock.run(bus.close())
    expect(clock.pending).toBe(0)
  })

  it('gets through a line that loses and corrupts one reply in ten', async () => {
    await using rig = await harness(mixed, { seed: 7 })
    await rig.arm()
    for (const { id } of rig.sim.servos) {
      rig.sim.faults.dropReplies(id, { probability: 0.1 })
      rig.sim.faults.corruptReplies(id, { probability: 0.1 })
    }
    const moved = await rig.run(rig.robot.moveTo({ waist: deg(60), shoulder: deg(30) }).result())
    expect(moved.status).toBe('succeeded')
    expect(rig.robot.safety.state).toBe('armed')
  })

  it('takes pure current and PWM as goals through its registers', async () => {
    const clock = new VirtualClock()
    const robot = simulated(mixed)
    const port = robot.hardware.buses.servos?.port
    if (!port) throw new Error('there is no port')
    const bus = dynamixel({ port }).create({ clock }, [{ joint: 'grip', servo: xl330('servos', 4) }])
    await clock.run(bus.open())
    await clock.run(bus.registers.writeVerified(4, X_SERIES.operating_mode, 0))
    await clock.run(bus.registers.writeVerified(4, X_SERIES.torque, 1))
    await clock.run(bus.registers.writeEach([{ id: 4, register: X_SERIES.goal_current, value: 250 }]))
    await clock.run(bus.registers.verify(4, X_SERIES.goal_current, 250))
    await clock.advance(0.3)
    expect(simulationOf(robot).servo(4).angle).toBeGreaterThan(deg(1))
    await clock.run(bus.registers.write(4, X_SERIES.torque, 0))
    await clock.run(bus.close())
  })

  it('does the same through a pseudo terminal and a real serial port', async () => {
    const robot = simulated(mixed)
    const sim = simulationOf(robot)
    const mounts = Object.entries(robot.hardware.joints).flatMap(([joint, { servo }]) =>
      servo ? [{ joint, servo }] : [],
    )
    const ids = [1, 2, 4, 5]
    const pty = await openPty()
    const detach = sim.attach('servos', pty.connection, { clock: systemClock })
    const port = serial({ path: pty.path, baudRate: 1_000_000 })
    const bus = dynamixel({ port, slack: 0.25, fastSyncRead: true }).create({ clock: systemClock }, mounts)
    try {
      await bus.open()
      for (const id of ids) await bus.configure(id)
      expect(await bus.inspect(2)).toMatchObject({ id: 2, model: 'XM430-W350', powered: false, mismatches: [] })
      expect([...(await bus.setTorque(ids, true))]).toEqual(ids)
      await bus.writeSetpoints([{ id: 1, position: deg(5) }])
      expect((await bus.readStatus()).size).toBe(4)
      bus.stop({ cut: ids, freeze: [] })
      expect(await Promise.all(ids.map((id) => bus.readTorque(id)))).toEqual(new Array(4).fill(false))
    } finally {
      await bus.close()
      detach()
      await pty.close()
    }
  })
})
