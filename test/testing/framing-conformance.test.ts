import { describe, expect, test } from 'vitest'
import { cobs, crc16X25, type Decoder, type FramingEnv, type TwoWayFraming } from '../../src/framing/index.ts'
import { framingConformance, fuzzFraming } from '../../src/testing/index.ts'
import { failing } from './failing.ts'

type Bytes = Uint8Array
const sound = cobs({ max: 16, check: crc16X25 })
const GOOD = [[1, 2, 3], [0, 0], [9]].map((list) => Uint8Array.from(list))
const suite = (framing: TwoWayFraming<Bytes>) =>
  framingConformance(framing, { good: GOOD, max: 22, bytes: 20_000 }).map((check) => ({
    ...check,
    name: check.name.replace('cobs: ', ''),
  }))

/** The sound framing with another decoder. */
const withDecoder = (create: (env: FramingEnv | undefined) => Decoder<Bytes>): TwoWayFraming<Bytes> => ({
  ...sound,
  create,
})
/** The sound decoder behind something that disturbs what it is given, or gives. */
const around = (push: (decoder: Decoder<Bytes>, ...call: Parameters<Decoder<Bytes>['push']>) => void) =>
  withDecoder(() => {
    const decoder = sound.create()
    return { push: (chunk, emit) => push(decoder, chunk, emit) }
  })

const one = sound.create()
const faults: Record<string, [fact: string, framing: TwoWayFraming<Bytes>]> = {
  'loses every third frame': [
    'frames come out as they went in',
    withDecoder(() => {
      const decoder = sound.create()
      let count = 0
      return {
        push: (chunk, emit) =>
          decoder.push(chunk, { ...emit, bad: emit.bad, frame: (frame) => ++count % 3 > 0 && emit.frame(frame) }),
      }
    }),
  ],
  'delivers views of a buffer that it uses again': [
    'frames come out as they went in',
    withDecoder(() => {
      const decoder = sound.create()
      const buffer = new Uint8Array(16)
      const lend = (frame: Bytes): Bytes => {
        buffer.set(frame)
        return buffer.subarray(0, frame.length)
      }
      return {
        push: (chunk, emit) => decoder.push(chunk, { frame: (frame) => emit.frame(lend(frame)), bad: emit.bad }),
      }
    }),
  ],
  'takes the end of a chunk for the end of a frame': [
    'the same frames and counts come out however the bytes are cut',
    around((_, chunk, emit) => sound.create().push(chunk, emit)),
  ],
  'has no check of its own': ['a damaged frame is counted and never delivered', cobs({ max: 16 })],
  'does not count what is bad': [
    'a damaged frame is counted and never delivered',
    around((decoder, chunk, emit) => decoder.push(chunk, { frame: emit.frame, bad() {} })),
  ],
  'never finds the way back': [
    'good frames are found behind a frame that was cut',
    withDecoder(() => {
      const decoder = sound.create()
      let lost = false
      const bad = (): void => {
        lost = true
      }
      return { push: (chunk, emit) => lost || decoder.push(chunk, { frame: (f) => lost || emit.frame(f), bad }) }
    }),
  ],
  'throws over some bytes': [
    'no bytes make it throw, and good frames are found behind them',
    around((decoder, chunk, emit) => {
      const bad = (reason: string): void => {
        if (reason === 'length') throw new RangeError('offset is out of bounds')
        emit.bad(reason)
      }
      decoder.push(chunk, { frame: emit.frame, bad })
    }),
  ],
  'keeps all bytes for later': [
    'what it keeps stays bounded when no frame ever ends',
    withDecoder(() => {
      const decoder = sound.create()
      const kept: Bytes[] = []
      return {
        push(chunk, emit) {
          kept.push(chunk.slice())
          decoder.push(chunk, emit)
        },
      }
    }),
  ],
  'is one decoder for all': ['two decoders share nothing', withDecoder(() => one)],
  'leaves a timer': [
    'a decoder that is closed delivers nothing and leaves no timer',
    withDecoder((env) => {
      const decoder = sound.create()
      return {
        push(chunk, emit) {
          env?.clock.after(1, () => {})
          decoder.push(chunk, emit)
        },
        close() {},
      }
    }),
  ],
  'delivers after it was closed': [
    'a decoder that is closed delivers nothing and leaves no timer',
    withDecoder((env) => {
      const decoder = sound.create()
      return { push: (chunk, emit) => void env?.clock.after(1, () => decoder.push(chunk, emit)), close() {} }
    }),
  ],
}

test('a sound framing passes every check, and each check is meant for something here', async () => {
  expect(await failing(suite(sound))).toEqual([])
  const facts = new Set(Object.values(faults).map(([fact]) => fact))
  expect([...facts].sort()).toEqual(
    suite(sound)
      .map(({ name }) => name)
      .sort(),
  )
})

describe('a framing that', () => {
  test.each(Object.entries(faults).map(([fault, [fact, framing]]) => ({ fault, fact, framing })))(
    '$fault fails "$fact"',
    async ({ fact, framing }) => {
      expect(await failing(suite(framing).filter(({ name }) => name === fact))).toEqual([fact])
    },
  )
})

test('a suite without two frames that differ is refused, and so is one without a way to write them', () => {
  expect(() => framingConformance(sound, { good: [Uint8Array.of(1)], max: 22 })).toThrow(/two good frames/)
  const { encode: _, ...readOnly } = sound
  // @ts-expect-error it needs an encode
  expect(() => framingConformance(readOnly, { good: GOOD, max: 22 })).toThrow(/no encode of its own/)
})

test('a fuzz run goes through its budget of bytes, and the same seed is the same run', async () => {
  const good = GOOD.map((frame) => sound.encode(frame))
  const first = await fuzzFraming(sound, { good, max: 22, bytes: 50_000, seed: 7 })
  expect(first.bytes).toBeGreaterThanOrEqual(50_000)
  expect(first.bad).toBeGreaterThan(100)
  expect(await fuzzFraming(sound, { good, max: 22, bytes: 50_000, seed: 7 })).toEqual(first)
  const framing = withDecoder(() => ({ push: () => JSON.parse('boom') }))
  await expect(fuzzFraming(framing, { good, max: 22, seed: 7 })).rejects.toThrow()
})
