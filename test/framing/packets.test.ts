import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cobs, crc16X25, slip } from '../../src/framing/index.ts'
import { chunked, decode } from './decode.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const run = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)
const frames = (framing: ReturnType<typeof cobs>, ...chunks: Uint8Array[]) => {
  const { frames, bad } = decode(framing, chunks)
  return { frames: frames.map((frame) => [...frame]), bad }
}

describe('COBS', () => {
  // The examples of the encoding as the literature has them.
  test.each<[string, number[], number[]]>([
    ['one zero', [0], [1, 1]],
    ['two zeros', [0, 0], [1, 1, 1]],
    ['a zero inside', [0x11, 0x22, 0, 0x33], [3, 0x11, 0x22, 2, 0x33]],
    ['no zero', [0x11, 0x22, 0x33, 0x44], [5, 0x11, 0x22, 0x33, 0x44]],
    ['zeros at the end', [0x11, 0, 0, 0], [2, 0x11, 1, 1, 1]],
    ['254 bytes without a zero', run(1, 254), [0xff, ...run(1, 254)]],
    ['a zero and 254 bytes', [0, ...run(1, 254)], [1, 0xff, ...run(1, 254)]],
    ['255 bytes without a zero', run(1, 255), [0xff, ...run(1, 254), 2, 0xff]],
    ['254 bytes and a zero', [...run(2, 255), 0], [0xff, ...run(2, 255), 1, 1]],
    ['253 bytes and a zero and one more', [...run(3, 255), 0, 1], [0xfe, ...run(3, 255), 2, 1]],
  ])('%s', (_, payload, stuffed) => {
    const framing = cobs({ max: 300 })
    expect([...framing.encode(Uint8Array.from(payload))]).toEqual([0, ...stuffed, 0])
    expect(frames(framing, Uint8Array.from([0, ...stuffed, 0]))).toEqual({ frames: [payload], bad: {} })
  })

  test('a code that leads over the end is bad, and the next packet is found', () => {
    const input = hex('00 05 11 22 00 04 11 22 00 02 33 00')
    expect(frames(cobs({ max: 8 }), input)).toEqual({ frames: [[0x33]], bad: { code: 2 } })
  })
})

describe('SLIP', () => {
  test('writes C0 and DB as RFC 1055 has them, with C0 at both ends', () => {
    const framing = slip({ max: 8 })
    const payload = hex('01 c0 db 02')
    expect([...framing.encode(payload)]).toEqual([...hex('c0 01 db dc db dd 02 c0')])
    expect(frames(framing, framing.encode(payload))).toEqual({ frames: [[...payload]], bad: {} })
  })

  test('an escape that nothing right follows is bad, at the end of a packet too', () => {
    expect(frames(slip({ max: 8 }), hex('c0 01 db 01 c0 02 db c0 03 c0'))).toEqual({
      frames: [[3]],
      bad: { escape: 2 },
    })
  })
})

describe.each([
  ['cobs', cobs],
  ['slip', slip],
] as const)('%s', (_, make) => {
  const delimiter = make === cobs ? 0x00 : 0xc0

  test('a packet at the cap is delivered, one byte more counts once as length, however long it is', () => {
    const framing = make({ max: 4 })
    const long = make({ max: 5000 })
    const at = framing.encode(Uint8Array.of(1, 2, 3, 4))
    const over = [5, 6, 5000].map((length) => long.encode(new Uint8Array(length).fill(7)))
    expect(frames(framing, at, ...over, at)).toEqual({
      frames: [
        [1, 2, 3, 4],
        [1, 2, 3, 4],
      ],
      bad: { length: 3 },
    })
  })

  test('empty packets are ignored, and cannot be written', () => {
    expect(frames(make({ max: 4 }), new Uint8Array(9).fill(delimiter))).toEqual({ frames: [], bad: {} })
    for (const length of [0, 5])
      expect(() => make({ max: 4 }).encode(new Uint8Array(length))).toThrow(/TENDON_ARGUMENT_INVALID/)
  })

  test('a wrong checksum is bad, and the frame does not carry it', () => {
    const framing = make({ max: 4, check: crc16X25 })
    const good = framing.encode(Uint8Array.of(1, 2, 3))
    const wrong = good.slice()
    wrong[2] = 9
    expect(frames(framing, wrong, good)).toEqual({ frames: [[1, 2, 3]], bad: { checksum: 1 } })
  })

  test('a packet that is nothing but half a checksum is bad', () => {
    const plain = make({ max: 4 })
    const checked = make({ max: 4, check: crc16X25 })
    expect(frames(checked, plain.encode(Uint8Array.of(7)))).toEqual({ frames: [], bad: { checksum: 1 } })
  })

  test('the rest of a packet after opening is judged by the checksum, or dropped without one, or as asked', () => {
    const plain = make({ max: 4 })
    const middle = [Uint8Array.of(2, 9), plain.encode(Uint8Array.of(5))]
    expect(frames(plain, ...middle)).toEqual({ frames: [[5]], bad: {} })
    expect(frames(make({ max: 4, firstFrame: 'count' }), ...middle)).toEqual({ frames: [[5]], bad: { partial: 1 } })
    expect(frames(make({ max: 4, firstFrame: 'keep' }), ...middle).frames).toHaveLength(2)
    const checked = make({ max: 4, check: crc16X25 })
    const sent = checked.encode(Uint8Array.of(5))
    expect(frames(checked, sent.subarray(2), sent)).toMatchObject({ frames: [[5]] })
    expect(frames(checked, sent.subarray(1), sent)).toEqual({ frames: [[5], [5]], bad: {} })
  })

  test('any payload comes back, through any chunks', () => {
    const framing = make({ max: 600, check: crc16X25 })
    const byte = fc.oneof(fc.constantFrom(0x00, 0xc0, 0xdb, 0xdc, 0xdd, 0xff), fc.integer({ min: 0, max: 255 }))
    const payload = fc.oneof(
      fc.array(byte, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 600 }).map((length) => new Array<number>(length).fill(1)),
    )
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 })
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 4 }), sizes, (payloads, cuts) => {
        const sent = payloads.flatMap((one) => chunked(framing.encode(Uint8Array.from(one)), cuts))
        expect(frames(framing, ...sent)).toEqual({ frames: payloads, bad: {} })
      }),
      { numRuns: 300 },
    )
  })

  test.each([0, -1, 1.5, Number.NaN, Infinity])('a cap of %s is refused', (max) => {
    expect(() => make({ max })).toThrow(/max/)
  })
})
