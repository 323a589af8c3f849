import { afterEach, describe, expect, it } from 'vitest'
import type { ServoMount } from '../../src/device/servo-bus.ts'
import { feetech } from '../../src/drivers/feetech/bus.ts'
import { type Register, STS3215 } from '../../src/drivers/feetech/registers.ts'
import { sts3215 } from '../../src/drivers/feetech/sts3215.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { MemoryTransport } from '../../src/transports/memory.ts'
import { ScriptedServos } from './scripted-servos.ts'

const STEP = (2 * Math.PI) / 4096

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** Servos 1 and 2 are wheels, 3 goes to positions. */
const mounts: readonly ServoMount[] = [
  { joint: 'left_wheel', servo: sts3215('servos', 1, { mode: 'velocity' }) },
  { joint: 'right_wheel', servo: sts3215('servos', 2, { mode: 'velocity' }) },
  { joint: 'mast', servo: sts3215('servos', 3) },
]

async function rig() {
  const clock = new VirtualClock()
  const servos = new ScriptedServos([1, 2, 3])
  const port = new MemoryTransport({ address: 'line', baudRate: 1_000_000, connect: servos.connect })
  const bus = feetech({ port }).create({ clock }, mounts)
  const run = <T>(promise: Promise<T>): Promise<T> => clock.run(promise)
  await run(bus.open())
  ends.push(() => run(bus.close()))
  /** Everything that the host sent until now has been obeyed. */
  const obeyed = (): Promise<unknown> => run(bus.readTorque(1))
  const get = (register: Register): number[] => [1, 2, 3].map((id) => servos.get(id, register))
  return { bus, servos, run, obeyed, get }
}

describe('speeds on a Feetech bus', () => {
  it('are written with their sign to the velocity register, and to nothing else', async () => {
    const { bus, run, servos, obeyed, get } = await rig()
    await run(
      bus.writeSpeeds([
        { id: 1, speed: 2 },
        { id: 2, speed: -2 },
      ]),
    )
    await obeyed()
    expect(servos.heard[0]).toBe('fffffe0a832e0201180502188587')
    expect(get(STS3215.goal_velocity)).toEqual([Math.round(2 / STEP), -Math.round(2 / STEP), 0])
    expect(get(STS3215.goal_position)).toEqual([0, 0, 0])
  })

  it('are 0 where 0 is asked, which is not the "as fast as you can" of position mode', async () => {
    const { bus, run, obeyed, get } = await rig()
    await run(bus.writeSpeeds([{ id: 1, speed: 3 }]))
    await run(bus.writeSpeeds([{ id: 1, speed: 0 }]))
    await obeyed()
    expect(get(STS3215.goal_velocity)[0]).toBe(0)
  })

  it('go out with the setpoints of the same tick in one turn on the line; for one servo the newest wins', async () => {
    const { bus, run, servos, obeyed, get } = await rig()
    const reading = bus.readMotion()
    const writes = [
      bus.writeSpeeds([{ id: 1, speed: 1 }]),
      bus.writeSetpoints([{ id: 3, position: 0.3 }]),
      bus.writeSpeeds([{ id: 1, speed: 2 }]),
    ]
    await run(Promise.all([reading, ...writes]))
    await obeyed()
    expect(servos.frames.filter(({ code }) => code === 0x83).map(({ params }) => params[0])).toEqual([42, 46])
    expect(get(STS3215.goal_velocity)[0]).toBe(Math.round(2 / STEP))
    expect(servos.get(3, STS3215.goal_position)).toBe(2048 + Math.round(0.3 / STEP))
  })

  it('write the acceleration first, where one is named', async () => {
    const { bus, run, servos, obeyed } = await rig()
    await run(bus.writeSpeeds([{ id: 1, speed: 2, acceleration: 2 }]))
    await obeyed()
    expect(servos.frames.filter(({ code }) => code === 0x83).map(({ params }) => params[0])).toEqual([41, 46])
    expect(servos.get(1, STS3215.acceleration)).toBe(13)
  })

  it.each([
    ['a speed that is no number', { id: 1, speed: Number.NaN }],
    ['a servo in position mode', { id: 3, speed: 1 }],
    ['an acceleration below 0', { id: 1, speed: 1, acceleration: -1 }],
  ])('are refused as a whole for %s, and nothing is written', async (_, bad) => {
    const { bus, run, servos, obeyed } = await rig()
    await expect(run(bus.writeSpeeds([{ id: 2, speed: 1 }, bad]))).rejects.toMatchObject({
      code: 'TENDON_SETPOINT_INVALID',
    })
    await obeyed()
    expect(servos.frames).toHaveLength(1)
  })

  it('take the place of positions: a servo in velocity mode gets none', async () => {
    const { bus, run, servos, obeyed } = await rig()
    await expect(run(bus.writeSetpoints([{ id: 1, position: 0 }]))).rejects.toMatchObject({
      code: 'TENDON_SETPOINT_INVALID',
    })
    await obeyed()
    expect(servos.frames).toHaveLength(1)
  })
})

