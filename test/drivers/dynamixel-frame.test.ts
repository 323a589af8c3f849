import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crc16 } from '../../src/drivers/dynamixel/crc16.ts'
import { decodeFrame, encodeFrame, type Frame, INSTRUCTION, LONGEST_LEN } from '../../src/drivers/dynamixel/frame.ts'
import { ALL_OFF } from '../../src/drivers/dynamixel/motion-frames.ts'
import * as requests from '../../src/drivers/dynamixel/requests.ts'
import { StatusDecoder, type StatusFrame } from '../../src/drivers/dynamixel/status-decoder.ts'
import { stuff, unstuff } from '../../src/drivers/dynamixel/stuffing.ts'

const bytes = (text: string): Uint8Array => Uint8Array.from(text.split(' ').map((byte) => Number.parseInt(byte, 16)))
const hex = (data: Iterable<number>): string => Buffer.from([...data]).toString('hex')
const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]))
const manner = { label: 'test', tries: 1 }
const write = { ...manner, droppedByStop: true }
const uint32 = (value: number): Uint8Array => Uint8Array.from([0, 8, 16, 24].map((shift) => (value >> shift) & 0xff))

type Row = readonly [what: string, wire: string, made: Uint8Array, frame: Omit<Frame, 'params'> & { params: number[] }]

const VECTORS: readonly Row[] = [
  ['ping', 'FF FF FD 00 01 03 00 01 19 4E', requests.ping(1, manner).bytes, { id: 1, instruction: 1, params: [] }],
  [
    'goal position 512',
    'FF FF FD 00 01 09 00 03 74 00 00 02 00 00 CA 89',
    requests.write(1, 116, uint32(512), write).bytes,
    { id: 1, instruction: 3, params: [0x74, 0, 0, 2, 0, 0] },
  ],
  ['reboot', 'FF FF FD 00 01 03 00 08 2F 4E', requests.reboot(1, manner).bytes, { id: 1, instruction: 8, params: [] }],
  [
    'torque off for all',
    'FF FF FD 00 FE 06 00 03 40 00 00 2E 16',
    ALL_OFF,
    { id: 0xfe, instruction: 3, params: [0x40, 0, 0] },
  ],
  [
    'bus watchdog cleared',
    'FF FF FD 00 01 06 00 03 62 00 00 76 E4',
    requests.write(1, 98, Uint8Array.of(0), write).bytes,
    { id: 1, instruction: 3, params: [0x62, 0, 0] },
  ],
  [
    'a value that must be stuffed',
    'FF FF FD 00 01 0A 00 03 74 00 FF FF FD FD 00 21 E7',
    requests.write(1, 116, uint32(0x00fdffff), write).bytes,
    { id: 1, instruction: 3, params: [0x74, 0, 0xff, 0xff, 0xfd, 0] },
  ],
  [
    'read of four bytes from 132',
    'FF FF FD 00 01 07 00 02 84 00 04 00 1D 15',
    requests.read(1, 132, 4, manner).bytes,
    { id: 1, instruction: 2, params: [0x84, 0, 4, 0] },
  ],
  [
    'joined write of two goals',
    'FF FF FD 00 FE 11 00 83 74 00 04 00 01 96 00 00 00 02 AA 00 00 00 82 87',
    requests.syncWriteBytes(
      116,
      4,
      new Map([
        [1, uint32(0x96)],
        [2, uint32(0xaa)],
      ]),
    ),
    { id: 0xfe, instruction: 0x83, params: [0x74, 0, 4, 0, 1, 0x96, 0, 0, 0, 2, 0xaa, 0, 0, 0] },
  ],
  [
    'bulk read of voltage and temperature',
    'FF FF FD 00 FE 0D 00 92 01 90 00 02 00 02 92 00 01 00 1A 05',
    requests.bulkRead(
      [
        { id: 1, address: 144, count: 2 },
        { id: 2, address: 146, count: 1 },
      ],
      manner,
    ).bytes,
    { id: 0xfe, instruction: 0x92, params: [1, 0x90, 0, 2, 0, 2, 0x92, 0, 1, 0] },
  ],
]

