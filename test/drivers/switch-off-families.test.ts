import { defineRobot, TendonError } from 'tendon'
import type { ByteTransport, ServoBusSpec } from 'tendon/device'
import { switchOff } from 'tendon/drivers'
import { decodeFrame as decodePacket, dynamixel, encodeFrame as encodePacket, xl430, xm430 } from 'tendon/dynamixel'
import { decodeFrame, encodeFrame, feetech, sts3215 } from 'tendon/feetech'
import { hobbyServo, pca9685 } from 'tendon/pca9685'
import { type LinePort, simulated, simulationOf } from 'tendon/sim'
import { VirtualClock } from 'tendon/testing'
import { describe, expect, it } from 'vitest'
import { MemoryTransport } from '../../src/transports/memory.ts'
import { RegisterChip } from './register-chip.ts'

const nowhere = new MemoryTransport({ baudRate: 1_000_000, connect: () => {} })
const joint = { position: [-1, 1] as const, velocity: 1, stop: 'park' as const }
const pulses = { speed: 5, assumed: 0 } as const

/** Robots of each family; `bus` is what somebody makes who knows the family and the port, and nothing else. */
const arms = {
  feetech: {
    robot: defineRobot('feetech', {
      buses: { line: feetech({ port: nowhere }) },
      joints: { a: { ...joint, servo: sts3215('line', 1) }, b: { ...joint, servo: sts3215('line', 2) } },
    }).with({}),
    bus: (port: ByteTransport): ServoBusSpec => feetech({ port, tries: 1 }),
    ids: [1, 2],
    off: 'fffffe04032800d2',
  },
  dynamixel: {
    robot: defineRobot('dynamixel', {
      buses: { line: dynamixel({ port: nowhere }) },
      joints: {
        a: { ...joint, servo: xm430('line', 1, { shadows: [3] }) },
        b: { ...joint, servo: xl430('line', 2) },
      },
    }).with({}),
    bus: (port: ByteTransport): ServoBusSpec => dynamixel({ port, tries: 1 }),
    // The shadow has power of its own.
    ids: [1, 3, 2],
    off: 'fffffd00fe0600034000002e16',
  },
  pca9685: {
    robot: defineRobot('pwm', {
      buses: { line: pca9685({ port: nowhere }) },
      joints: {
        a: { ...joint, servo: hobbyServo('line', 0, pulses) },
        b: { ...joint, servo: hobbyServo('line', 5, pulses) },
      },
    }).with({}),
    bus: (port: ByteTransport): ServoBusSpec => pca9685({ port, tries: 1 }),
    ids: [0, 5],
    off: 'fd10',
  },
}
type Family = keyof typeof arms

/** Servos with power, as a program that hangs has left them, and their line. */
async function rig(family: Family) {
  const clock = new VirtualClock()
  const { robot, bus, ids, off } = arms[family]
  const arm = simulated(robot)
  const world = simulationOf(arm)
  const spec = arm.hardware.buses.line
  if (!spec) throw new Error('there is no bus')
  const mounts = Object.entries(arm.hardware.joints).flatMap(([name, { servo }]) =>
    servo ? [{ joint: name, servo }] : [],
  )
  const host = spec.create({ clock }, mounts)
  await clock.run(host.open())
  await clock.run(
    host.setTorque(
      mounts.map(({ servo }) => servo.id),
      true,
    ),
  )
  await clock.run(host.close())
  const powered = (): boolean[] => ids.map((id) => world.servo(id).powered)
  expect(powered()).toEqual(ids.map(() => true))
  const frames: string[] = []
  world.tap(({ from, bytes }) => {
    if (from === 'host') frames.push(Buffer.from(bytes).toString('hex'))
  })
  return { clock, world, port: spec.port, bus: bus(spec.port), ids, off, powered, frames }
}

describe.each(Object.keys(arms) as Family[])('switching off a line of %s that nothing is known of', (family) => {
  it('takes the power of every servo, shadows as well, and reads each back by its own id', async () => {
    const { clock, bus, ids, powered } = await rig(family)
    const found = await clock.run(switchOff(bus, { clock, ids }))
    expect(found).toEqual({ off: ids, powered: [], silent: [], families: [family] })
    expect(powered()).toEqual(ids.map(() => false))
  })

  it('reaches those that nobody named', async () => {
    const { clock, bus, powered } = await rig(family)
    expect(await clock.run(switchOff(bus, { clock, ids: [] }))).toMatchObject({ off: [], families: [] })
    expect(powered()).not.toContain(true)
  })

  it('sends the broadcast three times before it asks about anybody', async () => {
    const { clock, bus, ids, off, frames } = await rig(family)
    await clock.run(switchOff(bus, { clock, ids }))
    const isOff = frames.map((frame) => frame.includes(off))
    const [first, last] = [isOff.indexOf(true), isOff.lastIndexOf(true)]
    expect(last - first + 1).toBeGreaterThanOrEqual(3)
    expect(isOff.slice(first, last + 1)).not.toContain(false)
    expect(frames.length).toBeGreaterThan(last + 1)
  })

  it('says of an id that it cannot have that nobody answered, and of the others what they are', async () => {
    const { clock, bus, ids } = await rig(family)
    const absent = family === 'pca9685' ? 16 : 253
    const found = await clock.run(switchOff(bus, { clock, ids: [absent, ...ids], tries: 2 }))
    expect(found).toMatchObject({ off: ids, silent: [absent], powered: [] })
  })

  it('leaves the port free and no timer', async () => {
    const { clock, bus, ids } = await rig(family)
    await clock.run(switchOff(bus, { clock, ids: [...ids, 7], tries: 1 }))
    expect(clock.pending).toBe(0)
    await clock.run(switchOff(bus, { clock, ids }))
  })
})

