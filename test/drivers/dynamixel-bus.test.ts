import { afterEach, describe, expect, it } from 'vitest'
import type { TendonError } from '../../src/base/problem.ts'
import type { ServoMount, ServoSpec } from '../../src/device/servo-bus.ts'
import type { ByteTransport } from '../../src/device/transport.ts'
import { type DynamixelBusOptions, dynamixel } from '../../src/drivers/dynamixel/bus.ts'
import { X_SERIES } from '../../src/drivers/dynamixel/registers.ts'
import { type DynamixelOptions, xl430, xm430 } from '../../src/drivers/dynamixel/servos.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { MemoryTransport } from '../../src/transports/memory.ts'
import { DynamixelServos } from './dynamixel-servos.ts'

const STEP = (2 * Math.PI) / 4096
const SPEED = (0.229 * 2 * Math.PI) / 60
const ALL_OFF = 'fffffd00fe060003400000 2e16'.replace(' ', '')

const mount = (id: number, servo: ServoSpec): ServoMount => ({ joint: `joint_${id}`, servo })
const position = (id: number, options: DynamixelOptions = {}): ServoMount => mount(id, xm430('servos', id, options))
const wheel = (id: number): ServoMount => mount(id, xm430('servos', id, { mode: 'velocity' }))

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

async function rig(
  mounts: readonly ServoMount[] = [position(1), position(2), position(3)],
  options: Partial<DynamixelBusOptions> = {},
) {
  const clock = new VirtualClock()
  const ids = mounts.flatMap(({ servo }) => [servo.id, ...(servo.shadows ?? [])])
  const servos = new DynamixelServos(ids)
  for (const { servo } of mounts) {
    for (const shadow of servo.shadows ?? []) {
      servos.set(shadow, X_SERIES.secondary_id, servo.id)
      servos.set(shadow, X_SERIES.drive_mode, 1)
      servos.set(shadow, X_SERIES.present_position, servos.get(servo.id, X_SERIES.present_position))
    }
    if (servo.mode === 'velocity') servos.set(servo.id, X_SERIES.operating_mode, 1)
  }
  const port = new MemoryTransport({ address: 'line', baudRate: 1_000_000, connect: servos.connect })
  const bus = dynamixel({ port, ...options }).create({ clock }, mounts)
  const run = <T>(promise: Promise<T>): Promise<T> => clock.run(promise)
  await run(bus.open())
  ends.push(() => run(bus.close()))
  /** Everything that the host sent until now has been obeyed. */
  const obeyed = (): Promise<unknown> => run(bus.readTorque(mounts[0]?.servo.id ?? 1))
  const powers = (): number[] => ids.map((id) => servos.get(id, X_SERIES.torque))
  const powerAll = (): void => {
    for (const id of ids) servos.set(id, X_SERIES.torque, 1)
  }
  return { bus, servos, clock, port, run, obeyed, powers, powerAll }
}

const codeOf = (error: TendonError): string => error.code

describe('readings of a Dynamixel bus', () => {
  it('have position, velocity and load of all servos from one exchange', async () => {
    const { bus, run, servos } = await rig()
    const samples = await run(bus.readMotion())
    expect([...samples.keys()]).toEqual([1, 2, 3])
    expect(samples.get(2)).toMatchObject({ id: 2, alarms: [] })
    expect(samples.get(2)?.position).toBeCloseTo(200 * STEP, 9)
    expect(samples.get(2)?.velocity).toBeCloseTo(-2 * SPEED, 9)
    expect(samples.get(2)?.load).toBeCloseTo(100 / 1193, 9)
    expect(samples.get(2)).not.toHaveProperty('voltage')
    expect(servos.frames.map(({ instruction }) => instruction)).toEqual([0x82])
    expect(bus.health()).toMatchObject({ exchanges: 1, retries: 0, timeouts: 0 })
  })

  it('take 126 for a load where the model measures no current, and for a share of its own current limit elsewhere', async () => {
    const { bus, run, servos } = await rig([position(1), mount(2, xl430('servos', 2))])
    servos.set(2, X_SERIES.model, 1060)
    servos.set(1, X_SERIES.current_limit, 400)
    servos.set(1, X_SERIES.present_current, -100)
    servos.set(2, X_SERIES.present_load, -250)
    await run(bus.inspect(1))
    const samples = await run(bus.readStatus())
    expect(samples.get(1)).toMatchObject({ load: -0.25, current: -0.269 })
    expect(samples.get(2)).toMatchObject({ load: -0.25 })
    expect(samples.get(2)).not.toHaveProperty('current')
  })

  it('have the whole status from one exchange too', async () => {
    const { bus, run, servos } = await rig()
    servos.set(3, X_SERIES.moving, 1)
    servos.set(3, X_SERIES.torque, 1)
    const samples = await run(bus.readStatus())
    expect(servos.frames).toHaveLength(1)
    expect(samples.get(3)).toMatchObject({ voltage: 12.1, temperature: 31, moving: true, powered: true, alarms: [] })
    expect(samples.get(1)).toMatchObject({ moving: false, powered: false })
  })

  it('ask a servo with a hardware alert at once what is wrong, and name it', async () => {
    const { bus, run, servos } = await rig()
    servos.set(2, X_SERIES.hardware_error, 0b100100)
    const samples = await run(bus.readMotion())
    expect(samples.get(2)?.alarms).toEqual(['overheating', 'overload'])
    expect(samples.get(1)?.alarms).toEqual([])
    expect(servos.frames).toHaveLength(2)
  })

  it('tell of a bus watchdog that has tripped, and goals are refused until configure has cleared it', async () => {
    const { bus, run, servos, obeyed } = await rig()
    servos.set(1, X_SERIES.bus_watchdog, -1)
    expect((await run(bus.readStatus())).get(1)?.alarms).toEqual(['bus_watchdog'])
    const goal = bus.writeSetpoints([{ id: 1, position: 0 }])
    await expect(run(goal)).rejects.toMatchObject({
      code: 'TENDON_DYNAMIXEL_WATCHDOG',
      problem: { power: 'on', facts: { joint: 'joint_1', servo: 1, port: 'line' } },
    })
    await run(bus.configure(1))
    await run(bus.writeSetpoints([{ id: 1, position: 0 }]))
    await obeyed()
    expect(servos.get(1, X_SERIES.goal_position)).toBe(2048)
  })

  it('ask a servo that missed the joined read once more by itself', async () => {
    const { bus, run, servos } = await rig()
    servos.lose.set(2, 1)
    expect([...(await run(bus.readMotion())).keys()].sort()).toEqual([1, 2, 3])
    expect(bus.health()).toMatchObject({ exchanges: 2, retries: 1, timeouts: 1 })
  })

  it('leave a servo that stays silent out of the map, within the retry budget', async () => {
    const { bus, run, servos } = await rig(undefined, { retryBudget: 2 })
    servos.silent.add(2)
    servos.silent.add(3)
    expect([...(await run(bus.readMotion())).keys()]).toEqual([1])
    expect(bus.health()).toMatchObject({ exchanges: 3, retries: 2, timeouts: 3 })
  })

  it('survive every value that must be stuffed, from servos that stuff and from those that do not', async () => {
    const { bus, run, servos } = await rig()
    for (const stuffs of [true, false]) {
      servos.stuffs = stuffs
      // Current -1 and then a velocity that begins with FD: what others lost.
      servos.set(1, X_SERIES.present_current, -1)
      servos.set(1, X_SERIES.present_velocity, 0xfd)
      servos.set(2, X_SERIES.present_position, 0x00fdffff)
      const samples = await run(bus.readMotion())
      expect(samples.get(1)?.velocity).toBeCloseTo(0xfd * SPEED, 9)
      expect(samples.get(2)?.position).toBeCloseTo((0x00fdffff - 2048) * STEP, 5)
    }
    expect(bus.health()).toMatchObject({ retries: 0, timeouts: 0, corrupt: 0, unexpected: 0 })
  })

  it('send nothing by themselves: between two calls the line is silent, so that the bus watchdogs can trip', async () => {
    const { bus, run, servos, clock } = await rig()
    servos.silent.add(3)
    await run(bus.readMotion())
    const before = servos.heard.length
    await clock.advance(60)
    expect(servos.heard.length).toBe(before)
    expect(clock.pending).toBe(0)
  })
})

