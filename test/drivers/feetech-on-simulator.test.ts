import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { deg } from '../../src/base/units.ts'
import type { HardwareMap } from '../../src/device/hardware-map.ts'
import type { ServoCalibration, ServoMount } from '../../src/device/servo-bus.ts'
import type { ByteTransport } from '../../src/device/transport.ts'
import { feetech } from '../../src/drivers/feetech/bus.ts'
import { sts3215 } from '../../src/drivers/feetech/sts3215.ts'
import { type SimulationOptions, simulated, simulationOf } from '../../src/sim/simulated.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { openPty } from '../../src/transports/pty.ts'
import { serial } from '../../src/transports/serial.ts'

const IDS = [1, 2, 3, 4, 5, 6]
const CALIBRATION: ServoCalibration = { homingOffset: 37, rangeMin: 800, rangeMax: 3300 }
const nowhere: ByteTransport = { kind: 'none', address: 'none', open: () => Promise.reject(new Error('not simulated')) }

/** Six servos, each on its own joint, with servo angle = joint angle. */
class Arm {
  readonly hardware: HardwareMap
  constructor(hardware: HardwareMap) {
    this.hardware = hardware
  }
  withHardware(map: HardwareMap): Arm {
    return new Arm(map)
  }
}

const joint = (id: number): string => `joint_${id}`

function world(options: SimulationOptions = {}, calibration: Record<string, ServoCalibration> = {}) {
  const joints = IDS.map((id) => [
    joint(id),
    { position: [deg(-110), deg(110)], velocity: 5, servo: sts3215('servos', id), stop: 'park' } as const,
  ])
  const buses = { servos: feetech({ port: nowhere }) }
  const arm = simulated(new Arm({ buses, joints: Object.fromEntries(joints), sensors: {}, calibration }), options)
  const mounts: ServoMount[] = IDS.map((id) => ({
    joint: joint(id),
    servo: sts3215('servos', id),
    calibration: calibration[joint(id)],
  }))
  return { sim: simulationOf(arm), port: arm.hardware.buses.servos?.port ?? nowhere, mounts }
}

async function rig(options?: SimulationOptions, calibration?: Record<string, ServoCalibration>, echo = false) {
  const clock = new VirtualClock()
  const { sim, port, mounts } = world({ ...options, echo }, calibration)
  const bus = feetech({ port, echo }).create({ clock }, mounts)
  await clock.run(bus.open())
  const run = <T>(promise: Promise<T>): Promise<T> => clock.run(promise)
  const powered = (): number[] => sim.servos.filter((servo) => servo.powered).map(({ id }) => id)
  return { clock, sim, bus, run, powered }
}

