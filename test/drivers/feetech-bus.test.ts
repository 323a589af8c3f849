import { afterEach, describe, expect, it } from 'vitest'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { TendonError } from '../../src/base/problem.ts'
import type { ServoMount } from '../../src/device/servo-bus.ts'
import type { ByteTransport } from '../../src/device/transport.ts'
import { type FeetechBus, type FeetechOptions, feetech } from '../../src/drivers/feetech/bus.ts'
import { STS3215 } from '../../src/drivers/feetech/registers.ts'
import { type Sts3215Options, sts3215 } from '../../src/drivers/feetech/sts3215.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { MemoryTransport } from '../../src/transports/memory.ts'
import { openPty } from '../../src/transports/pty.ts'
import { serial } from '../../src/transports/serial.ts'
import { ScriptedServos } from './scripted-servos.ts'

const STEP = (2 * Math.PI) / 4096
const ALL_OFF = 'fffffe04032800d2'
const CALIBRATION = { homingOffset: -120, rangeMin: 700, rangeMax: 3300 }

interface Line {
  readonly port: ByteTransport
  readonly clock: Clock
  /** Waits for a promise on this line's clock. */
  run<T>(promise: Promise<T>): Promise<T>
  unplug(): Promise<void>
  end(): Promise<void>
}

const lines: Record<string, (servos: ScriptedServos) => Promise<Line>> = {
  async memory(servos) {
    const clock = new VirtualClock()
    const port = new MemoryTransport({ address: 'line', baudRate: 1_000_000, connect: servos.connect })
    const run = <T>(promise: Promise<T>): Promise<T> => clock.run(promise)
    return { port, clock, run, unplug: async () => port.unplug(), end: async () => {} }
  },
  async pty(servos) {
    const pty = await openPty()
    servos.connect(pty.connection)
    const port = serial({ path: pty.path, baudRate: 1_000_000 })
    return { port, clock: systemClock, run: (promise) => promise, unplug: () => pty.close(), end: () => pty.close() }
  },
}

const mount = (id: number, options: Sts3215Options = {}): ServoMount => ({
  joint: `joint_${id}`,
  servo: sts3215('servos', id, options),
})

