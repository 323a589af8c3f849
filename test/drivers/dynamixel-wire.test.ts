import { describe, expect, it } from 'vitest'
import type { ServoMount } from '../../src/device/servo-bus.ts'
import { type DynamixelBus, type DynamixelBusOptions, dynamixel } from '../../src/drivers/dynamixel/bus.ts'
import { encodeFrame } from '../../src/drivers/dynamixel/frame.ts'
import { putValue, X_SERIES } from '../../src/drivers/dynamixel/registers.ts'
import { xm430 } from '../../src/drivers/dynamixel/servos.ts'
import { hex } from '../../src/testing/hex.ts'
import { type ScriptStep, scriptedPort } from '../../src/testing/scripted-port.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'

/** Packets as text; what encodes them is pinned to published packets elsewhere. */
const frame = (id: number, instruction: number, ...params: number[]): string =>
  hex(encodeFrame(id, instruction, params))
const status = (id: number, ...params: number[]): string => frame(id, 0x55, 0, ...params)

const MOUNTS: readonly ServoMount[] = [
  { joint: 'waist', servo: xm430('servos', 1) },
  { joint: 'shoulder', servo: xm430('servos', 2, { shadows: [3] }) },
  { joint: 'wheel', servo: xm430('servos', 4, { mode: 'velocity' }) },
]

async function speak(
  steps: readonly ScriptStep[],
  act: (bus: DynamixelBus) => unknown,
  options = {},
): Promise<unknown> {
  const clock = new VirtualClock()
  const port = scriptedPort(steps, { baudRate: 1_000_000 })
  const spec: DynamixelBusOptions = { port, tries: 1, retryBudget: 0, ...options }
  const bus = dynamixel(spec).create({ clock }, MOUNTS)
  await clock.run(bus.open())
  try {
    const result = await clock.run(Promise.resolve(act(bus)))
    port.verify()
    return result
  } finally {
    await clock.run(bus.close())
  }
}

const motion = (current: number, velocity: number, position: readonly number[]): number[] => [
  current,
  0,
  velocity,
  0,
  0,
  0,
  ...position,
]