describe('fast readings', () => {
  const fast = { fastSyncRead: true }

  it('have all servos from one packet', async () => {
    const { bus, run, servos } = await rig(undefined, fast)
    servos.set(2, X_SERIES.present_current, -1)
    servos.set(2, X_SERIES.present_velocity, 0xfd)
    const samples = await run(bus.readMotion())
    expect([...samples.keys()]).toEqual([1, 2, 3])
    expect(samples.get(2)?.velocity).toBeCloseTo(0xfd * SPEED, 9)
    expect(samples.get(3)?.position).toBeCloseTo(300 * STEP, 9)
    expect((await run(bus.readStatus([2]))).get(2)).toMatchObject({ voltage: 12.1 })
    expect(servos.frames.map(({ instruction }) => instruction)).toEqual([0x8a, 0x8a])
  })

  it('name the hardware error of the servo that has it', async () => {
    const { bus, run, servos } = await rig(undefined, fast)
    servos.set(3, X_SERIES.hardware_error, 1)
    const samples = await run(bus.readMotion())
    expect([...samples.values()].map(({ alarms }) => alarms)).toEqual([[], [], ['voltage']])
  })

  it('fall back at once where one servo is silent, and leave out that one alone', async () => {
    const { bus, run, servos } = await rig(undefined, { ...fast, retryBudget: 0 })
    servos.silent.add(2)
    expect([...(await run(bus.readMotion())).keys()]).toEqual([1, 3])
  })

  it('are not asked for any more after three that nobody answered, until the port is opened anew', async () => {
    const { bus, run, servos } = await rig(undefined, fast)
    servos.fast = false
    for (let turn = 0; turn < 5; turn++) expect((await run(bus.readMotion())).size).toBe(3)
    const asked = (): number => servos.frames.filter(({ instruction }) => instruction === 0x8a).length
    expect(asked()).toBe(3)
    await run(bus.close())
    await run(bus.open())
    await run(bus.readMotion())
    expect(asked()).toBe(4)
  })
})

