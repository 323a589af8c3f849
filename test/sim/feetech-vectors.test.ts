import { describe, expect, it } from 'vitest'
import { frame, hex, rig, toHex } from './rig.ts'

describe('the published literal frames', () => {
  it('a ping of id 1 is answered with FF FF 01 02 00 FC', async () => {
    const { ask } = await rig()
    expect(await ask(hex('FF FF 01 02 01 FB'))).toEqual(['FF FF 01 02 00 FC'])
  })

  it('a read of the position of id 1 is answered with the two bytes of register 56', async () => {
    const { ask } = await rig()
    expect(await ask(hex('FF FF 01 04 02 38 02 BE'))).toEqual(['FF FF 01 04 00 00 08 F2'])
  })

  it('goal 2048 to id 1 is acknowledged and stands in register 42', async () => {
    const { ask, servo, now } = await rig({ servos: [{ position: 1000 }] })
    expect(await ask(hex('FF FF 01 05 03 2A 00 08 C4'))).toEqual(['FF FF 01 02 00 FC'])
    expect(servo.register('goalPosition', now())).toBe(2048)
  })

  it('the broadcast action carries out held writes and nobody answers', async () => {
    const { ask, servos, now } = await rig({ servos: [{}, {}] })
    await ask(frame(1, 4, 42, 0x64, 0))
    await ask(frame(2, 4, 42, 0xc8, 0))
    expect(servos.map((servo) => servo.register('goalPosition', now()))).toEqual([2048, 2048])
    expect(servos.map((servo) => servo.register('writePending', now()))).toEqual([1, 1])
    expect(await ask(hex('FF FF FE 02 05 FA'))).toEqual([])
    expect(servos.map((servo) => servo.register('goalPosition', now()))).toEqual([100, 200])
    expect(servos.map((servo) => servo.register('writePending', now()))).toEqual([0, 0])
  })

  it('a sync read of ids 1 to 4 gets four replies in listed order', async () => {
    const { ask } = await rig({ servos: [1, 2, 3, 4].map((n) => ({ position: n })) })
    expect(await ask(hex('FF FF FE 08 82 38 02 01 02 03 04 33'))).toEqual([
      'FF FF 01 04 00 01 00 F9',
      'FF FF 02 04 00 02 00 F7',
      'FF FF 03 04 00 03 00 F5',
      'FF FF 04 04 00 04 00 F3',
    ])
  })

  it('the all-torque-off broadcast switches every servo off, without a reply', async () => {
    const { ask, servos, now } = await rig({ servos: [{}, {}, {}] })
    await ask(frame(0xfe, 3, 40, 1))
    expect(servos.map((servo) => servo.powered(now()))).toEqual([true, true, true])
    expect(await ask(hex('FF FF FE 04 03 28 00 D2'))).toEqual([])
    expect(servos.map((servo) => servo.powered(now()))).toEqual([false, false, false])
    expect(servos.map((servo) => servo.register('torqueEnable', now()))).toEqual([0, 0, 0])
  })

  it('the frames that this file makes by itself are those of the facts', () => {
    expect(toHex(frame(1, 1))).toBe('FF FF 01 02 01 FB')
    expect(toHex(frame(0xfe, 0x82, 56, 2, 1, 2, 3, 4))).toBe('FF FF FE 08 82 38 02 01 02 03 04 33')
  })
})

