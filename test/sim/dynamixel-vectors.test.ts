import { describe, expect, it } from 'vitest'
import { crcOf, dxl, dynamixelRig, le, ping, rawFrame, read, status, write } from './dynamixel-rig.ts'
import { hex, toHex } from './rig.ts'

const OK = 0
const [FAILED, INSTRUCTION, RANGE, LENGTH, LIMIT, ACCESS] = [1, 2, 4, 5, 6, 7]
const TORQUE = 64

describe('the published frames', () => {
  it('a ping of id 1 is answered with its model and firmware', async () => {
    const { ask } = await dynamixelRig({ servos: [{ registers: { modelNumber: 0x0406, firmwareVersion: 0x26 } }] })
    expect(await ask(hex('FF FF FD 00 01 03 00 01 19 4E'))).toEqual(['FF FF FD 00 01 07 00 55 00 06 04 26 65 5D'])
  })

  it('goal 512 to id 1 is acknowledged and stands in register 116', async () => {
    const { ask, at } = await dynamixelRig()
    const goal = hex('FF FF FD 00 01 09 00 03 74 00 00 02 00 00 CA 89')
    expect(await ask(goal)).toEqual(['FF FF FD 00 01 04 00 55 00 A1 0C'])
    expect(at('goalPosition')).toBe(512)
  })

  it('a reboot of id 1 is acknowledged, and torque is off after it', async () => {
    const { ask, at } = await dynamixelRig()
    await ask(write(1, TORQUE, 1, 1))
    expect(at('torqueEnable')).toBe(1)
    expect(await ask(hex('FF FF FD 00 01 03 00 08 2F 4E'))).toEqual([status(1, OK)])
    expect(at('torqueEnable')).toBe(0)
  })

  it('all torque off in one broadcast: nobody answers, nobody has power', async () => {
    const { ask, servos, now } = await dynamixelRig({ servos: [{}, {}, {}] })
    await ask(dxl(0xfe, 0x03, TORQUE, 0, 1))
    expect(servos.map((servo) => servo.powered(now()))).toEqual([true, true, true])
    expect(await ask(hex('FF FF FD 00 FE 06 00 03 40 00 00 2E 16'))).toEqual([])
    expect(servos.map((servo) => servo.powered(now()))).toEqual([false, false, false])
  })

  it('a clear of the bus watchdog of id 1', async () => {
    const { ask, at } = await dynamixelRig()
    await ask(write(1, 98, 50, 1))
    expect(at('busWatchdog')).toBe(50)
    expect(await ask(hex('FF FF FD 00 01 06 00 03 62 00 00 76 E4'))).toEqual([status(1, OK)])
    expect(at('busWatchdog')).toBe(0)
  })

  it('a write of 0x00FDFFFF to 116 with its stuffing, which is beyond the limit of every mode', async () => {
    const stuffed = hex('FF FF FD 00 01 0A 00 03 74 00 FF FF FD FD 00 21 E7')
    expect(toHex(dxl(1, 0x03, 0x74, 0, 0xff, 0xff, 0xfd, 0x00))).toBe(toHex(stuffed))
    const { ask } = await dynamixelRig({ servos: [{ registers: { operatingMode: 4 } }] })
    expect(await ask(stuffed)).toEqual([status(1, LIMIT)])
  })

  it('the frames of this test have the CRC of the published ones', () => {
    expect(toHex(ping(1))).toBe('FF FF FD 00 01 03 00 01 19 4E')
    expect(crcOf([...read(1, 132, 4)].slice(0, -2))).toBe(0x151d)
    expect(toHex(read(1, 132, 4))).toBe('FF FF FD 00 01 07 00 02 84 00 04 00 1D 15')
    expect(toHex(dxl(0xfe, 0x83, 116, 0, 4, 0, 1, ...le(150, 4), 2, ...le(170, 4)))).toBe(
      'FF FF FD 00 FE 11 00 83 74 00 04 00 01 96 00 00 00 02 AA 00 00 00 82 87',
    )
    expect(toHex(dxl(0xfe, 0x92, 1, 144, 0, 2, 0, 2, 146, 0, 1, 0))).toBe(
      'FF FF FD 00 FE 0D 00 92 01 90 00 02 00 02 92 00 01 00 1A 05',
    )
  })

  it('the published sync write and bulk read do what they say', async () => {
    const { ask, at } = await dynamixelRig({ servos: [{ position: 100 }, { position: 200 }] })
    await ask(hex('FF FF FD 00 FE 11 00 83 74 00 04 00 01 96 00 00 00 02 AA 00 00 00 82 87'))
    expect([at('goalPosition', 0), at('goalPosition', 1)]).toEqual([150, 170])
    expect(await ask(hex('FF FF FD 00 FE 0D 00 92 01 90 00 02 00 02 92 00 01 00 1A 05'))).toEqual([
      status(1, OK, 120, 0),
      status(2, OK, 25),
    ])
  })
})