describe('setpoints', () => {
  it('write pace and goal of all servos in one packet', async () => {
    const { bus, run, servos, obeyed } = await rig()
    await run(
      bus.writeSetpoints([
        { id: 1, position: 0.5, velocity: 2 },
        { id: 2, position: -0.5 },
      ]),
    )
    await obeyed()
    expect(servos.frames[0]).toMatchObject({ id: 0xfe, instruction: 0x83 })
    expect([...(servos.frames[0]?.params.subarray(0, 4) ?? [])]).toEqual([112, 0, 8, 0])
    expect(servos.get(1, X_SERIES.goal_position)).toBe(2048 + Math.round(0.5 / STEP))
    expect(servos.get(1, X_SERIES.profile_velocity)).toBe(Math.round(2 / SPEED))
    expect(servos.get(2, X_SERIES.goal_position)).toBe(2048 - Math.round(0.5 / STEP))
    expect(servos.get(2, X_SERIES.profile_velocity)).toBe(0)
  })

  it('join the acceleration for all where one names it', async () => {
    const { bus, run, servos, obeyed } = await rig([position(1), position(2, { acceleration: 10 })])
    await run(
      bus.writeSetpoints([
        { id: 1, position: 0, acceleration: 3.745 },
        { id: 2, position: 0 },
      ]),
    )
    await obeyed()
    expect([...(servos.frames[0]?.params.subarray(0, 4) ?? [])]).toEqual([108, 0, 12, 0])
    expect(servos.get(1, X_SERIES.profile_acceleration)).toBe(10)
    expect(servos.get(2, X_SERIES.profile_acceleration)).toBe(27)
  })

  it('never make 0, the fastest, of a slow pace', async () => {
    const { bus, run, servos, obeyed } = await rig()
    await run(bus.writeSetpoints([{ id: 1, position: 0, velocity: 0.0001 }]))
    await obeyed()
    expect(servos.get(1, X_SERIES.profile_velocity)).toBe(1)
  })

  it('of positions and of speeds that wait for the same turn leave together', async () => {
    const { bus, run, servos, obeyed } = await rig([position(1), wheel(2)])
    const reading = bus.readMotion()
    const before = servos.heard.length
    await run(
      Promise.all([
        reading,
        bus.writeSetpoints([{ id: 1, position: 0.1 }]),
        bus.writeSpeeds([{ id: 2, speed: 1 }]),
        bus.writeSetpoints([{ id: 1, position: 0.3 }]),
      ]),
    )
    await obeyed()
    expect(servos.heard.slice(before).filter((text) => text.slice(14, 16) === '83')).toHaveLength(1)
    expect(servos.get(1, X_SERIES.goal_position)).toBe(2048 + Math.round(0.3 / STEP))
    expect(servos.get(2, X_SERIES.goal_velocity)).toBe(Math.round(1 / SPEED))
  })

  it('of speeds write speed, with its sign, and acceleration in one packet', async () => {
    const { bus, run, servos, obeyed } = await rig([wheel(1), wheel(2)])
    await run(
      bus.writeSpeeds([
        { id: 1, speed: -3, acceleration: 7.49 },
        { id: 2, speed: 3 },
      ]),
    )
    await obeyed()
    expect([...(servos.frames[0]?.params.subarray(0, 4) ?? [])]).toEqual([104, 0, 8, 0])
    expect(servos.get(1, X_SERIES.goal_velocity)).toBe(-Math.round(3 / SPEED))
    expect(servos.get(1, X_SERIES.profile_acceleration)).toBe(20)
    expect(servos.get(2, X_SERIES.goal_velocity)).toBe(Math.round(3 / SPEED))
    expect(servos.get(2, X_SERIES.profile_acceleration)).toBe(107)
  })

  it('a hair beyond the limit of the servo are the limit: 180 degrees are 4096 steps, and the last is 4095', async () => {
    const { bus, run, servos, obeyed } = await rig()
    await run(bus.writeSetpoints([{ id: 1, position: Math.PI }]))
    await obeyed()
    expect(servos.get(1, X_SERIES.goal_position)).toBe(4095)
  })

  it.each([
    ['position', { position: Number.NaN }],
    ['position', { position: 3.3 }],
    ['velocity', { position: 0, velocity: -1 }],
    ['acceleration', { position: 0, acceleration: Infinity }],
  ])('with a bad %s are refused, with the joint, and nothing is written: %o', async (field, bad) => {
    const { bus, run, servos, obeyed } = await rig()
    const write = bus.writeSetpoints([
      { id: 1, position: 0 },
      { id: 2, ...bad },
    ])
    await expect(run(write)).rejects.toMatchObject({
      code: 'TENDON_SETPOINT_INVALID',
      problem: { facts: { joint: 'joint_2', servo: 2, field } },
    })
    await obeyed()
    expect(servos.frames).toHaveLength(1)
  })

  it('beyond the limits that the servo itself has told are refused, because it would drop them without a word', async () => {
    const { bus, run, servos } = await rig([position(1), wheel(2)])
    servos.set(1, X_SERIES.max_position, 3000)
    servos.set(2, X_SERIES.velocity_limit, 40)
    await run(bus.inspect(1))
    await run(bus.inspect(2))
    await expect(run(bus.writeSetpoints([{ id: 1, position: 1.6 }]))).rejects.toMatchObject({
      code: 'TENDON_SETPOINT_INVALID',
    })
    await expect(run(bus.writeSpeeds([{ id: 2, speed: 1.1 }]))).rejects.toMatchObject({
      problem: { facts: { field: 'speed', value: 1.1 } },
    })
    await run(bus.writeSpeeds([{ id: 2, speed: 0.95 }]))
  })

  it('of the other kind are refused: an angle for a wheel, a speed for an arm', async () => {
    const { bus, run } = await rig([position(1), wheel(2)])
    await expect(run(bus.writeSetpoints([{ id: 2, position: 0 }]))).rejects.toMatchObject({
      code: 'TENDON_SETPOINT_INVALID',
    })
    await expect(run(bus.writeSpeeds([{ id: 1, speed: 0 }]))).rejects.toMatchObject({ code: 'TENDON_SETPOINT_INVALID' })
  })
})