describe('the published packets of Protocol 2.0', () => {
  it.each(VECTORS)('%s: %s is what we send', (_, wire, made) => {
    expect(hex(made)).toBe(hex(bytes(wire)))
  })

  it.each(VECTORS)('%s: %s is what we read', (_, wire, __, frame) => {
    expect(decodeFrame(bytes(wire))).toEqual({ ...frame, params: Uint8Array.from(frame.params) })
  })

  it.each(VECTORS)('%s: no single wrong byte goes unnoticed', (_, wire) => {
    const good = bytes(wire)
    for (let at = 0; at < good.length; at++)
      for (let flip = 1; flip < 256; flip++) {
        const bad = good.slice()
        bad[at] = (bad[at] as number) ^ flip
        expect(decodeFrame(bad)).toBeUndefined()
      }
  })

  it('has the CRC of a shift register with polynomial 8005, whatever the bytes', () => {
    const slow = (data: Uint8Array): number => {
      let register = 0
      for (const byte of data)
        for (let bit = 7; bit >= 0; bit--) {
          const out = (register >> 15) ^ ((byte >> bit) & 1)
          register = (register << 1) & 0xffff
          if (out) register ^= 0x8005
        }
      return register
    }
    for (let byte = 0; byte < 256; byte++) expect(crc16(Uint8Array.of(byte))).toBe(slow(Uint8Array.of(byte)))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (data) => {
        expect(crc16(data)).toBe(slow(data))
      }),
    )
  })

  it('reads what a servo says of itself: FF FF FD 00 01 07 00 55 00 06 04 26 65 5D', () => {
    expect(decode(bytes('FF FF FD 00 01 07 00 55 00 06 04 26 65 5D'))).toEqual([
      { id: 1, error: 0, params: Uint8Array.of(6, 4, 0x26) },
    ])
  })

  it.each([253, 255, -1, 1.5])('refuses the id %d, which no servo has', (id) => {
    expect(() => encodeFrame(id, 1)).toThrow(/TENDON_ARGUMENT_INVALID/)
  })

  it('refuses more than a packet holds, stuffing included', () => {
    expect(encodeFrame(1, 3, new Uint8Array(LONGEST_LEN - 3))).toHaveLength(LONGEST_LEN + 7)
    expect(() => encodeFrame(1, 3, new Uint8Array(LONGEST_LEN - 2))).toThrow(/TENDON_ARGUMENT_INVALID/)
    const stuffed = new Uint8Array(LONGEST_LEN - 3)
    stuffed.set([0xff, 0xff, 0xfd])
    expect(() => encodeFrame(1, 3, stuffed)).toThrow(/TENDON_ARGUMENT_INVALID/)
  })

  it('splits joined writes that no packet holds, and leaves out nobody', () => {
    const ids = Array.from({ length: 250 }, (_, id) => id)
    const joined = requests.syncWriteBytes(108, 12, new Map(ids.map((id) => [id, new Uint8Array(12).fill(0xfd)])))
    const named: number[] = []
    for (let at = 0; at < joined.length; ) {
      const end = at + 7 + (joined[at + 5] as number) + 256 * (joined[at + 6] as number)
      const { params } = decodeFrame(joined.subarray(at, end)) as Frame
      for (let entry = 4; entry < params.length; entry += 13) named.push(params[entry] as number)
      at = end
    }
    expect(named).toEqual(ids)
  })
})

/** All payloads of this many bytes over the bytes that stuffing is about. */
function* payloads(length: number): Generator<Uint8Array> {
  const letters = [0xff, 0xfd, 0x00, 0x01]
  for (let number = 0; number < 4 ** length; number++)
    yield Uint8Array.from({ length }, (_, at) => letters[(number >> (2 * at)) & 3] as number)
}

/** Whether a header could be found in it. */
const hasHeader = (data: Uint8Array): boolean => hex(data).match(/^(?:..)*?fffffd(?!fd)/) !== null

describe('stuffing', () => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7])('is undone exactly, for all payloads of %d bytes over FF FD 00 01', (length) => {
    let count = 0
    for (const payload of payloads(length)) {
      const stuffed = stuff(payload)
      // Compared by hand: four matchers for each of 21 845 payloads would take a minute.
      if (hex(unstuff(stuffed)) !== hex(payload)) expect(hex(unstuff(stuffed))).toBe(hex(payload))
      if (hex(stuff(unstuff(stuffed))) !== hex(stuffed)) expect(hex(stuff(unstuff(stuffed)))).toBe(hex(stuffed))
      if (hasHeader(stuffed)) expect.fail(`a header is left in ${hex(stuffed)}`)
      count++
    }
    expect(count).toBe(4 ** length)
  })

  it('gives another payload another form on the wire', () => {
    for (let length = 0; length <= 7; length++) {
      const seen = new Set<string>()
      for (const payload of payloads(length)) seen.add(hex(stuff(payload)))
      expect(seen.size).toBe(4 ** length)
    }
  })

  it.each([
    ['FF FF FD', 'FF FF FD FD'],
    ['FF FF FD FD', 'FF FF FD FD FD'],
    ['FF FF FD FF FF FD', 'FF FF FD FD FF FF FD FD'],
    ['FF FF FF FD', 'FF FF FF FD FD'],
    ['FF FD FF FD', 'FF FD FF FD'],
  ])('makes of %s %s', (plain, stuffed) => {
    expect(hex(stuff(bytes(plain)))).toBe(hex(bytes(stuffed)))
  })

  it('leaves a payload alone that nobody has stuffed', () => {
    for (const plain of ['FF FF FD 00', 'FF FF FD', 'FF FF FD FD 01 FF FF FD 02'])
      expect(hex(unstuff(bytes(plain)))).toBe(hex(bytes(plain)))
  })
})

