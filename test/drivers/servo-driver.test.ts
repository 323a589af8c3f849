import { describe, expect, it } from 'vitest'
import type { ServoSpec } from '../../src/device/servo-bus.ts'
import { framedLine, type ServoProtocol, servoDriver } from '../../src/drivers/index.ts'
import { fixedLength, modbus } from '../../src/framing/index.ts'
import { type ScriptStep, scriptedPort, VirtualClock } from '../../src/testing/index.ts'

// That it keeps the whole contract is shown with simulated servos: examples/06-your-own-driver.ts runs the suite.

/** Orders are [id, order]; replies AA, id, powered, position. */
const protocol: ServoProtocol<Uint8Array> = {
  family: 'tiny',
  line: framedLine(
    fixedLength({ length: 4, start: [0xaa], check: ([, , powered]) => powered !== 0xff }),
    ([, id = 0]) => id,
  ),
  replyBytes: 4,
  report: (id) => Uint8Array.of(id, 0),
  power: (id, on) => Uint8Array.of(id, on ? 2 : 1),
  goals: (setpoints) => Uint8Array.of(0xf0, ...setpoints.flatMap(({ id, position }) => [id, position])),
  stop: ({ cut, freeze }) => Uint8Array.of(0xf1, ...cut, 0, ...freeze.map(({ id }) => id)),
  stateOf: ([, , powered, position = 0]) => ({ powered: powered === 1, position, velocity: 0, load: 0, alarms: [] }),
  inspection: () => ({
    model: 'TINY',
    firmware: '1',
    voltage: 5,
    voltageRange: [4, 6],
    temperature: 20,
    temperatureLimit: 60,
    mismatches: [],
  }),
}
const servo = (id: number): ServoSpec => ({
  family: 'tiny',
  model: 'TINY',
  bus: 'b',
  id,
  ids: { min: 1, max: 9 },
  options: {},
})

async function opened(steps: readonly ScriptStep[]) {
  const clock = new VirtualClock()
  const port = scriptedPort(steps)
  const bus = servoDriver(protocol, { port }).create({ clock }, [
    { joint: 'pan', servo: servo(1) },
    { joint: 'tilt', servo: servo(2) },
  ])
  await clock.run(bus.open())
  return { clock, port, bus }
}

describe('a driver made from a protocol', () => {
  it('confirms power by what the servo says when it is asked once more', async () => {
    const on = { expect: '01 02', reply: 'AA 01 01 05' }
    const { clock, port, bus } = await opened([
      on,
      { expect: '01 00', reply: 'AA 01 01 05' },
      on,
      { expect: '01 00', reply: 'AA 01 00 05' },
    ])
    expect([...(await clock.run(bus.setTorque([1], true)))]).toEqual([1])
    expect([...(await clock.run(bus.setTorque([1], true)))]).toEqual([])
    port.verify()
  })

  it('reads servos one by one, and gives up a silent one after its tries', async () => {
    const silent = { expect: '02 00' }
    const { clock, port, bus } = await opened([{ expect: '01 00', reply: 'AA 01 00 05' }, silent, silent, silent])
    const samples = await clock.run(bus.readMotion())
    expect([...samples.values()]).toEqual([
      { id: 1, at: expect.any(Number), position: 5, velocity: 0, load: 0, alarms: [], powered: false },
    ])
    port.verify()
    expect(bus.health()).toMatchObject({ retries: 2, timeouts: 3 })
  })

  it('counts replies that fail the framing’s check as corrupt, and asks again', async () => {
    const { clock, port, bus } = await opened([
      { expect: '01 00', reply: 'AA 01 FF 05' },
      { expect: '01 00', reply: 'AA 01 01 05' },
    ])
    expect(await clock.run(bus.readTorque(1))).toBe(true)
    expect(bus.health().corrupt).toBe(1)
    port.verify()
  })

  it('joins setpoints that wait, and writes none of a call with one that is no number', async () => {
    const { clock, port, bus } = await opened([
      { expect: '01 00', reply: 'AA 01 01 05', after: 0.01 },
      { expect: 'F0 01 09 02 08' },
    ])
    const reading = bus.readTorque(1)
    const writes = [[{ id: 1, position: 7 }], [{ id: 2, position: 8 }], [{ id: 1, position: 9 }]].map((all) =>
      bus.writeSetpoints(all),
    )
    for (const wrong of [
      { position: Number.NaN },
      { position: 1, velocity: -1 },
      { position: 1, acceleration: Infinity },
    ])
      await expect(
        bus.writeSetpoints([
          { id: 2, position: 3 },
          { id: 1, ...wrong },
        ]),
      ).rejects.toMatchObject({
        code: 'TENDON_SETPOINT_INVALID',
        problem: { facts: { joint: 'pan' } },
      })
    await clock.run(Promise.all([reading, ...writes]))
    await clock.settle()
    port.verify()
  })

  it('knows only the servos that are mounted on it', async () => {
    const { clock, bus } = await opened([])
    const calls = [
      () => bus.inspect(7),
      () => bus.readTorque(7),
      () => bus.configure(7),
      () => bus.writeSetpoints([{ id: 7, position: 0 }]),
    ]
    for (const call of calls)
      await expect(clock.run<unknown>(call())).rejects.toMatchObject({ code: 'TENDON_SERVO_UNKNOWN' })
    expect([...(await clock.run(bus.setTorque([7], false)))]).toEqual([])
  })

  it('tries to take the power of all before it asks a silent one again', async () => {
    const { clock, port, bus } = await opened([
      { expect: '01 01' },
      { expect: '02 01', reply: 'AA 02 00 05' },
      ...['01 01', '01 01', '01 01', '01 00', '01 00', '01 00'].map((expect) => ({ expect })),
      { expect: '02 01', reply: 'AA 02 00 05' },
      { expect: '02 00', reply: 'AA 02 00 05' },
    ])
    expect([...(await clock.run(bus.setTorque([1, 2], false)))]).toEqual([2])
    port.verify()
  })

  it('powers no servo after a stop that came while it powered another', async () => {
    const stop = { expect: 'F1 01 02 00' }
    const { clock, port, bus } = await opened([{ expect: '01 02', reply: 'AA 01 01 05', after: 0.01 }, stop, stop])
    const powering = bus.setTorque([1, 2], true)
    await clock.advance(0.005)
    bus.stop({ cut: [1, 2], freeze: [] })
    expect([...(await clock.run(powering))]).toEqual([])
    await clock.advance(1)
    port.verify()
  })

  it('takes no framing that silences end: the line has no clock to lend', () => {
    const line = framedLine(modbus({ idleGap: 0.01 }), ({ address }) => address)
    expect(() => line.decoder(() => {})).toThrow(/TENDON_ARGUMENT_INVALID/)
  })
})
