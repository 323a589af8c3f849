import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encode, LONGEST_FRAME, type Message, MessageDecoder, VERSION } from '../../src/guard/messages.ts'

const bytes = (max = 300) => fc.uint8Array({ maxLength: max })
const wait = fc.double({ min: 0, max: 3599, noNaN: true })
const seq = fc.nat(2 ** 32 - 1)
const text = fc.string({ maxLength: 40 })

const messages: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    type: fc.constant('post' as const),
    version: fc.constant(VERSION),
    settings: fc.record(
      { robot: text, bus: text, port: text, pid: fc.nat(), records: text },
      { requiredKeys: ['robot', 'bus', 'port', 'pid'] },
    ),
  }),
  fc.record({ type: fc.constant('hello' as const), version: fc.nat(255) }),
  fc.record({
    type: fc.constant('will' as const),
    will: fc.record({
      halt: bytes(),
      off: fc.option(fc.uint8Array({ minLength: 1, maxLength: 300 }), { nil: undefined }),
      offAfter: wait,
      repeat: fc.integer({ min: 1, max: 255 }),
      gap: wait,
    }),
  }),
  fc.record({
    type: fc.constant('beat' as const),
    seq,
    freshUntil: fc.oneof(fc.double({ noNaN: true }), fc.constant(Number.POSITIVE_INFINITY)),
  }),
  fc.record({ type: fc.constant('ease' as const), seq }),
  fc.record({ type: fc.constant('taken' as const), seq }),
  fc.constant<Message>({ type: 'stand-down' }),
  fc.constant<Message>({ type: 'end' }),
)

/** The bytes in chunks of the lengths that somebody else chose. */
function* chunked(all: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  for (let from = 0, i = 0; from < all.length; i++) {
    const to = from + Math.max(1, lengths[i % lengths.length] ?? all.length)
    yield all.subarray(from, to)
    from = to
  }
}

describe('messages between a runtime and its guard', () => {
  test('come out as they went in, however the pipe cuts them', () => {
    fc.assert(
      fc.property(fc.array(messages, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 50 })), (sent, lengths) => {
        const decoder = new MessageDecoder()
        const got = [...chunked(Buffer.concat(sent.map(encode)), lengths)].flatMap((chunk) => decoder.push(chunk))
        expect(got).toEqual(sent)
        expect(decoder.isBroken).toBe(false)
      }),
    )
  })

  test('rubbish never throws, and what is not a message ends the reading for good', () => {
    fc.assert(
      fc.property(fc.array(bytes(64), { maxLength: 30 }), (chunks) => {
        const decoder = new MessageDecoder()
        let wasBroken = false
        for (const chunk of chunks) {
          const found = decoder.push(chunk)
          if (wasBroken) expect(found).toEqual([])
          wasBroken = decoder.isBroken
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('one changed byte is another good message, or breaks the reading: never an exception', () => {
    fc.assert(
      fc.property(messages, fc.nat(), fc.integer({ min: 1, max: 255 }), (message, at, flip) => {
        const damaged = encode(message).slice()
        const index = at % damaged.length
        damaged[index] = (damaged[index] as number) ^ flip
        const decoder = new MessageDecoder()
        expect(decoder.push(damaged).length).toBeLessThanOrEqual(1)
      }),
      { numRuns: 2000 },
    )
  })

  test('a length that no message has is refused before anything is kept for it', () => {
    const decoder = new MessageDecoder()
    expect(decoder.push(Uint8Array.of(0xff, 0xff, 0xff, 0x7f, 2))).toEqual([])
    expect(decoder.isBroken).toBe(true)
  })

  test('a chunk that is used again by its owner changes no message', () => {
    const decoder = new MessageDecoder()
    // As a pipe gives them: `slice` of a Buffer shares its bytes.
    const will = { halt: Uint8Array.of(1, 2), off: undefined, offAfter: 1, repeat: 3, gap: 0 }
    const chunk = Buffer.from(encode({ type: 'will', will }))
    const [first] = decoder.push(chunk)
    const half = Buffer.from(encode({ type: 'ease', seq: 7 }))
    decoder.push(half.subarray(0, 6))
    const rest = Uint8Array.from(half.subarray(6))
    chunk.fill(0)
    half.fill(0)
    expect(first).toMatchObject({ will: { halt: Uint8Array.of(1, 2) } })
    expect(decoder.push(rest)).toEqual([{ type: 'ease', seq: 7 }])
  })

  test.each([
    ['of no copies', { repeat: 0 }],
    ['that waits for ever', { offAfter: Number.POSITIVE_INFINITY }],
    ['that waits for no number', { gap: Number.NaN }],
    ['that waits for less than nothing', { gap: -1 }],
  ])('a will %s is none', (_what, wrong) => {
    const decoder = new MessageDecoder()
    const will = { halt: Uint8Array.of(1), off: undefined, offAfter: 1, repeat: 3, gap: 0.003, ...wrong }
    expect(decoder.push(encode({ type: 'will', will }))).toEqual([])
    expect(decoder.isBroken).toBe(true)
  })

  test('a frame that is longer than any bus has is not sent', () => {
    const halt = new Uint8Array(LONGEST_FRAME + 1)
    expect(() => encode({ type: 'will', will: { halt, off: undefined, offAfter: 0, repeat: 1, gap: 0 } })).toThrow(
      RangeError,
    )
  })
})