describe('the Feetech driver on simulated servos', () => {
  it('arms without moving a joint by more than a degree, follows setpoints, and reads where they went', async () => {
    const { bus, run, clock, sim, powered } = await rig({ initial: { joint_3: deg(30) } })
    for (const id of IDS) await run(bus.configure(id))
    expect([...(await run(bus.setTorque(IDS, true)))]).toEqual(IDS)
    await clock.advance(0.5)
    expect(powered()).toEqual(IDS)
    expect(Math.abs(sim.servo(3).angle - deg(30))).toBeLessThan(deg(1))
    await run(bus.writeSetpoints(IDS.map((id) => ({ id, position: deg(10 * id), velocity: 2 }))))
    await clock.advance(3)
    const samples = await run(bus.readMotion())
    for (const id of IDS) expect(samples.get(id)?.position).toBeCloseTo(deg(10 * id), 1)
    expect(bus.health()).toMatchObject({ retries: 0, timeouts: 0, corrupt: 0, unexpected: 0 })
    await run(bus.close())
    expect(clock.pending).toBe(0)
  })

  it.each([false, true])('inspects every servo and finds them as the definition says (echo: %s)', async (echo) => {
    const { bus, run } = await rig({}, { joint_2: CALIBRATION }, echo)
    for (const id of IDS)
      expect(await run(bus.inspect(id))).toMatchObject({ id, powered: false, alarms: [], mismatches: [] })
    expect(bus.health()).toMatchObject({ retries: 0, timeouts: 0 })
  })

  it('writes a calibration that survives power-off', async () => {
    const { bus, run, sim } = await rig()
    await run(bus.calibrate(4, CALIBRATION))
    sim.powerCycle()
    expect(sim.servo(4).read('positionOffset')).toBe(37)
    expect(sim.servo(4).read('minPosition')).toBe(800)
    expect(sim.servo(4).read('maxPosition')).toBe(3300)
  })

  it('keeps configured gains out of the EEPROM', async () => {
    const { sim, port } = world()
    const clock = new VirtualClock()
    const mounts = [{ joint: joint(1), servo: sts3215('servos', 1, { gains: { p: 16 } }) }]
    const bus = feetech({ port }).create({ clock }, mounts)
    await clock.run(bus.open())
    await clock.run(bus.configure(1))
    sim.powerCycle()
    expect((await clock.run(bus.registers.block(1, 21, 1)))[0]).toBe(32)
  })

  it('takes the power off everywhere, wherever in the middle of a joined reading the stop comes', async () => {
    const { bus, run, clock, sim, powered } = await rig()
    let collisions = 0
    for (let phase = 0; phase < 2500; phase += 90) {
      expect((await run(bus.setTorque(IDS, true))).size).toBe(6)
      const reading = bus.readStatus()
      await clock.advance(phase * 1e-6)
      bus.stop({ cut: IDS, freeze: [] })
      await clock.advance(0.01)
      expect(powered()).toEqual([])
      await run(reading)
      collisions = sim.bus('servos').collisions
    }
    // Otherwise the second copy of the stop frame has proved nothing.
    expect(collisions).toBeGreaterThan(0)
  })

  it('freezes a moving joint near where it was, with its power on, and cuts another in the same frame', async () => {
    const { bus, run, clock, sim, powered } = await rig()
    await run(bus.setTorque(IDS, true))
    await run(bus.writeSetpoints([{ id: 1, position: deg(90), velocity: 3 }]))
    await clock.advance(0.4)
    const samples = await run(bus.readMotion())
    const here = samples.get(1)?.position ?? Number.NaN
    const freeze = IDS.filter((id) => id !== 2).map((id) => ({ id, position: samples.get(id)?.position ?? Number.NaN }))
    bus.stop({ cut: [2], freeze })
    await clock.advance(5)
    expect(powered()).toEqual([1, 3, 4, 5, 6])
    expect(Math.abs(sim.servo(1).angle - here)).toBeLessThan(deg(2))
  })

  it('confirms power-off servo by servo, and tells which one cannot be reached', async () => {
    const { bus, run, sim, powered } = await rig()
    await run(bus.setTorque(IDS, true))
    sim.faults.silence(2)
    sim.faults.dropReplies(5, { next: 1 })
    expect([...(await run(bus.setTorque(IDS, false)))]).toEqual([1, 3, 4, 5, 6])
    expect(powered()).toEqual([2])
  })

  it('gets through a line that loses and corrupts one reply in ten', async () => {
    const { bus, run, sim } = await rig({ seed: 7 })
    for (const id of IDS) {
      sim.faults.dropReplies(id, { probability: 0.1 })
      sim.faults.corruptReplies(id, { probability: 0.1 })
    }
    let missing = 0
    for (let turn = 0; turn < 200; turn++) missing += IDS.length - (await run(bus.readMotion())).size
    // 1200 samples, of which about 230 need a second try; three retries a reading leave few out.
    expect(missing).toBeLessThan(24)
    expect(bus.health().retries).toBeGreaterThan(100)
  })

  it('is lost when the cable is pulled, opens again, and finds the servos as they were', async () => {
    const { bus, run, clock, sim, powered } = await rig()
    await run(bus.setTorque(IDS, true))
    const lost: string[] = []
    bus.onLost((problem) => lost.push(problem.code))
    const reading = bus.readStatus().catch((error: { code: string }) => error.code)
    sim.faults.unplug()
    expect(await run(reading)).toBe('TENDON_LINK_LOST')
    expect(lost).toEqual(['TENDON_LINK_LOST'])
    expect(clock.pending).toBe(0)
    await expect(bus.open()).rejects.toMatchObject({ code: 'TENDON_PORT_OPEN_FAILED' })
    sim.faults.plug()
    await run(bus.open())
    expect(powered()).toEqual(IDS)
    bus.stop({ cut: IDS, freeze: [] })
    await clock.advance(0.01)
    expect(powered()).toEqual([])
  })

  it('does the same through a pseudo terminal and a real serial port', async () => {
    const { sim, mounts } = world()
    const pty = await openPty()
    const detach = sim.attach('servos', pty.connection, { clock: systemClock })
    const bus = feetech({ port: serial({ path: pty.path, baudRate: 1_000_000 }), slack: 0.25 }).create(
      { clock: systemClock },
      mounts,
    )
    try {
      await bus.open()
      expect(await bus.inspect(6)).toMatchObject({ id: 6, powered: false, mismatches: [] })
      expect([...(await bus.setTorque(IDS, true))]).toEqual(IDS)
      await bus.writeSetpoints([{ id: 1, position: deg(5) }])
      expect((await bus.readStatus()).size).toBe(6)
      bus.stop({ cut: IDS, freeze: [] })
      expect(await Promise.all(IDS.map((id) => bus.readTorque(id)))).toEqual(new Array(6).fill(false))
    } finally {
      await bus.close()
      detach()
      await pty.close()
    }
  })
})