function decode(stream: Uint8Array, cuts: readonly number[] = []): StatusFrame[] {
  const frames: StatusFrame[] = []
  const decoder = new StatusDecoder((frame) => frames.push(frame))
  const edges = [0, ...[...cuts].map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length]
  for (let at = 1; at < edges.length; at++) decoder.push(stream.subarray(edges[at - 1], edges[at]))
  return frames
}

const reply = (id: number, error: number, params: Iterable<number> = []): Uint8Array =>
  encodeFrame(id, INSTRUCTION.status, [error, ...params])

/** What a servo sends that knows nothing of stuffing. */
function unstuffedReply(id: number, params: readonly number[]): Uint8Array {
  const length = params.length + 4
  const frame = [0xff, 0xff, 0xfd, 0, id, length & 0xff, length >> 8, INSTRUCTION.status, 0, ...params]
  const crc = crc16(Uint8Array.from(frame))
  return Uint8Array.from([...frame, crc & 0xff, crc >> 8])
}

const byte = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0xff, 0xff, 0xfd, 0x00, 0x55))
const status = fc
  .record({
    id: fc.integer({ min: 0, max: 252 }),
    error: fc.constantFrom(0, 0x80, 4),
    params: fc.array(byte, { maxLength: 40 }).map((values) => Uint8Array.from(values)),
  })
  .map((frame) => ({ frame, encoded: reply(frame.id, frame.error, frame.params) }))
/** Noise that is fond of headers and of lengths that claim more than will come. */
const noise = fc
  .array(
    fc.oneof(
      byte.map((value) => [value]),
      fc.constant([0xff, 0xff, 0xfd, 0, 1, 0xff, 3, 0x55]),
    ),
    {
      maxLength: 600,
    },
  )
  .map((parts) => Uint8Array.from(parts.flat()))

