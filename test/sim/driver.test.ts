import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import type { HardwareMap } from '../../src/device/hardware-map.ts'
import type { ServoMount } from '../../src/device/servo-bus.ts'
import type { ByteTransport, DeviceEnv } from '../../src/device/transport.ts'
import { feetech, sts3215 } from '../../src/drivers/feetech/index.ts'
import { type SimulationOptions, simulated, simulationOf } from '../../src/sim/index.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { openPty } from '../../src/transports/pty.ts'
import { serial } from '../../src/transports/serial.ts'

const IDS = [1, 2, 3, 4, 5, 6]
const real = serial({ path: '/dev/ttyNONE', baudRate: 1_000_000 })
const calibration = { homingOffset: -150, rangeMin: 700, rangeMax: 3400 }

interface Arm {
  readonly hardware: HardwareMap
  withHardware(map: HardwareMap): Arm
}

function arm(hardware: HardwareMap): Arm {
  return { hardware, withHardware: arm }
}

const six = (): Arm =>
  arm({
    buses: { servos: feetech({ port: real }) },
    joints: Object.fromEntries(
      IDS.map((id) => [`j${id}`, { position: [-1.5, 1.5], velocity: 5, servo: sts3215('servos', id), stop: 'park' }]),
    ),
    sensors: {},
    calibration: { j3: calibration },
  })

/** The driver of the simulated robot's only bus, with the port that the definition got or another one. */
function driverOf({ hardware }: Arm, env: DeviceEnv, port?: ByteTransport) {
  const spec = hardware.buses.servos
  if (!spec) throw new Error('the robot has lost its bus')
  const mounts = Object.entries(hardware.joints).flatMap(([joint, { servo }]): ServoMount[] =>
    servo ? [{ joint, servo, calibration: hardware.calibration[joint] }] : [],
  )
  return (port ? spec.withPort(port) : spec).create(env, mounts)
}

async function rig(options: SimulationOptions = {}) {
  const clock = new VirtualClock()
  const robot = simulated(six(), options)
  const bus = driverOf(robot, { clock })
  await clock.run(bus.open())
  return { clock, robot, bus, sim: simulationOf(robot) }
}

describe('the driver on the simulated bus', () => {
  it('inspects every servo and finds nothing that disagrees with the definition', async () => {
    const { clock, bus } = await rig({ initial: { j2: 0.7 } })
    for (const id of IDS) {
      const found = await clock.run(bus.inspect(id))
      expect(found).toMatchObject({ id, firmware: '3.10', powered: false, alarms: [], mismatches: [] })
      expect(found.position).toBeCloseTo(id === 2 ? 0.7 : 0, 2)
    }
  })

  it('configures, powers on without a jump, moves to a setpoint and reads itself arriving there', async () => {
    const { clock, bus, sim } = await rig({ initial: { j1: 0.4 } })
    sim.servo('j1').turnTo(0.9)
    for (const id of IDS) await clock.run(bus.configure(id))
    expect(await clock.run(bus.setTorque(IDS, true))).toEqual(new Set(IDS))
    await clock.advance(1)
    expect(sim.servo('j1').angle).toBeCloseTo(0.9, 2)
    expect(sim.servos.every(({ powered }) => powered)).toBe(true)
    await clock.run(bus.writeSetpoints([{ id: 1, position: -0.5, velocity: 2 }]))
    await clock.advance(0.5)
    const under = (await clock.run(bus.readMotion())).get(1)
    expect(under?.velocity).toBeCloseTo(-2, 1)
    await clock.advance(2)
    const samples = await clock.run(bus.readStatus())
    expect(samples.size).toBe(6)
    expect(samples.get(1)?.position).toBeCloseTo(-0.5, 2)
    expect(samples.get(1)?.moving).toBe(false)
  })

  it('a stop in the middle of a reading reaches the servos', async () => {
    const { clock, bus, sim } = await rig()
    await clock.run(bus.setTorque(IDS, true))
    const reading = bus.readMotion()
    await clock.advance(0.0005)
    bus.stop({ cut: IDS, freeze: [] })
    await clock.advance(0.01)
    expect(sim.servos.map(({ powered }) => powered)).toEqual(IDS.map(() => false))
    await clock.run(reading.catch(() => undefined))
  })

  it('lost and corrupt replies are made up for by retries, and counted', async () => {
    const { clock, bus, sim } = await rig()
    sim.faults.dropReplies('j2', { next: 1 })
    sim.faults.corruptReplies('j5', { next: 1 })
    const samples = await clock.run(bus.readMotion())
    expect([...samples.keys()].sort()).toEqual(IDS)
    expect(bus.health().retries).toBeGreaterThan(0)
  })

  it('a silent servo is missing from a reading and from the confirmed; the others are there', async () => {
    const { clock, bus, sim } = await rig()
    sim.faults.silence('j4')
    const others = IDS.filter((id) => id !== 4)
    expect([...(await clock.run(bus.readMotion())).keys()].sort()).toEqual(others)
    expect(await clock.run(bus.setTorque(IDS, false))).toEqual(new Set(others))
  })

  it('hears that the cable was pulled', async () => {
    const { clock, bus, sim } = await rig()
    const lost: string[] = []
    bus.onLost(({ code }) => lost.push(code))
    sim.faults.unplug('servos')
    await clock.advance(0.1)
    expect(lost).toEqual(['TENDON_LINK_LOST'])
    expect(bus.isOpen).toBe(false)
  })

  it('leaves no timer when it is closed', async () => {
    const { clock, bus } = await rig()
    await clock.run(bus.readStatus())
    await clock.run(bus.close())
    expect(clock.pending).toBe(0)
  })
})

describe('the driver on the real serialport, with the simulated bus behind a pty', () => {
  const closers: (() => unknown)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })

  it('inspects, powers on, moves and reads through the kernel', async () => {
    const robot = simulated(six())
    const sim = simulationOf(robot)
    const pty = await openPty()
    closers.push(() => pty.close())
    closers.push(sim.attach('servos', pty.connection, { clock: systemClock }))
    const bus = driverOf(robot, { clock: systemClock }, serial({ path: pty.path, baudRate: 1_000_000 }))
    await bus.open()
    closers.push(() => bus.close())
    expect((await bus.inspect(3)).mismatches).toEqual([])
    expect(await bus.setTorque(IDS, true)).toEqual(new Set(IDS))
    await bus.writeSetpoints([{ id: 1, position: 0.2 }])
    for (let i = 0; i < 500 && Math.abs(sim.servo('j1').angle - 0.2) > 0.001; i++) await bus.readMotion()
    const samples = await bus.readMotion()
    expect(samples.size).toBe(6)
    expect(samples.get(1)?.position).toBeCloseTo(0.2, 2)
    bus.stop({ cut: IDS, freeze: [] })
    expect(await bus.setTorque(IDS, false)).toEqual(new Set(IDS))
    expect(sim.servos.some(({ powered }) => powered)).toBe(false)
  }, 20_000)
})