describe('the stop frame', () => {
  it('is the published broadcast, twice, where every servo is cut', async () => {
    const { bus, servos, obeyed, powers, powerAll } = await rig()
    powerAll()
    bus.stop({ cut: [1, 2, 3], freeze: [] })
    await obeyed()
    expect(servos.heard.join('').startsWith(ALL_OFF + ALL_OFF)).toBe(true)
    expect(powers()).toEqual([0, 0, 0])
  })

  it('is one bulk write where some are cut and others frozen', async () => {
    const { bus, servos, obeyed, powers, powerAll } = await rig([position(1), position(2), wheel(3)])
    powerAll()
    servos.set(3, X_SERIES.goal_velocity, 100)
    bus.stop({
      cut: [1],
      freeze: [
        { id: 2, position: 0.1 },
        // Wherever it is: it is told speed 0.
        { id: 3, position: Number.NaN },
      ],
    })
    await obeyed()
    expect(servos.frames[0]).toMatchObject({ id: 0xfe, instruction: 0x93 })
    expect(servos.frames[1]).toEqual(servos.frames[0])
    expect(powers()).toEqual([0, 1, 1])
    expect(servos.get(2, X_SERIES.goal_position)).toBe(2048 + Math.round(0.1 / STEP))
    expect(servos.get(2, X_SERIES.profile_velocity)).toBe(4)
    expect(servos.get(3, X_SERIES.goal_velocity)).toBe(0)
    expect(servos.get(3, X_SERIES.goal_position)).toBe(0)
  })

  it('is what stopFrame says beforehand, and needs no link for it', async () => {
    const { bus, servos, run } = await rig()
    const plan = { cut: [1, 3], freeze: [{ id: 2, position: 0.2 }] }
    const frame = Buffer.from(bus.stopFrame(plan)).toString('hex')
    bus.stop(plan)
    expect(servos.heard).toEqual([])
    await run(bus.readTorque(1))
    expect(servos.heard[0]).toBe(frame)
    await run(bus.close())
    expect(Buffer.from(bus.stopFrame(plan)).toString('hex')).toBe(frame)
    expect(() => bus.stop(plan)).toThrow(/TENDON_BUS_CLOSED/)
  })

  it('never powers a servo: it names no torque but 0', async () => {
    const { bus, obeyed, powers } = await rig()
    bus.stop({ cut: [], freeze: [1, 2, 3].map((id) => ({ id, position: 0.1 })) })
    await obeyed()
    expect(powers()).toEqual([0, 0, 0])
  })

  it('cuts what the plan does not name, and what it names twice', async () => {
    const { bus, obeyed, powers, powerAll } = await rig()
    powerAll()
    const freeze = [1, 2].map((id) => ({ id, position: 0 }))
    bus.stop({ cut: [2], freeze })
    await obeyed()
    expect(powers()).toEqual([1, 0, 0])
  })

  it('freezes at the place that was read last where the given one is no number, and inside the limits', async () => {
    const { bus, run, servos, obeyed, powers, powerAll } = await rig()
    powerAll()
    await run(bus.readMotion([1]))
    bus.stop({
      cut: [],
      freeze: [
        { id: 1, position: Number.NaN },
        { id: 2, position: Number.NaN },
        { id: 3, position: 3.2 },
      ],
    })
    await obeyed()
    expect(powers()).toEqual([1, 0, 1])
    expect(servos.get(1, X_SERIES.goal_position)).toBe(2148)
    expect(servos.get(3, X_SERIES.goal_position)).toBe(4095)
  })

  it('drops setpoints that wait', async () => {
    const { bus, run, servos, obeyed } = await rig()
    const reading = bus.readMotion()
    const dropped = bus.writeSetpoints([{ id: 1, position: 0.1 }]).catch(codeOf)
    bus.stop({ cut: [1, 2, 3], freeze: [] })
    const after = bus.writeSetpoints([{ id: 2, position: 0.2 }])
    expect(await run(dropped)).toBe('TENDON_STOPPED_FIRST')
    await run(Promise.all([reading, after]))
    await obeyed()
    expect(servos.get(1, X_SERIES.goal_position)).toBe(0)
    expect(servos.get(2, X_SERIES.goal_position)).toBe(2048 + Math.round(0.2 / STEP))
  })
})