describe('the decoder of servo replies', () => {
  it('finds the same frames however the bytes are cut', () => {
    const part = fc.oneof(
      status.map(({ encoded }) => encoded),
      noise,
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 10 }), fc.array(fc.nat(), { maxLength: 20 }), (parts, cuts) => {
        const stream = join(...parts)
        expect(decode(stream, cuts)).toEqual(decode(stream))
      }),
    )
  })

  it('gives back every frame of a clean stream, in order, and no other', () => {
    fc.assert(
      fc.property(fc.array(status, { maxLength: 30 }), (sent) => {
        const found = decode(join(...sent.map(({ encoded }) => encoded)))
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

  it('finds a frame behind a false header that claims a thousand bytes, and behind half a frame', () => {
    const good = reply(1, 0, [1, 2])
    expect(decode(join(bytes('FF FF FD 00 01 FF 03 55'), good))).toHaveLength(1)
    expect(decode(join(bytes('FF FF FD'), good))).toHaveLength(1)
    expect(decode(join(good.subarray(0, 9), good))).toHaveLength(1)
  })

  it.each([
    ['the id FD, which no servo has', 'FF FF FD 00 FD 04 00 55 00 00 00'],
    ['a length below 4', 'FF FF FD 00 01 03 00 55 00 00'],
    ['a length above 1024', 'FF FF FD 00 01 01 04 55 00'],
    ['a wrong CRC', 'FF FF FD 00 01 07 00 55 00 06 04 26 65 5C'],
  ])('rejects %s and finds the frame after it', (_, bad) => {
    const decoder = new StatusDecoder(() => expect.fail('that is no frame'))
    decoder.push(bytes(bad))
    expect(decoder.rejected).toBe(1)
    expect(decode(join(bytes(bad), reply(3, 0)))).toEqual([{ id: 3, error: 0, params: new Uint8Array() }])
  })

  it('takes no instruction of a host for a reply, so that an echo is nothing', () => {
    for (const [, wire] of VECTORS) expect(decode(bytes(wire))).toEqual([])
  })

  it.each([[[0xff, 0xff, 0xfd, 0x00]], [[0xff, 0xff, 0xfd]], [[1, 0xff, 0xff, 0xfd, 0x00, 5, 0xff, 0xff, 0xfd, 0xfd]]])(
    'reads %o of a servo that does not stuff',
    (params) => {
      expect(decode(unstuffedReply(7, params))).toEqual([{ id: 7, error: 0, params: Uint8Array.from(params) }])
    },
  )

  it('loses an unfinished frame, and no more, at a reset', () => {
    const frames: StatusFrame[] = []
    const decoder = new StatusDecoder((frame) => frames.push(frame))
    const good = reply(3, 0, [1, 2, 3])
    decoder.push(good.subarray(0, 10))
    decoder.reset()
    decoder.push(good.subarray(10))
    expect(frames).toEqual([])
    decoder.push(good)
    expect(frames).toHaveLength(1)
  })

  it('gives frames that later bytes do not change', () => {
    const frames: StatusFrame[] = []
    const decoder = new StatusDecoder((frame) => frames.push(frame))
    decoder.push(reply(3, 0, [1, 2, 3]))
    for (let turn = 0; turn < 500; turn++) decoder.push(reply(4, 0, [9, 9, 9, 9, 9]))
    expect(frames[0]?.params).toEqual(Uint8Array.of(1, 2, 3))
  })

  it('finds every frame behind a million bytes of rubbish and mutated frames', () => {
    let state = 20_260_101
    const next = (): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state >>> 24
    }
    let found = 0
    const decoder = new StatusDecoder(({ id }) => {
      if (id === 42) found++
    })
    const good = reply(42, 0, [0xff, 0xff, 0xfd, 0, 1, 2, 3])
    let sent = 0
    for (let total = 0; total < 1_000_000; ) {
      const rubbish = Uint8Array.from({ length: 1 + next() }, next)
      const mutated = good.slice()
      mutated[next() % mutated.length] = next()
      for (const part of [rubbish, mutated, good]) decoder.push(part)
      total += rubbish.length + mutated.length + good.length
      sent++
    }
    // A mutation may leave the frame as it was.
    expect(found).toBeGreaterThanOrEqual(sent)
    expect(found).toBeLessThan(1.1 * sent)
  })
})

describe('the joint reply to a fast sync read', () => {
  const entry = (id: number, error: number, data: readonly number[]): number[] => [error, id, ...data]
  const COUNT = 4
  const sent: readonly (readonly [number, number, readonly number[]])[] = [
    [1, 0, [1, 2, 3, 4]],
    [2, 0x80, [0xff, 0xff, 0xfd, 0x00]],
    [3, 0, [0xff, 0xff, 0xfd, 0xfd]],
  ]

  /** Each servo adds its part and a CRC of all so far; the last CRC closes the packet. Nobody stuffs. */
  function joint(said: typeof sent = sent): Uint8Array {
    const length = 1 + said.length * (COUNT + 4)
    let frame = [0xff, 0xff, 0xfd, 0, 0xfe, length & 0xff, length >> 8, INSTRUCTION.status]
    for (const [id, error, data] of said) {
      frame = [...frame, ...entry(id, error, data)]
      const crc = crc16(Uint8Array.from(frame))
      frame = [...frame, crc & 0xff, crc >> 8]
    }
    return Uint8Array.from(frame)
  }

  it('is asked for with 8A, and its length is known beforehand', () => {
    const request = requests.fastSyncRead([1, 2, 3], 132, COUNT, manner)
    expect(decodeFrame(request.bytes)).toMatchObject({ id: 0xfe, instruction: 0x8a })
    expect([...(decodeFrame(request.bytes)?.params ?? [])]).toEqual([132, 0, 4, 0, 1, 2, 3])
    expect(request.replyBytes).toBe(joint().length)
    const [frame] = decode(joint())
    expect(frame && requests.dynamixelProtocol.keyOf(frame)).toBe(request.replies[0]?.key)
  })

  it('gives error, id and data of each servo, as they were sent', () => {
    const [frame] = decode(joint())
    const entries = frame && requests.fastEntries(frame, [1, 2, 3], COUNT)
    expect(entries?.map(({ id, error, params }) => [id, error, [...params]])).toEqual(sent)
  })

  it('loses nothing that only looks like stuffing', () => {
    const [frame] = decode(joint(sent.slice(2)))
    const [only] = (frame && requests.fastEntries(frame, [3], COUNT)) ?? []
    expect([...(only?.params ?? [])]).toEqual([0xff, 0xff, 0xfd, 0xfd])
  })

  it('is nothing when another servo has answered in its place', () => {
    const [frame] = decode(joint())
    expect(frame && requests.fastEntries(frame, [1, 3, 2], COUNT)).toBeUndefined()
  })
})
