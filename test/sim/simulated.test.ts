import { describe, expect, it } from 'vitest'
import type { HardwareMap } from '../../src/device/hardware-map.ts'
import type { JointSpec } from '../../src/device/joint.ts'
import type { SensorSpec } from '../../src/device/sensor.ts'
import type { ServoBusSpec } from '../../src/device/servo-bus.ts'
import type { ByteConnection, ByteTransport } from '../../src/device/transport.ts'
import { playback, type SimulationOptions, simulated, simulationOf, type WireFrame } from '../../src/sim/index.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { frame, hex, high, low, toHex } from './rig.ts'

const unusable: ByteTransport = {
  kind: 'serial',
  address: '/dev/ttyNONE',
  baudRate: 1_000_000,
  open: () => Promise.reject(new Error('the real port was opened')),
}

const busSpec = (port: ByteTransport, family = 'feetech'): ServoBusSpec => ({
  family,
  port,
  withPort: (other) => busSpec(other, family),
  create: () => {
    throw new Error('not in this test')
  },
})

const sensorSpec = (port: ByteTransport): SensorSpec => ({
  kind: 'test',
  port,
  withPort: sensorSpec,
  open: () => Promise.reject(new Error('not in this test')),
})

const joint = (id: number, more: Partial<JointSpec> = {}, model = 'STS3215'): JointSpec => ({
  position: [-1.7, 1.7],
  velocity: 5,
  servo: { family: 'feetech', model, bus: 'servos', id, ids: { min: 0, max: 253 }, options: {} },
  stop: 'park',
  ...more,
})

class Robot {
  readonly hardware: HardwareMap
  readonly name: string
  constructor(hardware: HardwareMap, name = 'arm') {
    this.hardware = hardware
    this.name = name
  }
  withHardware(hardware: HardwareMap): Robot {
    return new Robot({ ...hardware }, this.name)
  }
}

const arm = (more: Partial<HardwareMap> = {}): Robot =>
  new Robot({
    buses: { servos: busSpec(unusable) },
    joints: {
      pan: joint(1),
      lift: joint(2, { direction: -1 }),
      jaw: joint(3, { offset: 0.5, gear: 2 }),
      passive: { position: [0, 1], velocity: 1 },
    },
    sensors: { heading: sensorSpec(unusable), room: sensorSpec(unusable) },
    calibration: {},
    ...more,
  })

async function opened(options: SimulationOptions = {}, clock = new VirtualClock(), robot = simulated(arm(), options)) {
  const sim = simulationOf(robot)
  const port = robot.hardware.buses.servos?.port as ByteTransport
  const host = await port.open({ clock })
  const received: string[] = []
  const listen = (connection: ByteConnection): void => {
    connection.onBytes((bytes) => received.push(toHex(bytes)))
  }
  listen(host)
  const ask = async (bytes: Uint8Array, wait = 0.01, connection = host): Promise<string[]> => {
    received.length = 0
    connection.write(bytes)
    await clock.advance(wait)
    return [...received]
  }
  return { robot, sim, port, host, clock, ask, listen }
}

const goal = (id: number, steps: number): Uint8Array => frame(id, 3, 42, low(steps), high(steps))

