import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeFrame, encodeFrame, type Frame, INSTRUCTION } from '../../src/drivers/feetech/frame.ts'
import { ALL_OFF, setpointFrame } from '../../src/drivers/feetech/motion-frames.ts'
import * as requests from '../../src/drivers/feetech/requests.ts'
import { decodeSignMagnitude, encodeSignMagnitude } from '../../src/drivers/feetech/sign-magnitude.ts'
import { StatusDecoder } from '../../src/drivers/feetech/status-decoder.ts'

const bytes = (text: string): Uint8Array => Uint8Array.from(text.split(' ').map((byte) => Number.parseInt(byte, 16)))
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex')
const manner = { label: 'test', tries: 1 }

const VECTORS: readonly [string, string, Uint8Array, Omit<Frame, 'params'> & { params: number[] }][] = [
  ['ping of servo 1', 'FF FF 01 02 01 FB', requests.ping(1, manner).bytes, { id: 1, code: 1, params: [] }],
  [
    'read position of servo 1',
    'FF FF 01 04 02 38 02 BE',
    requests.read(1, 56, 2, manner).bytes,
    { id: 1, code: 2, params: [0x38, 2] },
  ],
  [
    'goal 2048 of servo 1',
    'FF FF 01 05 03 2A 00 08 C4',
    requests.write(1, 42, Uint8Array.of(0, 8), { ...manner, droppedByStop: true }).bytes,
    { id: 1, code: 3, params: [0x2a, 0, 8] },
  ],
  ['action', 'FF FF FE 02 05 FA', encodeFrame(0xfe, INSTRUCTION.action), { id: 0xfe, code: 5, params: [] }],
  [
    'sync read of positions 1..4',
    'FF FF FE 08 82 38 02 01 02 03 04 33',
    requests.syncRead([1, 2, 3, 4], 56, 2, manner).bytes,
    { id: 0xfe, code: 0x82, params: [0x38, 2, 1, 2, 3, 4] },
  ],
  ['torque off for all', 'FF FF FE 04 03 28 00 D2', ALL_OFF, { id: 0xfe, code: 3, params: [0x28, 0] }],
]

describe('the published Feetech frames', () => {
  it.each(VECTORS)('%s: %s is what we send', (_, text, made) => {
    expect(hex(made)).toBe(hex(bytes(text)))
  })

  it.each(VECTORS)('%s: %s is what we read', (_, text, __, frame) => {
    expect(decodeFrame(bytes(text))).toEqual({ ...frame, params: Uint8Array.from(frame.params) })
  })

  it.each(VECTORS)('%s: no single wrong byte goes unnoticed', (_, text) => {
    const good = bytes(text)
    for (let at = 0; at < good.length; at++)
      for (let flip = 1; flip < 256; flip++) {
        const bad = good.slice()
        bad[at] = (bad[at] as number) ^ flip
        expect(decodeFrame(bad)).toBeUndefined()
      }
  })

  it('says position, time and velocity of several servos in one frame', () => {
    const frame = setpointFrame(
      [
        { id: 1, position: 0, velocity: 1 },
        { id: 2, position: Math.PI / 2 },
      ],
      () => 50,
    )
    // 2048 = 0800, 652 step/s = 028C; 3072 = 0C00, no velocity = 0 = the servo's largest.
    expect(hex(frame.slice(0, -1))).toBe('fffffe1283' + '2a06' + '01' + '000800008c02' + '02' + '000c00000000')
  })

  it('never turns a slow pace into 0, which would mean the fastest', () => {
    const frame = setpointFrame([{ id: 1, position: 0, velocity: 0.0001 }], () => 50)
    expect([...frame.slice(-3, -1)]).toEqual([1, 0])
  })

  it('joins the acceleration for all when one names it, and clamps it where the firmware would', () => {
    const frame = setpointFrame(
      [
        { id: 1, position: 0, acceleration: 100 },
        { id: 2, position: 0 },
      ],
      () => 33,
    )
    expect(hex(frame.slice(5, -1))).toBe('2907' + '01' + '32000800000000' + '02' + '21000800000000')
  })

  it('refuses ids and lengths that no frame has', () => {
    expect(() => encodeFrame(255, 1)).toThrow(/TENDON_ARGUMENT_INVALID/)
    expect(() => encodeFrame(1, 3, new Uint8Array(249))).toThrow(/TENDON_ARGUMENT_INVALID/)
    expect(encodeFrame(1, 3, new Uint8Array(248))).toHaveLength(254)
  })
})

function decode(stream: Uint8Array, cuts: readonly number[] = []): Frame[] {
  const frames: Frame[] = []
  const decoder = new StatusDecoder((frame) => frames.push(frame))
  const edges = [0, ...[...cuts].map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length]
  for (let at = 1; at < edges.length; at++) decoder.push(stream.subarray(edges[at - 1], edges[at]))
  return frames
}

const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]))
const status = fc
  .record({
    id: fc.integer({ min: 0, max: 0xfd }),
    code: fc.integer({ min: 0, max: 0x7f }),
    params: fc.uint8Array({ maxLength: 40 }),
  })
  .map((frame) => ({ frame, encoded: encodeFrame(frame.id, frame.code, frame.params) }))