describe('each request, byte by byte', () => {
  it('ping: the published packet, and the reply of the manual', async () => {
    const said = await speak(
      [{ expect: 'FF FF FD 00 01 03 00 01 19 4E', reply: 'FF FF FD 00 01 07 00 55 00 06 04 26 65 5D' }],
      (bus) => bus.registers.ping(1),
    )
    expect(said).toEqual({ model: 1030, firmware: 38 })
  })

  it('read: address and count in two bytes each', async () => {
    const said = await speak(
      [{ expect: 'FF FF FD 00 01 07 00 02 84 00 04 00 1D 15', reply: status(1, 0xa6, 0, 0, 0) }],
      (bus) => bus.registers.value(1, X_SERIES.present_position),
    )
    expect(said).toBe(166)
  })

  it('write: a value that looks like a header is stuffed', () =>
    speak([{ expect: 'FF FF FD 00 01 0A 00 03 74 00 FF FF FD FD 00 21 E7', reply: status(1) }], (bus) =>
      bus.registers.write(1, X_SERIES.goal_position, 0x00fdffff),
    ))

  it('sync read of 126..135, shadows included; each answers by itself', async () => {
    const said = await speak(
      [
        {
          expect: frame(0xfe, 0x82, 126, 0, 10, 0, 1, 2, 3, 4),
          reply: [1, 2, 3, 4].map((id) => status(id, ...motion(id, 0, [0, 8, 0, 0]))).join(' '),
        },
      ],
      (bus) => bus.readMotion(),
    )
    expect([...(said as Map<number, unknown>).keys()]).toEqual([1, 2, 4])
  })

  it('sync read of 64..146 for the status', () =>
    speak([{ expect: frame(0xfe, 0x82, 64, 0, 83, 0, 1), reply: status(1, ...new Array(83).fill(0)) }], (bus) =>
      bus.readStatus([1]),
    ))

  it('fast sync read: one packet from all', async () => {
    const length = 1 + 2 * 14
    const head = [0xff, 0xff, 0xfd, 0, 0xfe, length, 0, 0x55]
    const crc = (bytes: readonly number[]): number[] => {
      let register = 0
      for (const byte of bytes)
        for (let bit = 7; bit >= 0; bit--) {
          const out = (register >> 15) ^ ((byte >> bit) & 1)
          register = ((register << 1) & 0xffff) ^ (out ? 0x8005 : 0)
        }
      return [register & 0xff, register >> 8]
    }
    const first = [...head, 0, 1, ...motion(0, 0, [0, 8, 0, 0])]
    const second = [...first, ...crc(first), 0, 4, ...motion(0, 0, [0, 12, 0, 0])]
    const said = await speak(
      [{ expect: frame(0xfe, 0x8a, 126, 0, 10, 0, 1, 4), reply: Uint8Array.from([...second, ...crc(second)]) }],
      (bus) => bus.readMotion([1, 4]),
      { fastSyncRead: true },
    )
    expect([...(said as Map<number, { position: number }>).values()].map(({ position }) => position)).toEqual([
      0,
      Math.PI / 2,
    ])
  })

  it('bulk read: id, address and count of each', () =>
    speak(
      [
        {
          expect: 'FF FF FD 00 FE 0D 00 92 01 90 00 02 00 02 92 00 01 00 1A 05',
          reply: `${status(1, 120, 0)} ${status(2, 30)}`,
        },
      ],
      (bus) =>
        bus.registers.blocks([
          { id: 1, address: 144, count: 2 },
          { id: 2, address: 146, count: 1 },
        ]),
    ))

  it('sync write of pace and goal (112..119), and of speed and acceleration (104..111)', () =>
    speak(
      [
        { expect: frame(0xfe, 0x83, 112, 0, 8, 0, 1, 42, 0, 0, 0, 0, 8, 0, 0, 2, 0, 0, 0, 0, 0, 12, 0, 0) },
        { expect: frame(0xfe, 0x83, 104, 0, 8, 0, 4, 0xd6, 0xff, 0xff, 0xff, 107, 0, 0, 0) },
      ],
      async (bus) => {
        await bus.writeSetpoints([
          { id: 1, position: 0, velocity: 1 },
          { id: 2, position: Math.PI / 2 },
        ])
        await bus.writeSpeeds([{ id: 4, speed: -1 }])
      },
    ))

  it('stop of some: one bulk write, with the shadow cut by its own id, sent twice', () => {
    const stop = frame(
      ...([0xfe, 0x93] as const),
      ...[2, 64, 0, 1, 0, 0],
      ...[3, 64, 0, 1, 0, 0],
      ...[1, 108, 0, 12, 0, 107, 0, 0, 0, 4, 0, 0, 0, 0, 8, 0, 0],
      ...[4, 104, 0, 8, 0, 0, 0, 0, 0, 107, 0, 0, 0],
    )
    return speak(
      [{ expect: stop }, { expect: stop }, { expect: frame(1, 2, 64, 0, 1, 0), reply: status(1, 0) }],
      (bus) => {
        bus.stop({
          cut: [2],
          freeze: [
            { id: 1, position: 0 },
            { id: 4, position: 0 },
          ],
        })
        return bus.readTorque(1)
      },
    )
  })

  it('stop of all: the published broadcast', () => {
    const off = 'FF FF FD 00 FE 06 00 03 40 00 00 2E 16'
    return speak(
      [{ expect: off }, { expect: off }, { expect: frame(1, 2, 64, 0, 1, 0), reply: status(1, 0) }],
      (bus) => {
        bus.stop({ cut: [1, 2, 4], freeze: [] })
        return bus.readTorque(1)
      },
    )
  })

  it('torque off of some: a sync write to them and their shadows first', () =>
    speak(
      [
        { expect: frame(0xfe, 0x83, 64, 0, 1, 0, 2, 0, 3, 0) },
        { expect: frame(2, 3, 64, 0, 0), reply: status(2) },
        { expect: frame(3, 3, 64, 0, 0), reply: status(3) },
        { expect: frame(2, 2, 64, 0, 1, 0), reply: status(2, 0) },
        { expect: frame(3, 2, 64, 0, 1, 0), reply: status(3, 0) },
      ],
      (bus) => bus.setTorque([2], false),
    ))

  it('reboot: the published packet, then looks until torque and error are gone', () =>
    speak(
      [
        { expect: 'FF FF FD 00 01 03 00 08 2F 4E', reply: status(1) },
        { expect: frame(1, 2, 64, 0, 7, 0) },
        { expect: frame(1, 2, 64, 0, 7, 0), reply: status(1, 1, 0, 0, 0, 2, 0, 0) },
        { expect: frame(1, 2, 64, 0, 7, 0), reply: status(1, 0, 0, 0, 0, 2, 0, 0) },
      ],
      (bus) => bus.reboot(1),
    ))

  it('bus watchdog: cleared with the published packet', () =>
    speak([{ expect: 'FF FF FD 00 01 06 00 03 62 00 00 76 E4', reply: status(1) }], (bus) =>
      bus.registers.write(1, X_SERIES.bus_watchdog, 0),
    ))
})

describe('who has an id', () => {
  const memory = (position: number): number[] => {
    const block = new Uint8Array(147)
    putValue(block, 0, X_SERIES.model, 1020)
    putValue(block, 0, X_SERIES.firmware, 45)
    putValue(block, 0, X_SERIES.present_position, position)
    return [...block]
  }

  async function ask(steps: readonly ScriptStep[]): Promise<unknown> {
    const clock = new VirtualClock()
    const port = scriptedPort(steps, { baudRate: 1_000_000 })
    const bench = dynamixel({ port }).workbench({ clock })
    await clock.run(bench.open())
    try {
      return await clock.run(bench.ping(1))
    } finally {
      await clock.run(bench.close())
    }
  }

  const who = { expect: frame(1, 1), reply: status(1, 0xfc, 3, 45) }
  const all = { expect: frame(1, 2, 0, 0, 147, 0) }

  it('is told by a ping and two looks at all that it has', async () => {
    const look = { ...all, reply: status(1, ...memory(100)) }
    expect(await ask([who, look, look])).toEqual({ id: 1, model: 'XM430-W350', modelNumber: 1020, firmware: '45' })
  })

  it('is not told where two answer, one behind the other', () =>
    expect(
      ask([
        who,
        { ...all, reply: status(1, ...memory(100)) },
        { reply: status(1, ...memory(900)), after: 0.005 },
        { ...all, reply: status(1, ...memory(100)) },
      ]),
    ).rejects.toMatchObject({ code: 'TENDON_SERVO_ID_TWICE' }))
})