describe('ping', () => {
  it('to all is answered in the order of their ids', async () => {
    const servos = [{ registers: { id: 9 } }, { registers: { id: 2 } }, { registers: { id: 200 } }]
    const { ask } = await dynamixelRig({ servos })
    expect(await ask(ping(0xfe))).toEqual([2, 9, 200].map((id) => status(id, OK, 0xfc, 0x03, 48)))
  })

  it('of an id that nobody has is answered by nobody', async () => {
    const { ask } = await dynamixelRig()
    expect(await ask(ping(2))).toEqual([])
  })
})

describe('read', () => {
  it('gives the bytes from the address on, little-endian', async () => {
    const { ask } = await dynamixelRig({ servos: [{ position: 0x0abc }] })
    expect(await ask(read(1, 132, 4))).toEqual([status(1, OK, 0xbc, 0x0a, 0, 0)])
    expect(await ask(read(1, 0, 2))).toEqual([status(1, OK, 0xfc, 0x03)])
  })

  it('has two’s complement where a value is negative', async () => {
    const { ask } = await dynamixelRig({ servos: [{ registers: { homingOffset: -3 } }] })
    expect(await ask(read(1, 20, 4))).toEqual([status(1, OK, 0xfd, 0xff, 0xff, 0xff)])
  })

  it('finds zeros between the registers, and an access error beyond them', async () => {
    const { ask } = await dynamixelRig()
    expect(await ask(read(1, 14, 4))).toEqual([status(1, OK, 0, 0, 0, 0)])
    expect(await ask(read(1, 145, 4))).toEqual([status(1, ACCESS)])
    expect(await ask(read(1, 0, 0xffff))).toEqual([status(1, ACCESS)])
  })

  it('stuffs what it answers where data looks like a header', async () => {
    const { ask } = await dynamixelRig({ servos: [{ registers: { homingOffset: -131_073 } }] })
    expect(await ask(read(1, 20, 4))).toEqual([toHex(rawFrame(1, 0x55, 0, 0xff, 0xff, 0xfd, 0xfd, 0xff))])
  })

  it('to all is no instruction, and one without a count is an error', async () => {
    const { ask } = await dynamixelRig()
    expect(await ask(read(0xfe, 132, 4))).toEqual([])
    expect(await ask(dxl(1, 0x02, 132, 0))).toEqual([status(1, LENGTH)])
  })
})

describe('write', () => {
  it.each([
    ['a read-only register', 132, [1, 0, 0, 0], ACCESS],
    ['no register', 14, [1], ACCESS],
    ['a register and the gap behind it', 13, [2, 0], ACCESS],
    ['beyond the table', 150, [1], ACCESS],
    ['half a register', 116, [1, 0], LENGTH],
    ['the second half of one', 118, [1, 0], LENGTH],
    ['no data', 116, [], LENGTH],
    ['torque 2', 64, [2], RANGE],
    ['a mode that there is not', 11, [2], RANGE],
    ['a watchdog of 128', 98, [128], RANGE],
    ['a goal above the limit', 116, le(4096, 4), LIMIT],
    ['a goal below it', 116, le(-1, 4), LIMIT],
    ['a goal velocity above its limit', 104, le(201, 4), LIMIT],
    ['a goal PWM below it', 100, le(-886, 2), LIMIT],
    ['a goal current above it', 102, le(1194, 2), LIMIT],
  ])('of %s is refused with the number of the error, and changes nothing', async (_what, address, data, error) => {
    const { ask, servo, now } = await dynamixelRig()
    const before = toHex(servo.read(0, 120, now()))
    expect(await ask(dxl(1, 0x03, ...le(address, 2), ...data))).toEqual([status(1, error)])
    expect(toHex(servo.read(0, 120, now()))).toBe(before)
  })

  it('over several registers is one: a part that is refused leaves all as it was', async () => {
    const { ask, at } = await dynamixelRig()
    expect(await ask(dxl(1, 0x03, 108, 0, ...le(5, 4), ...le(7, 4), ...le(4096, 4)))).toEqual([status(1, LIMIT)])
    expect([at('profileAcceleration'), at('profileVelocity')]).toEqual([0, 0])
    expect(await ask(dxl(1, 0x03, 108, 0, ...le(5, 4), ...le(7, 4), ...le(4095, 4)))).toEqual([status(1, OK)])
    expect([at('profileAcceleration'), at('profileVelocity'), at('goalPosition')]).toEqual([5, 7, 4095])
  })

  it('of the EEPROM is an access error while torque is on, and of the RAM is none', async () => {
    const { ask, at } = await dynamixelRig()
    await ask(write(1, TORQUE, 1, 1))
    for (const [address, size] of [
      [7, 1],
      [11, 1],
      [20, 4],
      [48, 4],
      [63, 1],
    ] as const)
      expect(await ask(write(1, address, 1, size))).toEqual([status(1, ACCESS)])
    expect(at('id')).toBe(1)
    expect(await ask(write(1, 65, 1, 1))).toEqual([status(1, OK)])
    await ask(write(1, TORQUE, 0, 1))
    expect(await ask(write(1, 20, 1, 4))).toEqual([status(1, OK)])
  })

  it('of a new id is answered by the old one, and then the new one answers', async () => {
    const { ask } = await dynamixelRig()
    expect(await ask(write(1, 7, 42, 1))).toEqual([status(1, OK)])
    expect(await ask(ping(1))).toEqual([])
    expect(await ask(ping(42))).toHaveLength(1)
  })
})