describe('torque', () => {
  it('on: the present position is the goal before there is power, servo by servo, and it is read back', async () => {
    const { bus, run, servos, powers } = await rig()
    expect([...(await run(bus.setTorque([1, 2, 3], true)))]).toEqual([1, 2, 3])
    expect(powers()).toEqual([1, 1, 1])
    for (const id of [1, 2, 3]) {
      expect(servos.get(id, X_SERIES.goal_position)).toBe(2048 + 100 * id)
      const writes = servos.frames.filter((frame) => frame.id === id && frame.instruction === 3)
      expect(writes.map(({ params }) => params[0])).toEqual([108, 64])
    }
  })

  it('on: a wheel is told speed 0 before there is power', async () => {
    const { bus, run, servos, powers } = await rig([wheel(1)])
    servos.set(1, X_SERIES.goal_velocity, 150)
    expect([...(await run(bus.setTorque([1], true)))]).toEqual([1])
    expect(powers()).toEqual([1])
    expect(servos.get(1, X_SERIES.goal_velocity)).toBe(0)
    expect(servos.frames.filter(({ instruction }) => instruction === 3).map(({ params }) => params[0])).toEqual([
      104, 64,
    ])
  })

  it('on: a servo that refuses its goal gets no power', async () => {
    const { bus, run, servos, powers } = await rig()
    servos.set(1, X_SERIES.bus_watchdog, -1)
    servos.set(2, X_SERIES.present_position, 4200)
    expect([...(await run(bus.setTorque([1, 2, 3], true)))]).toEqual([3])
    expect(powers()).toEqual([0, 0, 1])
  })

  it('on: a servo that stands a hair beyond its limit is powered at the limit', async () => {
    const { bus, run, servos } = await rig()
    servos.set(2, X_SERIES.present_position, -3)
    expect([...(await run(bus.setTorque([2], true)))]).toEqual([2])
    expect(servos.get(2, X_SERIES.goal_position)).toBe(0)
  })

  it('on: an order that came garbled is said again, but not after a stop', async () => {
    const { bus, run, servos, powers } = await rig()
    servos.garble.set(1, 1)
    expect([...(await run(bus.setTorque([1], true)))]).toEqual([1])
    await run(bus.setTorque([1], false))
    servos.onFrame = ({ id, instruction, params }) => {
      if (id !== 1 || instruction !== 3 || params[0] !== 64) return
      servos.garble.set(1, 1)
      servos.onFrame = () => {}
      bus.stop({ cut: [1, 2, 3], freeze: [] })
    }
    expect([...(await run(bus.setTorque([1], true)))]).toEqual([])
    await run(bus.readTorque(1))
    expect(powers()).toEqual([0, 0, 0])
  })

  it.each([
    ['reads where servo 2 is', 2, 132, 2, [1]],
    ['writes the goal of servo 2', 2, 108, 3, [1]],
    ['powers servo 2', 2, 64, 3, [1]],
    ['reads back the power of servo 1', 1, 64, 2, []],
  ])('on: nothing that powers a servo follows a stop that comes while it %s', async (_, servo, address, code, done) => {
    const { bus, run, servos, obeyed, powers } = await rig()
    let seen = 0
    servos.onFrame = ({ id, instruction, params }) => {
      if (id === servo && instruction === code && params[0] === address && seen++ === 0)
        bus.stop({ cut: [1, 2, 3], freeze: [] })
    }
    const confirmed = await run(bus.setTorque([1, 2, 3], true))
    await obeyed()
    expect(seen).toBeGreaterThan(0)
    expect([...confirmed]).toEqual(done)
    expect(powers()).toEqual([0, 0, 0])
    expect(servos.frames.filter(({ id, instruction }) => id === 3 && instruction === 3)).toEqual([])
  })

  it('on: nothing that powers a servo follows a stop that comes in the very turn of a reply, whichever', async () => {
    for (let last = 1; last <= 9; last++) {
      const clock = new VirtualClock()
      const servos = new DynamixelServos([1, 2, 3])
      // The first order comes garbled, and is refused: that is a reply too, after which it would be said again.
      servos.garble.set(1, 1)
      const line = new MemoryTransport({ baudRate: 1_000_000, connect: servos.connect })
      let replies = 0
      let stop = (): void => {}
      const port: ByteTransport = {
        kind: 'tapped',
        address: 'line',
        open: async (env) => {
          const connection = await line.open(env)
          // Behind the bus's own listener: the reply has been taken, and nobody has gone on from it yet.
          clock.turn(() => connection.onBytes(() => ++replies === last && stop()))
          return connection
        },
      }
      const bus = dynamixel({ port }).create({ clock }, [position(1), position(2), position(3)])
      await clock.run(bus.open())
      await clock.advance(0.001)
      stop = () => bus.stop({ cut: [1, 2, 3], freeze: [] })
      await clock.run(bus.setTorque([1, 2, 3], true))
      const orders = servos.frames.findIndex(({ id, params }) => id === 0xfe && params[0] === 64)
      expect(orders).toBeGreaterThan(0)
      const after = servos.frames.slice(orders).filter(({ id, instruction }) => id !== 0xfe && instruction === 3)
      expect(after).toEqual([])
      await clock.run(bus.close())
    }
  })

  it('off: the broadcast goes first, then each servo is written and read back', async () => {
    const { bus, run, servos, powers, powerAll } = await rig()
    powerAll()
    expect([...(await run(bus.setTorque([1, 2, 3], false)))]).toEqual([1, 2, 3])
    expect(servos.heard.join('').startsWith(ALL_OFF)).toBe(true)
    expect(powers()).toEqual([0, 0, 0])
  })

  it('off: of some servos only, and a dead one keeps no other powered', async () => {
    const { bus, run, servos, powers, powerAll } = await rig()
    powerAll()
    servos.dead.add(1)
    expect([...(await run(bus.setTorque([1, 3], false)))]).toEqual([3])
    expect(powers()).toEqual([1, 1, 0])
  })

  it('is undefined of a silent servo', async () => {
    const { bus, run, servos } = await rig()
    servos.silent.add(3)
    servos.set(2, X_SERIES.torque, 1)
    expect(await run(Promise.all([1, 2, 3].map((id) => bus.readTorque(id))))).toEqual([false, true, undefined])
  })
})