describe('simulated(robot)', () => {
  it('keeps the robot what it is and exchanges only its ports', () => {
    const robot = arm()
    const made = simulated(robot)
    expect(made).toBeInstanceOf(Robot)
    expect(made.name).toBe('arm')
    expect(made.hardware.joints).toBe(robot.hardware.joints)
    expect(made.hardware.buses.servos?.port.kind).toBe('simulated')
    expect(made.hardware.buses.servos?.port.baudRate).toBe(1_000_000)
  })

  it('puts one servo on the bus for each joint that names it', async () => {
    const { ask, sim } = await opened()
    expect((await ask(frame(0xfe, 1))).map((reply) => reply.slice(6, 8))).toEqual(['01', '02', '03'])
    expect(sim.servos.map(({ joint }) => joint)).toEqual(['pan', 'lift', 'jaw'])
  })

  it('starts joints at 0, or where it is told, through direction, offset and gear', () => {
    const sim = simulationOf(simulated(arm(), { initial: { lift: 0.5 } }))
    expect(sim.servo('pan').read('presentPosition')).toBe(2048)
    expect(sim.servo('lift').read('presentPosition')).toBe(Math.round(2048 - (0.5 * 4096) / (2 * Math.PI)))
    expect(sim.servo('jaw').read('presentPosition')).toBe(Math.round(2048 - (2 * 0.5 * 4096) / (2 * Math.PI)))
    expect(sim.servo('pan').angle).toBe(0)
    expect(sim.servo('lift').angle).toBeCloseTo(0.5, 12)
    expect(sim.servo('jaw').angle).toBeCloseTo(0, 12)
  })

  it('has the calibration in the registers, and the same angles with it', () => {
    const calibration = { pan: { homingOffset: -300, rangeMin: 900, rangeMax: 3200 } }
    const sim = simulationOf(simulated(arm({ calibration }), { initial: { pan: 0.25 } }))
    const pan = sim.servo('pan')
    expect([pan.read('positionOffset'), pan.read('minPosition'), pan.read('maxPosition')]).toEqual([-300, 900, 3200])
    expect(pan.angle).toBeCloseTo(0.25, 12)
    expect(pan.read('presentPosition')).toBe(Math.round(2048 + (0.25 * 4096) / (2 * Math.PI)))
    pan.powerCycle()
    expect(pan.read('positionOffset')).toBe(-300)
    expect(pan.angle).toBeCloseTo(0.25, 12)
  })

  it('shows a servo as it is: goal, angle, velocity, power, by joint or id', async () => {
    const { ask, sim, clock } = await opened()
    await ask(frame(2, 3, 40, 1))
    await ask(goal(2, 2048 - 652))
    const lift = sim.servo(2)
    expect(lift).toBe(sim.servo('lift'))
    expect(lift.powered).toBe(true)
    expect(lift.moving).toBe(true)
    expect(lift.velocity).toBeGreaterThan(0)
    expect(lift.goal).toBeCloseTo(1.0, 3)
    await clock.advance(3)
    expect(lift.angle).toBeCloseTo(1.0, 3)
    expect(lift.moving).toBe(false)
    expect(lift.read(40)).toBe(1)
  })

  it('keeps registers and places over close and reopen, while the physics goes on', async () => {
    const { ask, sim, host, clock, port, listen } = await opened()
    await ask(frame(1, 3, 40, 1))
    await ask(goal(1, 3000), 0.001)
    await host.close()
    expect(clock.pending).toBe(0)
    await clock.advance(5)
    expect(sim.servo('pan').read('presentPosition')).toBe(3000)
    const again = await port.open({ clock })
    listen(again)
    expect(await ask(frame(1, 2, 42, 2), 0.01, again)).toEqual([toHex(hex('FF FF 01 04 00 B8 0B 37'))])
  })

  it('goes on where it was on another clock', async () => {
    const { ask, sim, host, port } = await opened()
    await ask(frame(1, 3, 40, 1), 10)
    await ask(goal(1, 3000), 0.05)
    const there = sim.servo('pan').angle
    await host.close()
    const later = new VirtualClock({ start: 1000 })
    await port.open({ clock: later })
    expect(sim.servo('pan').angle).toBe(there)
    await later.advance(0.05)
    expect(sim.servo('pan').angle).toBeGreaterThan(there)
    await later.advance(5)
    expect(sim.servo('pan').read('presentPosition')).toBe(3000)
  })

  it('puts a joint that turns at speeds into velocity mode, and lets it turn as far as it goes', async () => {
    const wheel = joint(1)
    const turning = { ...wheel, servo: { ...wheel.servo, mode: 'velocity' } } as JointSpec
    const { ask, sim } = await opened(
      {},
      new VirtualClock(),
      simulated(arm({ joints: { left: turning, lift: joint(2) } })),
    )
    expect([sim.servo('left').read('mode'), sim.servo('lift').read('mode')]).toEqual([1, 0])
    await ask(frame(1, 3, 40, 1))
    await ask(frame(1, 3, 46, low(1000), high(1000)), 60)
    expect(sim.servo('left').velocity).toBeCloseTo((1000 * 2 * Math.PI) / 4096, 9)
    expect(sim.servo('left').angle).toBeGreaterThan(14 * 2 * Math.PI)
  })

  it('rests before the first open', () => {
    const sim = simulationOf(simulated(arm()))
    expect(sim.servo('pan').powered).toBe(false)
    expect(sim.servo('pan').velocity).toBe(0)
  })

  it('every call makes a world of its own', async () => {
    const robot = arm()
    const first = await opened({}, new VirtualClock(), simulated(robot))
    const second = simulationOf(simulated(robot))
    await first.ask(frame(1, 3, 40, 1))
    expect(first.sim.servo('pan').powered).toBe(true)
    expect(second.servo('pan').powered).toBe(false)
  })

  it('finds its simulation again after the robot was copied', () => {
    const made = simulated(arm())
    expect(simulationOf(made.withHardware({ ...made.hardware }))).toBe(simulationOf(made))
  })

  it('gives a sensor the port that is named for it, and no real one to any other', async () => {
    const port = playback({ bytes: hex('01'), baudRate: 4800 })
    const made = simulated(arm(), { sensors: { heading: port } })
    expect(made.hardware.sensors.heading?.port).toBe(port)
    expect(made.hardware.sensors.room?.port).not.toBe(unusable)
    expect(simulationOf(made).silentSensors).toEqual(['room'])
    expect(simulationOf(simulated(arm())).silentSensors).toEqual(['heading', 'room'])
  })

  it('a port that nothing was named for opens, says nothing, takes what is written, and leaves no timer', async () => {
    const room = simulated(arm()).hardware.sensors.room?.port
    expect([room?.kind, room?.address, room?.baudRate]).toEqual(['simulated', 'simulated room', 1_000_000])
    const clock = new VirtualClock()
    const connection = (await room?.open({ clock })) as ByteConnection
    const heard: unknown[] = []
    connection.onBytes((bytes) => heard.push(bytes))
    connection.onLost((lost) => heard.push(lost))
    connection.write(hex('01 02'))
    await clock.advance(3600)
    expect([connection.isOpen, heard, clock.pending]).toEqual([true, [], 0])
    await connection.close()
    expect(() => connection.write(hex('01'))).toThrow(expect.objectContaining({ code: 'TENDON_LINK_CLOSED' }))
  })

  it('a sensor without a port of its own stays what it is', () => {
    const own: SensorSpec = { kind: 'test', withPort: sensorSpec, open: () => Promise.reject(new Error('not here')) }
    const made = simulated(arm({ sensors: { own } }))
    expect(made.hardware.sensors.own).toBe(own)
    expect(simulationOf(made).silentSensors).toEqual([])
  })

  it('the tap hears every frame on the wire, both ways, in order of time', async () => {
    const { ask, sim } = await opened({}, new VirtualClock({ start: 100 }))
    const frames: WireFrame[] = []
    const end = sim.tap((one) => frames.push(one))
    await ask(frame(1, 1))
    end()
    await ask(frame(2, 1))
    expect(frames.map(({ from, bus, bytes }) => [from, bus, toHex(bytes)])).toEqual([
      ['host', 'servos', 'FF FF 01 02 01 FB'],
      ['servo', 'servos', 'FF FF 01 02 00 FC'],
    ])
    expect(frames.map(({ at }) => at)).toEqual([expect.closeTo(100.00006, 9), expect.closeTo(100.00012, 9)])
  })

  it.each([
    [
      'an unknown model',
      () => simulated(arm({ joints: { pan: joint(1, {}, 'STS9999') } })),
      'TENDON_SIM_UNKNOWN_SERVO',
    ],
    [
      'an unknown family',
      () => simulated(arm({ buses: { servos: busSpec(unusable, 'acme') } })),
      'TENDON_SIM_UNKNOWN_BUS',
    ],
    ['a misspelt joint', () => simulated(arm(), { initial: { pam: 1 } }), 'TENDON_SIM_UNKNOWN_NAME'],
    ['a joint without a servo', () => simulated(arm(), { joints: { passive: {} } }), 'TENDON_SIM_UNKNOWN_NAME'],
    ['a misspelt sensor', () => simulated(arm(), { sensors: { headin: unusable } }), 'TENDON_SIM_UNKNOWN_NAME'],
    ['a robot on its hardware', () => simulationOf(arm()), 'TENDON_SIM_NOT_SIMULATED'],
    ['a misspelt bus', () => simulationOf(simulated(arm())).bus('servo'), 'TENDON_SIM_UNKNOWN_NAME'],
    ['an unknown id', () => simulationOf(simulated(arm())).servo(77), 'TENDON_SIM_UNKNOWN_NAME'],
  ])('%s is an error with a code', (_what, act, code) => {
    expect(act).toThrow(expect.objectContaining({ code }))
  })

  it('a misspelt name is answered with the near one', () => {
    expect(() => simulationOf(simulated(arm())).servo('lif')).toThrow('Use lift.')
  })

  it('an id on two buses must be named by its joint', () => {
    const buses = { servos: busSpec(unusable), more: busSpec(unusable) }
    const second = joint(1)
    const joints = { pan: joint(1), tilt: { ...second, servo: { ...second.servo, bus: 'more' } } as JointSpec }
    const sim = simulationOf(simulated(arm({ buses, joints })))
    expect(() => sim.servo(1)).toThrow(expect.objectContaining({ code: 'TENDON_SIM_AMBIGUOUS_ID' }))
    expect(sim.servo('tilt').bus).toBe('more')
  })
})