describe('stop and power of a Feetech wheel', () => {
  it('frozen is speed 0 in the one frame of the bus, at the place where it was read, whatever the plan says', async () => {
    const { bus, run, servos, obeyed, get } = await rig()
    for (const id of [1, 2, 3]) servos.set(id, STS3215.torque, 1)
    await run(bus.readMotion())
    await run(bus.writeSpeeds([{ id: 1, speed: 3 }]))
    const before = servos.frames.length
    bus.stop({
      cut: [2],
      freeze: [
        { id: 1, position: 40 },
        { id: 3, position: 0.1 },
      ],
    })
    await obeyed()
    const [first] = servos.frames.slice(before)
    expect([...(first?.params.subarray(0, 2) ?? [])]).toEqual([40, 8])
    expect(get(STS3215.torque)).toEqual([1, 0, 1])
    expect(get(STS3215.goal_velocity)).toEqual([0, 100, 100])
    expect(get(STS3215.goal_position)[0]).toBe(servos.get(1, STS3215.present_position))
    expect(get(STS3215.acceleration)[0]).toBe(50)
  })

  it('one that was never read is cut rather than sent to a place that nobody knows', async () => {
    const { bus, servos, obeyed, get } = await rig()
    for (const id of [1, 2, 3]) servos.set(id, STS3215.torque, 1)
    bus.stop({ cut: [], freeze: [1, 2, 3].map((id) => ({ id, position: 0.1 })) })
    await obeyed()
    expect(get(STS3215.torque)).toEqual([0, 0, 1])
  })

  it('gets power with speed 0 written first, whatever its register held', async () => {
    const { bus, run, servos, get } = await rig()
    servos.set(1, STS3215.goal_velocity, 900)
    const heldAtPowerOn: number[] = []
    servos.onFrame = ({ id, code, params }) => {
      if (id === 1 && code === 3 && params[0] === STS3215.torque.address)
        heldAtPowerOn.push(servos.get(1, STS3215.goal_velocity))
    }
    expect([...(await run(bus.setTorque([1], true)))]).toEqual([1])
    expect(heldAtPowerOn).toEqual([0])
    expect(get(STS3215.torque)).toEqual([1, 0, 0])
  })
})

describe('the mode of a Feetech wheel', () => {
  const writesOf = (servos: ScriptedServos, register: Register): number[] =>
    servos.frames.flatMap(({ id, code, params }) =>
      id === 1 && code === 3 && params[0] === register.address ? [params[1] ?? Number.NaN] : [],
    )

  it('is written once, between unlock and lock, and a second time nothing is written', async () => {
    const { bus, run, servos } = await rig()
    await run(bus.configure(1))
    expect(writesOf(servos, STS3215.mode)).toEqual([1])
    expect(writesOf(servos, STS3215.lock)).toEqual([1, 0, 1])
    expect([servos.get(1, STS3215.mode), servos.get(1, STS3215.lock)]).toEqual([1, 1])
    await run(bus.configure(1))
    expect(writesOf(servos, STS3215.mode)).toEqual([1])
    expect(writesOf(servos, STS3215.lock)).toEqual([1, 0, 1, 1])
  })

  it('is not changed under power', async () => {
    const { bus, run, servos } = await rig()
    servos.set(1, STS3215.torque, 1)
    await expect(run(bus.configure(1))).rejects.toMatchObject({ code: 'TENDON_TORQUE_NOT_OFF' })
    expect(writesOf(servos, STS3215.mode)).toEqual([])
  })

  it('that does not take is an error that names the register, and the lock is closed', async () => {
    const { bus, run, servos } = await rig()
    servos.onFrame = () => servos.set(1, STS3215.mode, 0)
    await expect(run(bus.configure(1))).rejects.toMatchObject({
      code: 'TENDON_REGISTER_NOT_TAKEN',
      message: expect.stringContaining('mode'),
    })
    expect(servos.get(1, STS3215.lock)).toBe(1)
  })

  it('is no mismatch of a wheel that is new, and one of an arm’s servo that was a wheel', async () => {
    const { bus, run, servos } = await rig()
    expect((await run(bus.inspect(1))).mismatches).toEqual([])
    servos.set(3, STS3215.mode, 1)
    expect((await run(bus.inspect(3))).mismatches).toEqual([{ register: 'mode', expected: 0, actual: 1 }])
  })

  it('of another name is refused when the servo is named', () => {
    expect(() => sts3215('servos', 1, { mode: 'pwm' as never })).toThrow(/mode/)
  })
})