describe('a joint with a shadow', () => {
  const shadowed = [position(1), position(2, { shadows: [3] })]

  it('has power only when both have, and lets go only when both have', async () => {
    const { bus, run, servos, powers } = await rig(shadowed)
    expect([...(await run(bus.setTorque([1, 2], true)))]).toEqual([1, 2])
    expect(powers()).toEqual([1, 1, 1])
    expect(servos.get(3, X_SERIES.goal_position)).toBe(2248)
    expect(await run(bus.readTorque(2))).toBe(true)
    servos.set(3, X_SERIES.torque, 0)
    expect(await run(bus.readTorque(2))).toBeUndefined()
    expect((await run(bus.readStatus())).get(2)).toMatchObject({ powered: false })
    servos.set(2, X_SERIES.torque, 0)
    expect(await run(bus.readTorque(2))).toBe(false)
  })

  it('is not powered by halves: a shadow that does not follow keeps the joint from being confirmed', async () => {
    const { bus, run, servos } = await rig(shadowed)
    servos.set(3, X_SERIES.secondary_id, 255)
    expect([...(await run(bus.setTorque([1, 2], true)))]).toEqual([1])
    expect(servos.get(3, X_SERIES.torque)).toBe(0)
  })

  it('is switched off by the shadow’s own id as well', async () => {
    const { bus, run, servos, powers, powerAll } = await rig(shadowed)
    powerAll()
    servos.set(3, X_SERIES.secondary_id, 255)
    expect([...(await run(bus.setTorque([2], false)))]).toEqual([2])
    expect(powers()).toEqual([1, 0, 0])
    powerAll()
    bus.stop({ cut: [2], freeze: [{ id: 1, position: 0 }] })
    await run(bus.readTorque(1))
    expect(powers()).toEqual([1, 0, 0])
  })

  it('is not confirmed off while its shadow is silent', async () => {
    const { bus, run, servos, powerAll } = await rig(shadowed)
    powerAll()
    servos.dead.add(3)
    expect([...(await run(bus.setTorque([1, 2], false)))]).toEqual([1])
    expect(await run(bus.readTorque(2))).toBeUndefined()
  })

  it('is missing from a reading when its shadow is silent, and has the alarms and the heat of both', async () => {
    const { bus, run, servos } = await rig(shadowed)
    servos.set(3, X_SERIES.hardware_error, 0b100)
    servos.set(3, X_SERIES.present_temperature, 66)
    expect((await run(bus.readMotion())).get(2)).toMatchObject({ id: 2, alarms: ['overheating'], temperature: 66 })
    servos.silent.add(3)
    expect([...(await run(bus.readMotion())).keys()]).toEqual([1])
  })

  it('is inspected as one: whom it follows and which way it turns must be right', async () => {
    const { bus, run, servos } = await rig(shadowed)
    expect((await run(bus.inspect(2))).mismatches).toEqual([])
    servos.set(3, X_SERIES.secondary_id, 255)
    servos.set(3, X_SERIES.drive_mode, 0)
    servos.set(3, X_SERIES.torque, 1)
    expect(await run(bus.inspect(2))).toMatchObject({
      powered: true,
      mismatches: [
        { register: 'secondary_id of shadow 3', expected: 2, actual: 255 },
        { register: 'drive_mode of shadow 3', expected: 1, actual: 0 },
      ],
    })
  })

  it('is set up once: with power off, direction and second id are written, and then arming takes it', async () => {
    const { bus, run, servos, powers, powerAll } = await rig([position(2, { shadows: [{ id: 3, mirrored: false }] })])
    servos.set(3, X_SERIES.secondary_id, 255)
    servos.set(2, X_SERIES.drive_mode, 1)
    servos.set(3, X_SERIES.homing_offset, 20)
    servos.set(3, X_SERIES.present_position, 2248 + 400)
    powerAll()
    await run(bus.setUp(2))
    expect(powers()).toEqual([0, 0])
    expect(servos.get(3, X_SERIES.homing_offset)).toBe(20 - 400)
    servos.set(3, X_SERIES.present_position, 2248)
    expect((await run(bus.inspect(2))).mismatches).toEqual([])
    expect(servos.get(3, X_SERIES.secondary_id)).toBe(2)
  })

  it('is not armed while its two servos tell different positions: they would push against each other', async () => {
    const { bus, run, servos } = await rig(shadowed)
    servos.set(3, X_SERIES.present_position, 2248 + 23)
    expect((await run(bus.inspect(2))).mismatches).toEqual([])
    servos.set(3, X_SERIES.present_position, 2248 - 24)
    expect((await run(bus.inspect(2))).mismatches).toEqual([
      { register: 'present_position of shadow 3', expected: 2248, actual: 2224 },
    ])
  })

  it('names its joint when it is the shadow that is silent', async () => {
    const { bus, run, servos } = await rig(shadowed)
    servos.dead.add(3)
    await expect(run(bus.inspect(2))).rejects.toMatchObject({
      code: 'TENDON_SERVO_SILENT',
      problem: { facts: { joint: 'joint_2', servo: 3 } },
    })
  })
})

describe('inspection', () => {
  it('tells everything that arming must know', async () => {
    const { bus, run } = await rig()
    expect(await run(bus.inspect(2))).toEqual({
      id: 2,
      model: 'XM430-W350',
      firmware: '45',
      powered: false,
      voltage: 12.1,
      voltageRange: [9.5, 16],
      temperature: 31,
      temperatureLimit: 80,
      alarms: [],
      position: 200 * STEP,
      mismatches: [],
    })
  })

  it('lists what is not as the mount says, and a servo that follows another', async () => {
    const calibration = { homingOffset: -120, rangeMin: 700, rangeMax: 3300 }
    const { bus, run, servos } = await rig([{ ...position(1), calibration }])
    servos.set(1, X_SERIES.homing_offset, -120)
    servos.set(1, X_SERIES.max_position, 3300)
    servos.set(1, X_SERIES.drive_mode, 8)
    servos.set(1, X_SERIES.secondary_id, 9)
    expect((await run(bus.inspect(1))).mismatches).toEqual([
      { register: 'drive_mode', expected: 0, actual: 8 },
      { register: 'secondary_id', expected: 255, actual: 9 },
      { register: 'min_position', expected: 700, actual: 0 },
    ])
    // Its own id, and all from 253 on: it follows nobody.
    for (const nobody of [1, 253, 254]) {
      servos.set(1, X_SERIES.secondary_id, nobody)
      expect((await run(bus.inspect(1))).mismatches).toHaveLength(2)
    }
  })

  it('reports a hardware error by its names', async () => {
    const { bus, run, servos } = await rig()
    servos.set(1, X_SERIES.hardware_error, 0b111111)
    const names = ['voltage', 'bit1', 'overheating', 'encoder', 'electrical_shock', 'overload']
    expect((await run(bus.inspect(1))).alarms).toEqual(names)
  })

  it('rejects another model, and one that stays silent, with joint, servo and port', async () => {
    const { bus, run, servos } = await rig()
    servos.set(2, X_SERIES.model, 1060)
    servos.dead.add(3)
    await expect(run(bus.inspect(2))).rejects.toMatchObject({
      code: 'TENDON_SERVO_WRONG_MODEL',
      problem: { facts: { joint: 'joint_2', servo: 2, port: 'line', expected: 1020, actual: 1060 } },
    })
    await expect(run(bus.inspect(3))).rejects.toMatchObject({
      code: 'TENDON_SERVO_SILENT',
      problem: { power: 'unknown', facts: { joint: 'joint_3', servo: 3, request: 'ping', tries: 3 } },
    })
    await expect(run(bus.inspect(9))).rejects.toMatchObject({ code: 'TENDON_SERVO_UNKNOWN' })
  })
})