describe('writes that wait', () => {
  it('are held until the action, and register 69 says so', async () => {
    const { ask, at } = await dynamixelRig({ servos: [{}, {}] })
    expect(await ask(dxl(1, 0x04, 116, 0, ...le(100, 4)))).toEqual([status(1, OK)])
    expect(await ask(dxl(2, 0x04, 116, 0, ...le(200, 4)))).toEqual([status(2, OK)])
    expect([at('goalPosition', 0), at('registered', 0)]).toEqual([2048, 1])
    expect(await ask(dxl(0xfe, 0x05))).toEqual([])
    expect([at('goalPosition', 0), at('goalPosition', 1)]).toEqual([100, 200])
    expect([at('registered', 0), at('registered', 1)]).toEqual([0, 0])
  })

  it('are judged when they come, and an action without one is an error', async () => {
    const { ask, at } = await dynamixelRig()
    expect(await ask(dxl(1, 0x04, 116, 0, ...le(9999, 4)))).toEqual([status(1, LIMIT)])
    expect(at('registered')).toBe(0)
    expect(await ask(dxl(1, 0x05))).toEqual([status(1, INSTRUCTION)])
  })
})

describe('reset, reboot, clear', () => {
  it.each([
    ['all', 0xff, [1, 1, 0]],
    ['all but the id', 0x01, [42, 1, 0]],
    ['all but id and baud rate', 0x02, [42, 3, 0]],
  ])('a factory reset of %s leaves just that', async (_what, option, expected) => {
    const { ask, at } = await dynamixelRig({ servos: [{ registers: { id: 42, homingOffset: 77 } }] })
    expect(await ask(dxl(42, 0x06, option))).toEqual([status(42, OK)])
    expect([at('id'), at('baudIndex'), at('homingOffset')]).toEqual(expected)
  })

  it('a factory reset of all for all is none, for they would all be id 1', async () => {
    const { ask, at } = await dynamixelRig({ servos: [{ registers: { id: 5 } }] })
    await ask(dxl(0xfe, 0x06, 0xff))
    expect(at('id')).toBe(5)
  })

  it('a factory reset with torque on, or of something else, is refused', async () => {
    const { ask, at } = await dynamixelRig({ servos: [{ registers: { homingOffset: 77 } }] })
    expect(await ask(dxl(1, 0x06, 0x33))).toEqual([status(1, RANGE)])
    await ask(write(1, TORQUE, 1, 1))
    expect(await ask(dxl(1, 0x06, 0xff))).toEqual([status(1, ACCESS)])
    expect(at('homingOffset')).toBe(77)
  })

  it('a reboot forgets RAM and keeps EEPROM', async () => {
    const { ask, at } = await dynamixelRig()
    await ask(write(1, 20, 55, 4))
    await ask(write(1, 112, 44, 4))
    await ask(dxl(1, 0x08))
    expect([at('homingOffset'), at('profileVelocity')]).toEqual([55, 0])
  })

  it('a clear forgets the turns, with the maker’s parameters only, and not in motion', async () => {
    const { ask, at, clock } = await dynamixelRig({ servos: [{ registers: { operatingMode: 4 } }] })
    await ask(write(1, TORQUE, 1, 1))
    await ask(write(1, 116, 2048 + 3 * 4096, 4))
    expect(await ask(dxl(1, 0x10, 0x01, 0x44, 0x58, 0x4c, 0x22))).toEqual([status(1, FAILED)])
    await clock.advance(20)
    expect(at('presentPosition')).toBe(2048 + 3 * 4096)
    await ask(write(1, TORQUE, 0, 1))
    expect(await ask(dxl(1, 0x10, 0x01, 0x44, 0x58, 0x4c))).toEqual([status(1, RANGE)])
    expect(await ask(dxl(1, 0x10, 0x01, 0x44, 0x58, 0x4c, 0x22))).toEqual([status(1, OK)])
    expect(at('presentPosition')).toBe(2048)
  })

  it('an instruction that there is not is answered with its error, and to all with nothing', async () => {
    const { ask } = await dynamixelRig()
    expect(await ask(dxl(1, 0x42))).toEqual([status(1, INSTRUCTION)])
    expect(await ask(dxl(0xfe, 0x42))).toEqual([])
  })
})