/** Noise that is fond of headers and of lengths that claim more than will come. */
const noise = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0xff, 0xff, 0xff, 0x01, 0xfa)), { maxLength: 600 })
  .map((values) => Uint8Array.from(values))

describe('the decoder of servo replies', () => {
  it('finds the same frames however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            status.map(({ encoded }) => encoded),
            noise,
          ),
        ),
        fc.array(fc.nat()),
        (parts, cuts) => {
          const stream = join(...parts)
          expect(decode(stream, cuts)).toEqual(decode(stream))
        },
      ),
    )
  })

  it('gives back every frame of a clean stream, in order', () => {
    fc.assert(
      fc.property(fc.array(status, { maxLength: 30 }), (sent) => {
        const found = decode(join(...sent.map(({ encoded }) => encoded)))
        // A frame inside the parameters of another would be found too; random parameters do not hold one.
        expect(found).toEqual(sent.map(({ frame }) => frame))
      }),
    )
  })

  it('never lets noise hide the good frame behind it, and never throws', () => {
    fc.assert(
      fc.property(noise, status, (before, { frame, encoded }) => {
        expect(decode(join(before, encoded)).at(-1)).toEqual(frame)
      }),
      { numRuns: 1000 },
    )
  })

  it('finds a frame behind a false header that claims 250 bytes', () => {
    const good = encodeFrame(1, 0, [1, 2])
    expect(decode(join(bytes('FF FF 01 FA 00'), good))).toHaveLength(1)
    expect(decode(join(bytes('FF FF FF'), good))).toHaveLength(1)
    expect(decode(join(good.subarray(0, 6), good))).toHaveLength(1)
  })

  it.each([
    ['an id above FD', 'FF FF FE 02 00 FF'],
    ['a length below 2', 'FF FF 01 01 00 FD'],
    ['a length above 250', 'FF FF 01 FB 00 03'],
    ['an error byte above 7F', 'FF FF 01 02 80 7C'],
    ['a wrong checksum', 'FF FF 01 02 00 FD'],
  ])('rejects %s and finds the frame after it', (_, bad) => {
    const decoder = new StatusDecoder(() => {})
    decoder.push(bytes(bad))
    expect(decoder.rejected).toBe(1)
    expect(decode(join(bytes(bad), encodeFrame(3, 0)))).toEqual([{ id: 3, code: 0, params: new Uint8Array() }])
  })

  it('loses an unfinished frame, and no more, at a reset', () => {
    const frames: Frame[] = []
    const decoder = new StatusDecoder((frame) => frames.push(frame))
    const good = encodeFrame(3, 0, [1, 2, 3])
    decoder.push(good.subarray(0, 7))
    decoder.reset()
    decoder.push(good.subarray(7))
    expect(frames).toEqual([])
    decoder.push(good)
    expect(frames).toHaveLength(1)
  })

  it('gives frames that later bytes do not change', () => {
    const frames: Frame[] = []
    const decoder = new StatusDecoder((frame) => frames.push(frame))
    decoder.push(encodeFrame(3, 0, [1, 2, 3]))
    for (let turn = 0; turn < 200; turn++) decoder.push(encodeFrame(4, 0, [9, 9, 9, 9, 9]))
    expect(frames[0]?.params).toEqual(Uint8Array.of(1, 2, 3))
  })
})

describe('sign and magnitude', () => {
  const signBits = fc.constantFrom(10, 11, 15)
  const value = signBits.chain((bit) =>
    fc.record({ bit: fc.constant(bit), value: fc.integer({ min: -(2 ** bit - 1), max: 2 ** bit - 1 }) }),
  )

  it('decodes exactly what was encoded', () => {
    fc.assert(
      fc.property(value, ({ bit, value }) => {
        const back = decodeSignMagnitude(encodeSignMagnitude(value, bit), bit)
        expect(Object.is(back, value === 0 ? 0 : value)).toBe(true)
      }),
    )
  })

  it('encodes exactly what was decoded, but for minus zero', () => {
    fc.assert(
      fc.property(signBits, fc.nat(), (bit, seed) => {
        const raw = seed % 2 ** (bit + 1)
        fc.pre(raw !== 2 ** bit)
        expect(encodeSignMagnitude(decodeSignMagnitude(raw, bit), bit)).toBe(raw)
      }),
    )
  })

  it('reads minus zero as zero and ignores bits above the sign', () => {
    expect(Object.is(decodeSignMagnitude(0x8000, 15), 0)).toBe(true)
    expect(decodeSignMagnitude(0x0c05, 10)).toBe(-5)
    expect(decodeSignMagnitude(0x0805, 10)).toBe(5)
  })

  it('refuses what does not fit', () => {
    expect(() => encodeSignMagnitude(2048, 11)).toThrow(/TENDON_ARGUMENT_INVALID/)
    expect(() => encodeSignMagnitude(-2048, 11)).toThrow(/TENDON_ARGUMENT_INVALID/)
    expect(() => encodeSignMagnitude(0.5, 11)).toThrow(/TENDON_ARGUMENT_INVALID/)
    expect(() => encodeSignMagnitude(Number.NaN, 11)).toThrow(/TENDON_ARGUMENT_INVALID/)
    expect(encodeSignMagnitude(-2047, 11)).toBe(0xfff)
  })
})