describe('configuration', () => {
  const writesTo = (servos: DynamixelServos, id: number) =>
    servos.frames
      .filter((frame) => frame.id === id && frame.instruction === 3)
      .map(({ params }) => [params[0], ...params.subarray(2)])

  it('brings mode, then what a change of mode resets, and the watchdog last', async () => {
    const options = {
      mode: 'current-position',
      current: 0.5,
      acceleration: 10,
      gains: { position: { p: 900 } },
    } as const
    const { bus, run, servos } = await rig([position(1, options)])
    await run(bus.configure(1))
    expect(writesTo(servos, 1)).toEqual([
      [11, 5],
      [108, 27, 0, 0, 0],
      [102, 186, 0],
      [84, 132, 3],
      [98, 15],
    ])
  })

  it('writes nothing that is there already', async () => {
    const { bus, run, servos } = await rig([position(1, { acceleration: 10, watchdog: 'off' })])
    await run(bus.configure(1))
    const before = servos.frames.length
    await run(bus.configure(1))
    expect(writesTo(servos, 1)).toHaveLength(1)
    expect(servos.frames.slice(before).every(({ instruction }) => instruction === 2)).toBe(true)
  })

  it.each([
    [0.02, 1],
    [0.05, 3],
    [2.54, 127],
    [undefined, 15],
    ['off', 0],
  ] as const)('sets a bus watchdog of %s to %d units, and clears one that has tripped', async (watchdog, units) => {
    const { bus, run, servos } = await rig([position(1, { watchdog })])
    servos.set(1, X_SERIES.bus_watchdog, -1)
    await run(bus.configure(1))
    expect(servos.get(1, X_SERIES.bus_watchdog)).toBe(units)
    expect(writesTo(servos, 1)[0]).toEqual([98, 0])
  })

  it('makes a servo acknowledge everything, though it acknowledges nothing yet', async () => {
    const { bus, run, servos } = await rig()
    servos.set(1, X_SERIES.status_return_level, 1)
    await run(bus.configure(1))
    expect(servos.get(1, X_SERIES.status_return_level)).toBe(2)
    expect(bus.health().timeouts).toBe(0)
  })

  it('changes no mode of a servo that has torque', async () => {
    const { bus, run, servos } = await rig([wheel(1)])
    servos.set(1, X_SERIES.operating_mode, 3)
    servos.set(1, X_SERIES.torque, 1)
    await expect(run(bus.configure(1))).rejects.toMatchObject({ code: 'TENDON_TORQUE_NOT_OFF' })
    servos.set(1, X_SERIES.torque, 0)
    await run(bus.configure(1))
    expect(servos.get(1, X_SERIES.operating_mode)).toBe(1)
  })

  it('refuses a servo that has shut itself down, and says that only a reboot helps', async () => {
    const { bus, run, servos } = await rig()
    servos.set(1, X_SERIES.hardware_error, 0b100000)
    await expect(run(bus.configure(1))).rejects.toMatchObject({
      code: 'TENDON_DYNAMIXEL_SHUTDOWN',
      problem: { facts: { alarms: ['overload'] }, fix: expect.stringContaining('bus.reboot(1)') },
    })
  })

  it('brings shadows too, which hear what is said to the servo that they follow', async () => {
    const { bus, run, servos } = await rig([position(2, { shadows: [3] })])
    await run(bus.configure(2))
    for (const id of [2, 3]) {
      expect(servos.get(id, X_SERIES.bus_watchdog)).toBe(15)
      expect(servos.get(id, X_SERIES.profile_acceleration)).toBe(107)
    }
    expect(writesTo(servos, 3)).toEqual([])
  })
})

describe('a reboot', () => {
  it('clears a hardware error, takes the torque, and is over when the servo answers again', async () => {
    const { bus, run, servos, powers } = await rig([position(2, { shadows: [3] })])
    for (const id of [2, 3]) {
      servos.set(id, X_SERIES.hardware_error, 1)
      servos.set(id, X_SERIES.torque, 1)
    }
    await run(bus.reboot(2))
    expect(powers()).toEqual([0, 0])
    expect((await run(bus.inspect(2))).alarms).toEqual([])
  })

  it.each([
    ['does not acknowledge', 'it did not acknowledge the order'],
    ['has the error again', 'it reports overload again'],
    ['does not come back', 'it did not answer for 2 s'],
  ])('is not believed of a servo that %s, within a bound', async (_, reason) => {
    const { bus, run, servos, clock } = await rig()
    servos.set(1, X_SERIES.hardware_error, 0b100000)
    servos.stuck.set(1, reason.includes('again') ? 0b100000 : 0)
    if (reason.includes('acknowledge')) servos.dead.add(1)
    servos.onFrame = ({ instruction }) => {
      if (instruction === 2 && reason.includes('2 s')) servos.dead.add(1)
    }
    const before = clock.now()
    await expect(run(bus.reboot(1))).rejects.toMatchObject({
      code: 'TENDON_DYNAMIXEL_NOT_REBOOTED',
      problem: { power: 'unknown', facts: { joint: 'joint_1', reason } },
    })
    expect(clock.now() - before).toBeLessThan(2.2)
    expect(clock.pending).toBe(0)
  })
})