describe('joined instructions', () => {
  const three = { servos: [{ position: 100 }, { position: 200 }, { position: 300 }] }

  it('a sync read is answered one by one in the order of its list', async () => {
    const { ask } = await dynamixelRig(three)
    expect(await ask(dxl(0xfe, 0x82, 132, 0, 4, 0, 3, 1, 2))).toEqual([
      status(3, OK, ...le(300, 4)),
      status(1, OK, ...le(100, 4)),
      status(2, OK, ...le(200, 4)),
    ])
  })

  it('the turn of one that is absent passes, and the others answer', async () => {
    const { ask } = await dynamixelRig(three)
    expect(await ask(dxl(0xfe, 0x82, 132, 0, 4, 0, 1, 9, 3))).toEqual([
      status(1, OK, ...le(100, 4)),
      status(3, OK, ...le(300, 4)),
    ])
  })

  it('a bulk read gives each its own registers', async () => {
    const { ask } = await dynamixelRig(three)
    expect(await ask(dxl(0xfe, 0x92, 2, 146, 0, 1, 0, 1, 132, 0, 4, 0))).toEqual([
      status(2, OK, 25),
      status(1, OK, ...le(100, 4)),
    ])
  })

  it('a bulk write gives each its own registers, and nobody answers', async () => {
    const { ask, at } = await dynamixelRig(three)
    expect(await ask(dxl(0xfe, 0x93, 2, 65, 0, 1, 0, 1, 1, 116, 0, 4, 0, ...le(777, 4)))).toEqual([])
    expect([at('led', 1), at('goalPosition', 0), at('goalPosition', 1)]).toEqual([1, 777, 200])
  })

  it('a joined write whose lengths do not add up writes nothing', async () => {
    const { ask, at } = await dynamixelRig(three)
    await ask(dxl(0xfe, 0x83, 116, 0, 4, 0, 1, ...le(500, 4), 2, 1, 2))
    await ask(dxl(0xfe, 0x93, 1, 116, 0, 4, 0, ...le(500, 4), 2, 116, 0, 9, 0, 1))
    expect([at('goalPosition', 0), at('goalPosition', 1)]).toEqual([100, 200])
  })

  it('what one of them refuses in a joined write the others still take', async () => {
    const { ask, at } = await dynamixelRig(three)
    await ask(dxl(0xfe, 0x83, 116, 0, 4, 0, 1, ...le(5000, 4), 2, ...le(500, 4)))
    expect([at('goalPosition', 0), at('goalPosition', 1)]).toEqual([100, 500])
  })

  it('a fast sync read is one frame with a part of each: error, id, data, CRC so far', async () => {
    const { ask } = await dynamixelRig(three)
    const [frame, ...more] = await ask(dxl(0xfe, 0x8a, 132, 0, 4, 0, 3, 1, 2))
    const head = [0xff, 0xff, 0xfd, 0, 0xfe, 25, 0, 0x55]
    const first = [...head, 0, 3, ...le(300, 4)]
    const second = [...first, ...le(crcOf(first), 2), 0, 1, ...le(100, 4)]
    const third = [...second, ...le(crcOf(second), 2), 0, 2, ...le(200, 4)]
    expect(frame).toBe(toHex(Uint8Array.from([...third, ...le(crcOf(third), 2)])))
    expect(more).toEqual([])
  })

  it('a fast bulk read is one frame with data of different length', async () => {
    const { ask } = await dynamixelRig(three)
    const [frame = ''] = await ask(dxl(0xfe, 0x9a, 1, 132, 0, 4, 0, 2, 146, 0, 1, 0))
    const bytes = [...hex(frame)]
    expect(bytes.slice(0, 8)).toEqual([0xff, 0xff, 0xfd, 0, 0xfe, 14, 0, 0x55])
    expect(bytes.slice(8, 14)).toEqual([0, 1, ...le(100, 4)])
    expect(bytes.slice(16, 19)).toEqual([0, 2, 25])
    expect(le(crcOf(bytes.slice(0, -2)), 2)).toEqual(bytes.slice(-2))
  })

  it('one that is absent leaves a fast reading unfinished, with nothing behind it', async () => {
    const { ask } = await dynamixelRig(three)
    const [whole = ''] = await ask(dxl(0xfe, 0x8a, 132, 0, 4, 0, 1, 2))
    const [part = ''] = await ask(dxl(0xfe, 0x8a, 132, 0, 4, 0, 1, 9, 2))
    expect(hex(part)).toHaveLength(8 + 2 + 4 + 2)
    expect(part.slice(24)).not.toBe(whole.slice(24, part.length))
    expect(await ask(dxl(0xfe, 0x8a, 132, 0, 4, 0, 9, 1))).toEqual([])
  })
})