describe('faults', () => {
  it('a silent servo hears nothing and keeps its power, until it is cleared', async () => {
    const { ask, sim } = await opened()
    await ask(frame(1, 3, 40, 1))
    sim.faults.silence('pan')
    expect(await ask(frame(1, 1))).toEqual([])
    await ask(hex('FF FF FE 04 03 28 00 D2'))
    expect(sim.servo('pan').powered).toBe(true)
    expect(await ask(frame(2, 1))).toHaveLength(1)
    sim.faults.clear('pan')
    expect(await ask(frame(1, 1))).toHaveLength(1)
  })

  it('dropped replies are lost though the servo obeyed: the next so many', async () => {
    const { ask, sim } = await opened()
    sim.faults.dropReplies('pan', { next: 2 })
    expect(await ask(frame(1, 3, 40, 1))).toEqual([])
    expect(sim.servo('pan').powered).toBe(true)
    expect(await ask(frame(1, 1))).toEqual([])
    expect(await ask(frame(1, 1))).toHaveLength(1)
  })

  it('dropped replies with a probability are drawn from the seed', async () => {
    const play = async (seed: number): Promise<number[]> => {
      const { ask, sim } = await opened({ seed })
      sim.faults.dropReplies('pan', { probability: 0.3 })
      const heard: number[] = []
      for (let i = 0; i < 100; i++) heard.push((await ask(frame(1, 1), 0.001)).length)
      return heard
    }
    const first = await play(1)
    const lost = first.filter((replies) => replies === 0).length
    expect(lost).toBeGreaterThan(15)
    expect(lost).toBeLessThan(45)
    expect(await play(1)).toEqual(first)
    expect(await play(2)).not.toEqual(first)
  })

  it('a corrupt reply differs in exactly one bit', async () => {
    const { ask, sim } = await opened()
    sim.faults.corruptReplies(1, { next: 1 })
    const [reply] = await ask(frame(1, 1))
    const good = hex('FF FF 01 02 00 FC')
    const flipped = [...hex(reply ?? '')].map((byte, i) => byte ^ (good[i] as number))
    expect(flipped.map((byte) => byte.toString(2).replaceAll('0', '').length).reduce((a, b) => a + b)).toBe(1)
    expect(await ask(frame(1, 1))).toEqual(['FF FF 01 02 00 FC'])
  })

  it('a jammed joint stays, loads up, raises the overload alarm in every reply, and goes on when cleared', async () => {
    const { ask, sim, clock } = await opened()
    await ask(frame(1, 3, 40, 1))
    sim.faults.jam('pan')
    await ask(goal(1, 2400))
    await clock.advance(3)
    expect(sim.servo('pan').angle).toBe(0)
    expect(sim.servo('pan').alarms).toEqual(['overload'])
    expect(await ask(frame(1, 1))).toEqual(['FF FF 01 02 20 DC'])
    sim.faults.clear()
    await clock.advance(3)
    expect(sim.servo('pan').read('presentPosition')).toBe(2400)
  })

  it('heat and supply raise their alarms', async () => {
    const { ask, sim } = await opened()
    sim.faults.heat('pan', 80)
    expect(await ask(frame(1, 1))).toEqual(['FF FF 01 02 04 F8'])
    expect(sim.servo('pan').alarms).toEqual(['temperature'])
    sim.faults.supply(3.9)
    expect(sim.servo('lift').alarms).toEqual(['voltage'])
    sim.faults.supply(7.4, 'lift')
    expect(sim.servo('lift').alarms).toEqual([])
    expect(sim.servo('jaw').alarms).toEqual(['voltage'])
  })

  it('an unplugged bus loses its link, opens only when plugged in again, and its servos go on', async () => {
    const { ask, sim, host, port, clock } = await opened()
    await ask(frame(1, 3, 40, 1))
    await ask(goal(1, 3000))
    const lost: string[] = []
    host.onLost((problem) => lost.push(problem.code))
    sim.faults.unplug('servos')
    expect(host.isOpen).toBe(false)
    expect(lost).toEqual([])
    expect(() => host.write(frame(1, 1))).toThrow(expect.objectContaining({ code: 'TENDON_LINK_CLOSED' }))
    await clock.advance(5)
    expect(lost).toEqual(['TENDON_LINK_LOST'])
    await expect(port.open({ clock })).rejects.toMatchObject({ code: 'TENDON_PORT_OPEN_FAILED' })
    expect(sim.servo('pan').read('presentPosition')).toBe(3000)
    expect(sim.servo('pan').powered).toBe(true)
    sim.faults.plug()
    expect((await port.open({ clock })).isOpen).toBe(true)
    expect(clock.pending).toBe(0)
  })

  it('what is under way when the cable is pulled arrives nowhere', async () => {
    const { sim, host, clock } = await opened()
    host.write(frame(1, 3, 40, 1))
    sim.faults.unplug()
    await clock.advance(1)
    expect(sim.servo('pan').powered).toBe(false)
  })

  it('a power cycle leaves torque off', async () => {
    const { ask, sim } = await opened()
    await ask(frame(0xfe, 3, 40, 1))
    sim.powerCycle()
    expect(sim.servos.map(({ powered }) => powered)).toEqual([false, false, false])
  })

  it('gravity pulls towards larger angles whichever way the servo is mounted', async () => {
    const { sim, clock } = await opened({ joints: { pan: { gravity: 0.3 }, lift: { gravity: 0.3 } } })
    await clock.advance(5)
    expect(sim.servo('pan').angle).toBeCloseTo(1.75, 6)
    expect(sim.servo('lift').angle).toBeCloseTo(1.75, 6)
  })
})

describe('determinism', () => {
  it('the same seed gives the same bytes at the same times, whatever the clock starts at', async () => {
    const play = async (start: number): Promise<string[]> => {
      const { ask, sim } = await opened({ seed: 5 }, new VirtualClock({ start }))
      const frames: string[] = []
      sim.tap(({ at, from, bytes }) => frames.push(`${(at - start).toFixed(7)} ${from} ${toHex(bytes)}`))
      sim.faults.dropReplies('lift', { probability: 0.2 })
      sim.faults.corruptReplies('jaw', { probability: 0.2 })
      await ask(frame(0xfe, 3, 40, 1))
      for (let i = 0; i < 100; i++) {
        await ask(frame(0xfe, 0x83, 42, 2, 1, low(2048 + i * 5), high(2048 + i * 5)), 0.002)
        await ask(frame(0xfe, 0x82, 56, 6, 1, 2, 3), 0.018)
      }
      return frames
    }
    const first = await play(0)
    expect(first.length).toBeGreaterThan(400)
    expect(await play(0)).toEqual(first)
    expect(await play(1024)).toEqual(first)
  })
})