describe('registers', () => {
  it('are read of several servos at different places in one exchange', async () => {
    const { bus, run, servos } = await rig()
    servos.silent.add(3)
    const found = await run(
      bus.registers.blocks([
        { id: 1, address: 144, count: 2 },
        { id: 2, address: 146, count: 1 },
        { id: 3, address: 0, count: 2 },
      ]),
    )
    expect([...found]).toEqual([
      [1, Uint8Array.of(121, 0)],
      [2, Uint8Array.of(31)],
    ])
  })

  it('take goals that no joint has, each servo another one, in one packet', async () => {
    const { bus, run, servos, obeyed } = await rig()
    await run(
      bus.registers.writeEach([
        { id: 1, register: X_SERIES.goal_current, value: -200 },
        { id: 2, register: X_SERIES.goal_pwm, value: 442 },
      ]),
    )
    await obeyed()
    expect(servos.frames[0]).toMatchObject({ id: 0xfe, instruction: 0x93 })
    expect([servos.get(1, X_SERIES.goal_current), servos.get(2, X_SERIES.goal_pwm)]).toEqual([-200, 442])
  })

  it('say why a write was refused: EEPROM under torque, and a goal after the watchdog has tripped', async () => {
    const { bus, run, servos } = await rig()
    servos.set(1, X_SERIES.torque, 1)
    await expect(run(bus.registers.write(1, X_SERIES.homing_offset, 5))).rejects.toMatchObject({
      code: 'TENDON_DYNAMIXEL_REFUSED',
      problem: { facts: { joint: 'joint_1', request: 'write homing_offset', reason: 'access error' } },
    })
    servos.set(1, X_SERIES.bus_watchdog, -1)
    await expect(run(bus.registers.write(1, X_SERIES.goal_velocity, 5))).rejects.toMatchObject({
      code: 'TENDON_DYNAMIXEL_WATCHDOG',
    })
  })
})

describe('calibration', () => {
  const calibration = { homingOffset: -120, rangeMin: 700, rangeMax: 3300 }

  it('is written with the power off, and read back', async () => {
    const { bus, run, servos, powers, powerAll } = await rig([{ ...position(1), calibration }])
    powerAll()
    await run(bus.calibrate(1, calibration))
    expect(powers()).toEqual([0])
    expect(servos.get(1, X_SERIES.homing_offset)).toBe(-120)
    expect((await run(bus.inspect(1))).mismatches).toEqual([])
  })

  it('refuses an offset that the firmware would ignore, before anything is written', async () => {
    const { bus, run, servos } = await rig()
    await expect(run(bus.calibrate(1, { ...calibration, homingOffset: 1025 }))).rejects.toMatchObject({
      code: 'TENDON_DYNAMIXEL_OFFSET',
    })
    expect(servos.frames.every(({ instruction }) => instruction === 2)).toBe(true)
    servos.set(1, X_SERIES.operating_mode, 4)
    await run(bus.calibrate(1, { ...calibration, homingOffset: 1025 }))
  })

  it('is taken over by shadows, whose own offset the firmware may not ignore either', async () => {
    const { bus, run, servos } = await rig([position(2, { shadows: [3] })])
    servos.set(3, X_SERIES.present_position, 2248 + 300)
    await run(bus.calibrate(2, calibration))
    expect(servos.get(3, X_SERIES.homing_offset)).toBe(-300)
    servos.set(3, X_SERIES.present_position, 2248 + 1100)
    await expect(run(bus.calibrate(2, calibration))).rejects.toMatchObject({
      code: 'TENDON_DYNAMIXEL_OFFSET',
      problem: { facts: { servo: 3, offset: -1400 } },
    })
  })
})

describe('the link', () => {
  it('rejects what waits when it is closed, and leaves no timer', async () => {
    const { bus, run, clock } = await rig()
    const reading = bus.readMotion().catch(codeOf)
    await run(bus.close())
    expect(await reading).toBe('TENDON_BUS_CLOSED')
    expect(clock.pending).toBe(0)
  })

  it('hears its own echo without taking it for anything', async () => {
    const clock = new VirtualClock()
    const servos = new DynamixelServos([1, 2])
    const port = new MemoryTransport({
      baudRate: 1_000_000,
      connect: (connection) => {
        connection.onBytes((chunk) => connection.write(chunk))
        servos.connect(connection)
      },
    })
    const bus = dynamixel({ port, echo: true }).create({ clock }, [position(1), position(2)])
    await clock.run(bus.open())
    ends.push(() => clock.run(bus.close()))
    expect((await clock.run(bus.readMotion())).size).toBe(2)
    expect(bus.health()).toMatchObject({ timeouts: 0, unexpected: 0 })
  })

  it('takes servos of its own family and of models that it knows, each id once', () => {
    const port = new MemoryTransport({ connect: () => {} })
    const make = (...mounts: ServoMount[]) => dynamixel({ port }).create({ clock: new VirtualClock() }, mounts)
    const foreign = { ...xm430('servos', 1), family: 'feetech' }
    expect(() => make(mount(1, foreign))).toThrow(/TENDON_ARGUMENT_INVALID/)
    expect(() => make(mount(1, { ...xm430('servos', 1), model: 'MX-28' }))).toThrow(/TENDON_ARGUMENT_INVALID/)
    expect(() => make(position(3), position(2, { shadows: [3] }))).toThrow(/TENDON_ARGUMENT_INVALID/)
  })
})