describe('joined readings of what nobody has', () => {
  it('one by one are answered with the error of each; together not at all', async () => {
    const { ask } = await dynamixelRig({ servos: [{}, {}] })
    expect(await ask(dxl(0xfe, 0x82, 140, 0, 0xff, 0xff, 1, 9, 2))).toEqual([status(1, ACCESS), status(2, ACCESS)])
    expect(await ask(dxl(0xfe, 0x8a, 140, 0, 0xff, 0xff, 1, 2))).toEqual([])
    expect(await ask(dxl(0xfe, 0x9a, 1, 140, 0, 0xff, 0xff))).toEqual([])
    expect(await ask(dxl(0xfe, 0x8a, 0, 0, 148, 0, ...Array(20).fill(1)))).toEqual([])
    expect(await ask(ping(1))).toHaveLength(1)
  })
})

describe('a host that does not stuff, as the maker’s Python SDK', () => {
  it('is understood: its write of 0x00FDFFFF goes by the length and not by the header inside', async () => {
    const { ask } = await dynamixelRig({ servos: [{ registers: { operatingMode: 4 } }] })
    const unstuffed = rawFrame(1, 0x03, 0x74, 0, 0xff, 0xff, 0xfd, 0x00)
    expect(toHex(unstuffed).slice(0, 29)).toBe('FF FF FD 00 01 09 00 03 74 00')
    expect(await ask(unstuffed)).toEqual([status(1, LIMIT)])
    expect(await ask(ping(1))).toHaveLength(1)
  })

  it('writes the bytes of a header into two registers, as a host does that stuffs', async () => {
    for (const make of [dxl, rawFrame]) {
      const { ask, at } = await dynamixelRig()
      expect(await ask(make(1, 0x03, 100, 0, 0xff, 0xff, 0xfd, 0x00))).toEqual([status(1, OK)])
      expect([at('goalPwm'), at('goalCurrent')]).toEqual([-1, 253])
    }
  })

  it('cannot say FF FF FD FD: a servo takes the last for stuffing, and the data is too short', async () => {
    const { ask, at } = await dynamixelRig()
    expect(await ask(rawFrame(1, 0x03, 100, 0, 0xff, 0xff, 0xfd, 0xfd))).toEqual([status(1, LENGTH)])
    expect(await ask(dxl(1, 0x03, 100, 0, 0xff, 0xff, 0xfd, 0xfd))).toEqual([status(1, OK)])
    expect(at('goalCurrent')).toBe(-515)
  })
})

describe('status return level', () => {
  it.each([
    [0, [1, 0, 0]],
    [1, [1, 1, 0]],
    [2, [1, 1, 1]],
  ])('%d answers pings, readings, writes: %j', async (level, expected) => {
    const { ask, at } = await dynamixelRig()
    await ask(write(1, 68, level, 1))
    const replies = [await ask(ping(1)), await ask(read(1, 132, 4)), await ask(write(1, 65, 1, 1))]
    expect(replies.map(({ length }) => length)).toEqual(expected)
    expect(at('led')).toBe(1)
  })
})