describe('switching off a serial line of which nobody knows who is on it', () => {
  const both = (port: ByteTransport): ServoBusSpec[] => [arms.feetech.bus(port), arms.dynamixel.bus(port)]

  it.each(['feetech', 'dynamixel'] as const)('reaches servos of %s, and says that it was they', async (family) => {
    const { clock, port, ids, powered } = await rig(family)
    const found = await clock.run(switchOff(both(port), { clock, ids }))
    expect(found).toEqual({ off: ids, powered: [], silent: [], families: [family] })
    expect(powered()).not.toContain(true)
  })

  it('sends the frames of every family before anybody is asked anything', async () => {
    const clock = new VirtualClock()
    const written: string[] = []
    const port = new MemoryTransport({
      baudRate: 1_000_000,
      connect: (end) => void end.onBytes((bytes) => written.push(Buffer.from(bytes).toString('hex'))),
    })
    await clock.run(switchOff(both(port), { clock, ids: [1], tries: 1 }))
    const offs: readonly string[] = [arms.feetech.off, arms.dynamixel.off]
    const asked = written.findIndex((bytes) => !offs.includes(bytes))
    for (const off of offs) expect(written.slice(0, asked).filter((bytes) => bytes === off).length).toBeGreaterThan(2)
  })

  it('goes on asking one that did not answer at first, in both families', async () => {
    const { clock, world, port } = await rig('dynamixel')
    world.faults.silence('b')
    const asked = new Map<number, number>()
    world.tap(({ from, bytes }) => {
      const packet = from === 'host' ? decodePacket(bytes) : undefined
      if (packet?.instruction !== 2) return
      const times = (asked.get(packet.id) ?? 0) + 1
      asked.set(packet.id, times)
      if (packet.id === 2 && times === 3) clock.turn(() => world.faults.unsilence('b'))
    })
    const found = await clock.run(switchOff(both(port), { clock, ids: [1, 2, 3] }))
    expect([found.off, found.silent]).toEqual([[1, 2, 3], []])
    // Whoever has answered is not asked again.
    expect([...asked]).toEqual([
      [1, 1],
      [2, 4],
      [3, 1],
    ])
  })

  it('rejects when the line is lost on the way: what was not read is not told of as silent', async () => {
    const { clock, world, port } = await rig('dynamixel')
    const end = world.tap(({ from, bytes }) => {
      if (from !== 'host' || decodePacket(bytes)?.id !== 3) return
      end()
      clock.turn(() => (port as LinePort).unplug())
    })
    const error = await clock.run(
      switchOff(dynamixel({ port }), { clock, ids: [1, 3, 2] }).catch((thrown: unknown) => thrown),
    )
    expect(error).toMatchObject({ code: 'TENDON_LINK_LOST' })
    expect(clock.pending).toBe(0)
  })
})

describe('what one family is told', () => {
  /** Every run of bytes in which another family could see a frame of its own. */
  const within = (bytes: Uint8Array, isFrame: (part: Uint8Array) => boolean): string[] => {
    const found: string[] = []
    for (let from = 0; from < bytes.length; from++)
      for (let to = from + 1; to <= bytes.length; to++)
        if (isFrame(bytes.subarray(from, to))) found.push(Buffer.from(bytes.subarray(from, to)).toString('hex'))
    return found
  }
  const times = (bytes: Uint8Array, count: number): Uint8Array =>
    Uint8Array.from(Array.from({ length: count }, () => [...bytes]).flat())
  const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

  it('holds no frame of the other: neither the broadcasts nor the questions about any id', () => {
    const isFeetech = (part: Uint8Array): boolean => decodeFrame(part) !== undefined
    const isDynamixel = (part: Uint8Array): boolean => decodePacket(part) !== undefined
    const ids = Array.from({ length: 253 }, (_, id) => id)
    const toDynamixel = [hex(arms.dynamixel.off), ...ids.map((id) => encodePacket(id, 2, [64, 0, 1, 0]))]
    const toFeetech = [hex(arms.feetech.off), ...ids.map((id) => encodeFrame(id, 2, [40, 1]))]
    // Also not where two of them meet.
    expect(toDynamixel.flatMap((bytes) => within(times(bytes, 2), isFeetech))).toEqual([])
    expect(toFeetech.flatMap((bytes) => within(times(bytes, 2), isDynamixel))).toEqual([])
    // The search finds what is there.
    expect(within(times(hex(arms.feetech.off), 2), isFeetech)).toHaveLength(2)
    expect(within(times(hex(arms.dynamixel.off), 2), isDynamixel)).toHaveLength(2)
  })
})

describe('a chip that hobby servos hang on', () => {
  const chipRig = () => {
    const clock = new VirtualClock()
    const chip = new RegisterChip()
    const port = new MemoryTransport({ address: '/dev/i2c-1', connect: chip.connect })
    return { clock, chip, port }
  }

  it('that still sends pulses after the frame is told of as powered: the registers are what counts', async () => {
    const { clock, chip, port } = chipRig()
    chip.registers.set([0, 0, 0x33, 0x01], 0x06 + 4 * 3)
    // The one register that takes the pulses of all channels away.
    chip.stuck.add(0xfd)
    const found = await clock.run(switchOff(pca9685({ port }), { clock, ids: [2, 3] }))
    expect(found).toMatchObject({ off: [2], powered: [3], silent: [] })
  })

  it('that does not answer rejects: nothing is known of its servos', async () => {
    const { clock, chip, port } = chipRig()
    chip.state = 1
    const error = await clock.run(switchOff(pca9685({ port }), { clock, ids: [0] }).catch((thrown: unknown) => thrown))
    expect(error).toBeInstanceOf(TendonError)
    expect(error).toMatchObject({ code: 'TENDON_PCA9685_SILENT' })
  })
})