describe('instructions', () => {
  it('a sync read answers in the order of the list, whatever the ids', async () => {
    const { ask } = await rig({ servos: [{}, {}, {}] })
    const replies = await ask(frame(0xfe, 0x82, 56, 2, 3, 1, 2))
    expect(replies.map((reply) => reply.slice(6, 8))).toEqual(['03', '01', '02'])
  })

  it('a sync read goes on past an id that is absent', async () => {
    const { ask } = await rig({ servos: [{}, {}] })
    const replies = await ask(frame(0xfe, 0x82, 56, 2, 1, 9, 2))
    expect(replies.map((reply) => reply.slice(6, 8))).toEqual(['01', '02'])
  })

  it('a broadcast ping is answered by all, in order of id', async () => {
    const { ask } = await rig({ servos: [7, 2, 5].map((id) => ({ registers: { id } })) })
    const replies = await ask(frame(0xfe, 1))
    expect(replies.map((reply) => reply.slice(6, 8))).toEqual(['02', '05', '07'])
  })

  it('a sync write gives each servo its own bytes and is not answered', async () => {
    const { ask, servos, now } = await rig({ servos: [{}, {}] })
    expect(await ask(frame(0xfe, 0x83, 42, 2, 1, 0x10, 0x02, 2, 0x20, 0x03))).toEqual([])
    expect(servos.map((servo) => servo.register('goalPosition', now()))).toEqual([0x210, 0x320])
  })

  it('absent ids, unknown instructions, malformed frames and a broadcast read stay unanswered', async () => {
    const { ask } = await rig()
    expect(await ask(frame(9, 1))).toEqual([])
    expect(await ask(frame(1, 0x55))).toEqual([])
    expect(await ask(frame(1, 2, 56))).toEqual([])
    expect(await ask(frame(0xfe, 2, 56, 2))).toEqual([])
    expect(await ask(frame(0xfe, 0x83, 42, 2, 1, 0x10))).toEqual([])
    expect(await ask(hex('FF FF 01 02 01 FA'))).toEqual([])
  })

  it('response level 0 answers reads and pings only', async () => {
    const { ask, servo, now } = await rig({ servos: [{ registers: { responseLevel: 0 } }] })
    expect(await ask(frame(1, 3, 42, 1, 0))).toEqual([])
    expect(servo.register('goalPosition', now())).toBe(1)
    expect(await ask(frame(1, 4, 42, 2, 0))).toEqual([])
    expect(await ask(frame(1, 5))).toEqual([])
    expect(await ask(frame(1, 1))).toHaveLength(1)
    expect(await ask(frame(1, 2, 56, 2))).toHaveLength(1)
    expect(await ask(frame(0xfe, 0x82, 56, 2, 1))).toHaveLength(1)
  })

  it('a servo that is given another id acknowledges by the old one and then answers to the new one', async () => {
    const { ask } = await rig()
    expect(await ask(frame(1, 3, 5, 4))).toEqual(['FF FF 01 02 00 FC'])
    expect(await ask(frame(1, 1))).toEqual([])
    expect(await ask(frame(4, 1))).toEqual(['FF FF 04 02 00 F9'])
  })

  it('a servo whose baud register does not fit the line is not heard', async () => {
    const { ask } = await rig({ servos: [{ registers: { baudIndex: 4 } }] })
    expect(await ask(frame(1, 1))).toEqual([])
    const slow = await rig({ servos: [{ registers: { baudIndex: 4 } }], baudRate: 115_200 })
    expect(await slow.ask(frame(1, 1))).toHaveLength(1)
  })

  it('a reading beyond the table has zeros there, and one that no status frame can carry is not answered', async () => {
    const { ask } = await rig()
    expect(await ask(frame(1, 2, 85, 3))).toEqual([toHex(frame(1, 0, 250, 0, 0))])
    expect((await ask(frame(1, 2, 0, 248)))[0]?.split(' ')).toHaveLength(254)
    expect((await ask(frame(1, 2, 250, 248)))[0]?.split(' ')).toHaveLength(254)
    expect(await ask(frame(1, 2, 0, 249))).toEqual([])
    expect(await ask(frame(0xfe, 0x82, 0, 255, 1))).toEqual([])
    expect(await ask(frame(1, 2, 0, 0))).toEqual(['FF FF 01 02 00 FC'])
  })

  it('a write to a read-only register is acknowledged and changes nothing', async () => {
    const { ask } = await rig()
    expect(await ask(frame(1, 3, 3, 9, 9))).toEqual(['FF FF 01 02 00 FC'])
    expect(await ask(frame(1, 2, 3, 2))).toEqual([toHex(frame(1, 0, 9, 3))])
  })

  it('factory recovery (6) restores and saves EEPROM even when it is locked, and keeps id and baud rate', async () => {
    const { ask, servo, now } = await rig({ servos: [{ registers: { id: 9, pGain: 5, positionOffset: -70 } }] })
    expect(await ask(frame(9, 6))).toEqual([toHex(frame(9, 0))])
    servo.powerCycle(now())
    const read = (name: 'id' | 'pGain' | 'positionOffset'): number => servo.register(name, now())
    expect([read('id'), read('pGain'), read('positionOffset')]).toEqual([9, 32, 0])
  })

  it('reset (10) forgets the turns, reboot (8) all of RAM, calibration (11) defines where the shaft is', async () => {
    const { ask, servo, now } = await rig({
      servos: [{ registers: { minPosition: 0, maxPosition: 0 }, position: 9000 }],
    })
    expect(await ask(frame(1, 10))).toEqual(['FF FF 01 02 00 FC'])
    expect(servo.register('presentPosition', now())).toBe(9000 % 4096)
    await ask(frame(1, 3, 40, 1))
    expect(await ask(frame(1, 8))).toEqual(['FF FF 01 02 00 FC'])
    expect(servo.register('torqueEnable', now())).toBe(0)
    expect(await ask(frame(1, 11))).toEqual(['FF FF 01 02 00 FC'])
    expect(servo.register('presentPosition', now())).toBe(2048)
    await ask(frame(1, 11, 0xe8, 0x03))
    expect(servo.register('presentPosition', now())).toBe(1000)
  })
})

describe('two servos of one id', () => {
  const twins = {
    servos: [{ registers: { id: 4 } }, { registers: { id: 4 }, position: 1027 }, { registers: { id: 5 } }],
  }

  it('both obey, and what they answer alike arrives', async () => {
    const { ask, servos, now } = await rig(twins)
    expect(await ask(frame(4, 1))).toEqual(['FF FF 04 02 00 F9'])
    expect(await ask(frame(4, 3, 40, 1))).toEqual(['FF FF 04 02 00 F9'])
    expect(servos.map((servo) => servo.powered(now()))).toEqual([true, true, false])
  })

  it('answer a reading at once: where they differ, every bit that one of them pulls low is low', async () => {
    const { ask } = await rig(twins)
    // 2048 is 00 08, 1027 is 03 04, and so are their checksums ANDed: no host can take it for either.
    expect(await ask(frame(4, 2, 56, 2))).toEqual(['FF FF 04 04 00 00 00 E0'])
  })

  it('are one answer to a broadcast ping', async () => {
    const { ask } = await rig(twins)
    expect((await ask(frame(0xfe, 1))).map((reply) => reply.slice(6, 8))).toEqual(['04', '05'])
  })
})