describe.each(Object.keys(lines))('a Feetech bus over %s', (kind) => {
  const ends: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const end of ends.splice(0)) await end()
  })

  async function rig(
    mounts: readonly ServoMount[] = [mount(1), mount(2), mount(3)],
    options: Partial<FeetechOptions> = {},
  ) {
    const servos = new ScriptedServos(mounts.map(({ servo }) => servo.id))
    const line = await (lines[kind] as (typeof lines)[string])(servos)
    // On real time the peer shares this process, on a machine that may be busy: patience, so that only silence is silent.
    const slack = line.clock === systemClock ? 0.25 : 0.025
    const bus: FeetechBus = feetech({ port: line.port, slack, ...options }).create({ clock: line.clock }, mounts)
    await line.run(bus.open())
    ends.push(() => line.run(bus.close()), line.end)
    /** Everything that the host sent until now has been obeyed. */
    const obeyed = (): Promise<unknown> => line.run(bus.readTorque(mounts[0]?.servo.id ?? 1))
    return { ...line, bus, servos, obeyed }
  }

  it('reads position, velocity and load of all servos in one exchange', async () => {
    const { bus, run } = await rig()
    const samples = await run(bus.readMotion())
    expect([...samples.keys()]).toEqual([1, 2, 3])
    expect(samples.get(2)).toMatchObject({ id: 2, position: 200 * STEP, load: -0.02, alarms: [] })
    expect(samples.get(2)?.velocity).toBeCloseTo(-2 * STEP, 9)
    expect(samples.get(2)).not.toHaveProperty('voltage')
    expect(bus.health()).toMatchObject({ exchanges: 1, retries: 0, timeouts: 0 })
  })

  it('has an off frame that names no other servo, and no torque but 0', async () => {
    const { bus } = await rig()
    expect(Buffer.from(bus.offFrame([1, 3])).toString('hex')).toBe('fffffe088328010100030049')
  })

  it('reads the whole status', async () => {
    const { bus, run, servos } = await rig()
    servos.set(3, STS3215.status, 0b100100)
    servos.set(3, STS3215.moving, 1)
    const samples = await run(bus.readStatus([3]))
    expect([...samples.keys()]).toEqual([3])
    expect(samples.get(3)).toMatchObject({
      voltage: 7.4,
      temperature: 31,
      current: 0.065,
      moving: true,
      powered: false,
    })
    servos.set(3, STS3215.torque, 1)
    expect((await run(bus.readStatus([3]))).get(3)).toMatchObject({ powered: true, temperature: 31 })
    expect(samples.get(3)?.alarms).toEqual(['temperature', 'overload'])
  })

  it('takes data that come with an error byte, and names the alarm', async () => {
    const { bus, run, servos } = await rig()
    servos.error = 1
    const samples = await run(bus.readMotion())
    expect(samples.get(1)).toMatchObject({ position: 100 * STEP, alarms: ['voltage'] })
  })

  it('asks a servo that missed the joined read once more by itself', async () => {
    const { bus, run, servos } = await rig()
    servos.lose.set(2, 1)
    const samples = await run(bus.readMotion())
    expect([...samples.keys()].sort()).toEqual([1, 2, 3])
    expect(bus.health()).toMatchObject({ exchanges: 2, retries: 1, timeouts: 1 })
  })

  it('leaves a servo that stays silent out of the map, within the retry budget', async () => {
    const { bus, run, servos } = await rig(undefined, { retryBudget: 2 })
    servos.silent.add(2)
    servos.silent.add(3)
    const samples = await run(bus.readMotion())
    expect([...samples.keys()]).toEqual([1])
    expect(bus.health()).toMatchObject({ exchanges: 3, retries: 2, timeouts: 3 })
  })

  it('writes position, time and velocity of all servos in one frame', async () => {
    const { bus, run, servos, obeyed } = await rig()
    await run(
      bus.writeSetpoints([
        { id: 1, position: 0.5, velocity: 2 },
        { id: 2, position: -0.5 },
      ]),
    )
    await obeyed()
    expect(servos.frames[0]).toMatchObject({ id: 0xfe, code: 0x83 })
    expect([...(servos.frames[0]?.params.subarray(0, 2) ?? [])]).toEqual([42, 6])
    expect(servos.get(1, STS3215.goal_position)).toBe(2048 + Math.round(0.5 / STEP))
    expect(servos.get(1, STS3215.goal_velocity)).toBe(Math.round(2 / STEP))
    expect(servos.get(2, STS3215.goal_position)).toBe(2048 - Math.round(0.5 / STEP))
    expect(servos.get(2, STS3215.goal_velocity)).toBe(0)
  })

  it('joins setpoints of different callers that wait for the same turn; for one servo the newest wins', async () => {
    const { bus, run, servos, obeyed } = await rig()
    const reading = bus.readMotion()
    const writes = [
      bus.writeSetpoints([{ id: 1, position: 0.1 }]),
      bus.writeSetpoints([{ id: 2, position: 0.2 }]),
      bus.writeSetpoints([{ id: 1, position: 0.3 }]),
    ]
    await run(Promise.all([reading, ...writes]))
    await obeyed()
    expect(servos.frames.filter(({ code }) => code === 0x83)).toHaveLength(1)
    expect(servos.get(1, STS3215.goal_position)).toBe(2048 + Math.round(0.3 / STEP))
    expect(servos.get(2, STS3215.goal_position)).toBe(2048 + Math.round(0.2 / STEP))
  })

  it.each([
    ['position', { position: Number.NaN }],
    ['position', { position: 1000 }],
    ['velocity', { position: 0, velocity: Number.NaN }],
    ['velocity', { position: 0, velocity: -1 }],
    ['acceleration', { position: 0, acceleration: Infinity }],
  ])('refuses a setpoint with a bad %s, names the joint, and writes nothing: %o', async (field, bad) => {
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

  describe('stop', () => {
    it('is the broadcast torque-off, twice, where every servo is cut', async () => {
      const { bus, servos, obeyed } = await rig()
      for (const id of [1, 2, 3]) servos.set(id, STS3215.torque, 1)
      bus.stop({ cut: [1, 2, 3], freeze: [] })
      await obeyed()
      expect(servos.heard.join('').startsWith(ALL_OFF + ALL_OFF)).toBe(true)
      for (const id of [1, 2, 3]) expect(servos.get(id, STS3215.torque)).toBe(0)
    })

    it('cuts some and freezes others in one frame', async () => {
      const { bus, servos, obeyed } = await rig()
      for (const id of [1, 2, 3]) servos.set(id, STS3215.torque, 1)
      bus.stop({
        cut: [1],
        freeze: [
          { id: 2, position: 0.1 },
          { id: 3, position: -0.1 },
        ],
      })
      await obeyed()
      const [first, second] = servos.frames
      expect(first).toMatchObject({ id: 0xfe, code: 0x83 })
      expect([...(first?.params.subarray(0, 2) ?? [])]).toEqual([40, 8])
      expect(second).toEqual(first)
      expect([1, 2, 3].map((id) => servos.get(id, STS3215.torque))).toEqual([0, 1, 1])
      expect(servos.get(2, STS3215.goal_position)).toBe(2048 + Math.round(0.1 / STEP))
      expect(servos.get(3, STS3215.goal_position)).toBe(2048 - Math.round(0.1 / STEP))
      expect(servos.get(2, STS3215.goal_velocity)).toBe(100)
      expect(servos.get(2, STS3215.acceleration)).toBe(50)
    })

    it('never powers a servo when all are frozen', async () => {
      const { bus, servos, obeyed } = await rig()
      servos.set(1, STS3215.torque, 1)
      bus.stop({ cut: [], freeze: [1, 2, 3].map((id) => ({ id, position: 0.1 })) })
      await obeyed()
      expect([1, 2, 3].map((id) => servos.get(id, STS3215.torque))).toEqual([1, 0, 0])
      expect(servos.get(1, STS3215.goal_position)).toBe(2048 + Math.round(0.1 / STEP))
    })

    it('cuts what the plan does not name, and what it names twice', async () => {
      const { bus, servos, obeyed } = await rig()
      for (const id of [1, 2, 3]) servos.set(id, STS3215.torque, 1)
      bus.stop({
        cut: [2],
        freeze: [
          { id: 1, position: 0 },
          { id: 2, position: 0 },
        ],
      })
      await obeyed()
      expect([1, 2, 3].map((id) => servos.get(id, STS3215.torque))).toEqual([1, 0, 0])
    })

    it('freezes at the place that was read last where the given one is not a number', async () => {
      const { bus, servos, run, obeyed } = await rig()
      for (const id of [1, 2, 3]) servos.set(id, STS3215.torque, 1)
      await run(bus.readMotion([1]))
      bus.stop({ cut: [3], freeze: [1, 2].map((id) => ({ id, position: Number.NaN })) })
      await obeyed()
      expect([1, 2, 3].map((id) => servos.get(id, STS3215.torque))).toEqual([1, 0, 0])
      expect(servos.get(1, STS3215.goal_position)).toBe(2148)
    })

    it('drops waiting setpoints, also from the frames that are written afterwards', async () => {
      const { bus, run, servos, obeyed } = await rig()
      const reading = bus.readMotion()
      const dropped = bus.writeSetpoints([{ id: 1, position: 0.1 }]).catch((error: TendonError) => error.code)
      bus.stop({ cut: [1, 2, 3], freeze: [] })
      const after = bus.writeSetpoints([{ id: 2, position: 0.2 }])
      expect(await run(dropped)).toBe('TENDON_STOPPED_FIRST')
      await run(Promise.all([reading, after]))
      await obeyed()
      expect(servos.get(1, STS3215.goal_position)).toBe(0)
      expect(servos.get(2, STS3215.goal_position)).toBe(2048 + Math.round(0.2 / STEP))
    })
  })

  describe('torque', () => {
    it('on: writes the present position as goal before the power, servo by servo, and reads back', async () => {
      const { bus, run, servos } = await rig()
      const confirmed = await run(bus.setTorque([1, 2, 3], true))
      expect([...confirmed]).toEqual([1, 2, 3])
      for (const id of [1, 2, 3]) {
        expect(servos.get(id, STS3215.goal_position)).toBe(2048 + 100 * id)
        expect(servos.get(id, STS3215.torque)).toBe(1)
        const writes = servos.frames
          .filter((frame) => frame.id === id && frame.code === 3)
          .map(({ params }) => params[0])
        expect(writes).toEqual([42, 40])
      }
    })

    it('on: a silent servo keeps the others from nothing, and gets no power itself', async () => {
      const { bus, run, servos } = await rig()
      servos.silent.add(2)
      expect([...(await run(bus.setTorque([1, 2, 3], true)))]).toEqual([1, 3])
      expect(servos.get(2, STS3215.torque)).toBe(0)
    })

    it.each([
      ['reads where servo 2 is', 2, 56, [1]],
      ['writes the goal of servo 2', 2, 42, [1]],
      ['powers servo 2', 2, 40, [1]],
      ['reads back the power of servo 1', 1, 40, []],
    ])('on: sends nothing that powers a servo after a stop that comes while it %s', async (_, servo, address, done) => {
      const { bus, run, servos, obeyed } = await rig()
      let seen = 0
      servos.onFrame = ({ id, code, params }) => {
        // Power is read back at the address where it is written; the row about reading back means the second frame.
        const reading = code === 2
        if (id !== servo || params[0] !== address || (address === 40 && reading !== (servo === 1))) return
        if (seen++ > 0) return
        bus.stop({ cut: [1, 2, 3], freeze: [] })
      }
      const confirmed = await run(bus.setTorque([1, 2, 3], true))
      await obeyed()
      expect([...confirmed]).toEqual(done)
      expect([1, 2, 3].map((id) => servos.get(id, STS3215.torque))).toEqual([0, 0, 0])
      expect(servos.frames.filter(({ id, code }) => id === 3 && code === 3)).toEqual([])
    })

    it('off: the broadcast goes first, then each servo is written and read back', async () => {
      const { bus, run, servos } = await rig()
      for (const id of [1, 2, 3]) servos.set(id, STS3215.torque, 1)
      expect([...(await run(bus.setTorque([1, 2, 3], false)))]).toEqual([1, 2, 3])
      expect(servos.heard.join('').startsWith(ALL_OFF)).toBe(true)
      expect([1, 2, 3].map((id) => servos.get(id, STS3215.torque))).toEqual([0, 0, 0])
    })

    it('off: some servos only, without touching the others', async () => {
      const { bus, run, servos } = await rig()
      for (const id of [1, 2, 3]) servos.set(id, STS3215.torque, 1)
      expect([...(await run(bus.setTorque([1, 3], false)))]).toEqual([1, 3])
      expect([1, 2, 3].map((id) => servos.get(id, STS3215.torque))).toEqual([0, 1, 0])
    })

    it('off: a dead servo is not confirmed, and all others are off nevertheless', async () => {
      const { bus, run, servos } = await rig()
      for (const id of [1, 2, 3]) servos.set(id, STS3215.torque, 1)
      servos.dead.add(1)
      expect([...(await run(bus.setTorque([1, 2, 3], false)))]).toEqual([2, 3])
      expect([1, 2, 3].map((id) => servos.get(id, STS3215.torque))).toEqual([1, 0, 0])
    })

    it('off: resolves to nobody when the bus is closed', async () => {
      const { bus, run } = await rig()
      await run(bus.close())
      expect([...(await run(bus.setTorque([1, 2, 3], false)))]).toEqual([])
    })

    it('reads back whether a servo has power; undefined when it stays silent', async () => {
      const { bus, run, servos } = await rig()
      servos.set(2, STS3215.torque, 1)
      servos.silent.add(3)
      expect(await run(bus.readTorque(1))).toBe(false)
      expect(await run(bus.readTorque(2))).toBe(true)
      expect(await run(bus.readTorque(3))).toBe(undefined)
    })
  })

  describe('inspection', () => {
    it('tells everything that arming must know', async () => {
      const { bus, run } = await rig()
      expect(await run(bus.inspect(2))).toEqual({
        id: 2,
        model: 'STS3215',
        firmware: '3.10',
        powered: false,
        voltage: 7.4,
        voltageRange: [4, 8],
        temperature: 31,
        temperatureLimit: 70,
        alarms: [],
        position: 200 * STEP,
        mismatches: [],
      })
    })

    it('lists registers that are not as the mount and its calibration say', async () => {
      const { bus, run, servos } = await rig([{ ...mount(1), calibration: CALIBRATION }])
      servos.set(1, STS3215.mode, 1)
      servos.set(1, STS3215.offset, -120)
      servos.set(1, STS3215.max_position, 3300)
      const { mismatches } = await run(bus.inspect(1))
      expect(mismatches).toEqual([
        { register: 'mode', expected: 0, actual: 1 },
        { register: 'min_position', expected: 700, actual: 0 },
      ])
    })

    it('rejects another model, and names joint, servo and port', async () => {
      const { bus, run, servos, port } = await rig()
      servos.set(2, STS3215.model, 2825)
      await expect(run(bus.inspect(2))).rejects.toMatchObject({
        code: 'TENDON_SERVO_WRONG_MODEL',
        problem: { facts: { joint: 'joint_2', servo: 2, port: port.address, expected: 777, actual: 2825 } },
      })
    })

    it('rejects for a silent servo, and warns that it may have power', async () => {
      const { bus, run, servos } = await rig()
      servos.dead.add(3)
      await expect(run(bus.inspect(3))).rejects.toMatchObject({
        code: 'TENDON_SERVO_SILENT',
        problem: { power: 'unknown', facts: { joint: 'joint_3', servo: 3, request: 'ping', tries: 3 } },
      })
    })

    it('rejects for a servo that the definition does not mount', async () => {
      const { bus, run } = await rig()
      await expect(run(bus.inspect(9))).rejects.toMatchObject({ code: 'TENDON_SERVO_UNKNOWN' })
    })
  })

  describe('configuration', () => {
    it('locks the EEPROM first, and brings the volatile registers to the options', async () => {
      const { bus, run, servos } = await rig([mount(1, { acceleration: 3, torqueLimit: 0.5, gains: { p: 16, d: 32 } })])
      await run(bus.configure(1))
      const writes = servos.frames.filter(({ code }) => code === 3).map(({ params }) => [...params])
      expect(writes).toEqual([
        [55, 1],
        [41, 20],
        [48, 0xf4, 1],
        [21, 16],
        [22, 32],
      ])
    })

    it('says which register the firmware did not take, what was wanted and what it reads', async () => {
      const { bus, run } = await rig([mount(1, { acceleration: 20 })])
      await expect(run(bus.configure(1))).rejects.toMatchObject({
        code: 'TENDON_REGISTER_NOT_TAKEN',
        problem: { facts: { joint: 'joint_1', servo: 1, register: 'acceleration', wanted: 130, got: 50 } },
      })
    })
  })

  describe('calibration', () => {
    it('is written with the power off and the lock open, and locked and read back afterwards', async () => {
      const { bus, run, servos } = await rig([{ ...mount(1), calibration: CALIBRATION }])
      servos.set(1, STS3215.torque, 1)
      servos.set(1, STS3215.lock, 1)
      await run(bus.calibrate(1, CALIBRATION))
      const written = servos.frames.filter(({ code }) => code === 3).map(({ params }) => params[0])
      expect(written).toEqual([40, 55, 31, 9, 11, 55])
      expect(servos.get(1, STS3215.lock)).toBe(1)
      expect((await run(bus.inspect(1))).mismatches).toEqual([])
    })

    it('closes the lock again when a write fails', async () => {
      const { bus, run, servos } = await rig()
      servos.onFrame = ({ id, code, params }) => {
        if (id === 1 && code === 3) servos[params[0] === 9 ? 'silent' : 'dead'].add(params[0] === 9 ? 1 : 99)
        if (params[0] === 55) servos.silent.delete(1)
      }
      await expect(run(bus.calibrate(1, CALIBRATION))).rejects.toMatchObject({ code: 'TENDON_SERVO_SILENT' })
      expect(servos.get(1, STS3215.lock)).toBe(1)
    })
  })

  it('tells a lost link once, rejects what was under way, and works on a new link', async () => {
    const { bus, run, unplug, servos } = await rig()
    const problems: string[] = []
    const lost = new Promise<void>((resolve) => {
      bus.onLost((problem) => {
        problems.push(problem.code)
        resolve()
      })
    })
    servos.silent.add(1)
    const inspecting = bus.inspect(1).catch((error: unknown) => (error as TendonError).code)
    await unplug()
    expect(await run(inspecting)).toMatch(/TENDON_LINK_LOST|TENDON_LINK_CLOSED/)
    await run(lost)
    expect(bus.isOpen).toBe(false)
    expect(problems).toEqual(['TENDON_LINK_LOST'])
    await expect(run(bus.readMotion())).rejects.toMatchObject({ code: 'TENDON_BUS_CLOSED' })
    expect(() => bus.stop({ cut: [1, 2, 3], freeze: [] })).toThrow(TendonError)
  })

  it('leaves no timer behind', async () => {
    const { bus, run, clock } = await rig()
    const reading = bus.readMotion().catch(() => {})
    bus.stop({ cut: [1, 2, 3], freeze: [] })
    await run(bus.close())
    await run(reading)
    if (clock instanceof VirtualClock) expect(clock.pending).toBe(0)
    expect(bus.isOpen).toBe(false)
  })

  it('works on a line that returns what is sent', async () => {
    const { bus, run, servos } = await rig(undefined, { echo: true })
    servos.echo = true
    expect([...(await run(bus.setTorque([1, 2, 3], true)))]).toEqual([1, 2, 3])
    await run(bus.writeSetpoints([{ id: 1, position: 0.5 }]))
    expect([...(await run(bus.readMotion())).keys()]).toEqual([1, 2, 3])
    expect(bus.health()).toMatchObject({ retries: 0, timeouts: 0, unexpected: 0 })
  })
})

describe('a stop in the very callback that brings an acknowledgement', () => {
  it('keeps the power-on that waited for it from going on', async () => {
    const clock = new VirtualClock()
    const servos = new ScriptedServos([1])
    const memory = new MemoryTransport({ connect: servos.connect })
    let later: () => void = () => {}
    const port: ByteTransport = {
      kind: 'memory',
      address: 'line',
      async open(env) {
        const connection = await memory.open(env)
        // After the bus's own listener, and before any promise of the bus has been heard.
        clock.turn(() => connection.onBytes(() => later()))
        return connection
      },
    }
    const bus = feetech({ port }).create({ clock }, [mount(1)])
    await clock.run(bus.open())
    await clock.settle()
    servos.onFrame = ({ code }) => {
      if (code !== 3) return
      later = () => {
        later = () => {}
        bus.stop({ cut: [1], freeze: [] })
      }
      servos.onFrame = () => {}
    }
    expect([...(await clock.run(bus.setTorque([1], true)))]).toEqual([])
    await clock.advance(1)
    expect(servos.get(1, STS3215.torque)).toBe(0)
    expect(servos.frames.filter(({ id, params }) => id === 1 && params[0] === 40 && params.length === 2)).toEqual([])
  })
})
