import { expect, test } from 'vitest'
import { checksum, crc8, crc16Ccitt, crc16Modbus, crc16X25 } from '../../src/framing/index.ts'
import { bytes } from './decode.ts'

const NINE = bytes('123456789')

test('each gives the check value of its published definition', () => {
  expect(crc16Modbus.of(NINE)).toBe(0x4b37)
  expect(crc16Ccitt.of(NINE)).toBe(0x29b1)
  expect(crc16X25.of(NINE)).toBe(0x906e)
  expect(crc8.of(NINE)).toBe(0xf4)
})

test('Modbus sends the low byte first, CCITT the high one', () => {
  expect([...crc16Modbus.append(NINE).subarray(9)]).toEqual([0x37, 0x4b])
  expect([...crc16Ccitt.append(NINE).subarray(9)]).toEqual([0x29, 0xb1])
})

test('a frame ends with its own checksum and with no other', () => {
  for (const sum of [crc8, crc16Ccitt, crc16Modbus, crc16X25]) {
    const frame = sum.append(NINE)
    expect(sum.ends(frame)).toBe(true)
    for (let at = 0; at < frame.length; at++) {
      const changed = frame.slice()
      changed[at] = (frame[at] as number) ^ 0x10
      expect(sum.ends(changed), `${sum.name} byte ${at}`).toBe(false)
    }
    expect(sum.ends(frame.subarray(0, sum.size - 1))).toBe(false)
  }
})

test('X-25 notices zeros added behind a frame, which the others do not', () => {
  const longer = [crc16X25, crc16Ccitt].map((sum) => sum.ends(Uint8Array.of(...sum.append(NINE), 0)))
  expect(longer).toEqual([false, true])
})

test('one of your own is cut to its size', () => {
  const sum8 = checksum({ name: 'sum8', size: 1, of: (all) => all.reduce((sum, byte) => sum + byte, 0) })
  expect([...sum8.append(Uint8Array.of(200, 100))]).toEqual([200, 100, 44])
  expect(() => checksum({ name: 'odd', size: 3 as 2, of: () => 0 })).toThrow(/TENDON_ARGUMENT_INVALID/)
})
