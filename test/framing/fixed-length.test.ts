import { describe, expect, test } from 'vitest'
import { checksum, crc8, fixedLength } from '../../src/framing/index.ts'
import { Player } from '../../src/testing/framing-play.ts'
import { decode } from './decode.ts'

/** The lidar TFmini: 59 59, six bytes, and the low byte of their sum. */
const sum8 = checksum({ name: 'sum8', size: 1, of: (bytes) => bytes.reduce((sum, byte) => sum + byte, 0) })
const lidar = fixedLength({ length: 9, start: [0x59, 0x59], check: sum8.ends })
const reading = (...six: number[]): Uint8Array => sum8.append(Uint8Array.of(0x59, 0x59, ...six))
const ONE = reading(1, 2, 3, 4, 5, 6)
const TWO = reading(0x59, 0x59, 0, 0x59, 0x59, 0x59)

describe('with start bytes', () => {
  const read = (...chunks: Uint8Array[]) => {
    const { frames, bad } = decode(lidar, chunks)
    return { frames, bad }
  }

  test('frames are delivered whole, start bytes in the payload or not', () => {
    expect(read(ONE, TWO, TWO, ONE)).toEqual({ frames: [ONE, TWO, TWO, ONE], bad: {} })
  })

  test('a run of other bytes counts once as noise', () => {
    expect(read(Uint8Array.of(1, 2, 3), ONE, Uint8Array.of(0x59, 4), TWO)).toEqual({
      frames: [ONE, TWO],
      bad: { noise: 2 },
    })
  })

  test('a damaged frame counts once as checksum, and two count twice', () => {
    const damaged = ONE.with(4, 99)
    expect(read(damaged, ONE, damaged, damaged, TWO)).toEqual({ frames: [ONE, TWO], bad: { checksum: 3 } })
  })

  test('a false start right before a frame hides it not', () => {
    expect(read(Uint8Array.of(0x59, 0x59, 0x59), ONE, TWO)).toMatchObject({ frames: [ONE, TWO] })
    expect(read(TWO.subarray(0, 8), ONE, TWO)).toMatchObject({ frames: [ONE, TWO] })
  })

  test('a check that throws means no', () => {
    const odd = fixedLength({
      length: 2,
      start: [1],
      check: ([, second]) => {
        if (second === 9) throw new Error('boom')
        return true
      },
    })
    const { frames, bad } = decode(odd, [Uint8Array.of(1, 9, 1, 2)])
    expect([frames, bad]).toEqual([[Uint8Array.of(1, 2)], { checksum: 1 }])
  })
})

describe('with a silence', () => {
  const framing = fixedLength({ length: 3, idleGap: 0.02, check: crc8.ends })
  const good = crc8.append(Uint8Array.of(1, 2))

  test('a burst of the length is a frame once the silence has lasted, and not before', async () => {
    const player = new Player(framing)
    await player.play([good, 0.019])
    expect(player.events).toEqual([])
    await player.play([0.001])
    expect(player.frames).toEqual([good])
    expect(player.clock.pending).toBe(0)
  })

  test('shorter, longer and damaged bursts are bad, and counted by what is wrong', async () => {
    const player = new Player(framing)
    const long = new Uint8Array(5000)
    await player.play([good.subarray(0, 2), 0.02, long, 0.02, good.with(1, 9), 0.02, good, 0.02])
    expect(player.events).toEqual([{ bad: 'length' }, { bad: 'length' }, { bad: 'checksum' }, { frame: good }])
  })

  test('bytes that come in several chunks without a silence are one burst', async () => {
    const player = new Player(framing)
    await player.play([good.subarray(0, 1), 0.015, good.subarray(1, 2), 0.015, good.subarray(2), 0.02])
    expect(player.frames).toEqual([good])
  })

  test('start bytes are required where they are given', async () => {
    const player = new Player(fixedLength({ length: 2, idleGap: 0.02, start: [7] }))
    await player.play([Uint8Array.of(8, 1), 0.02, Uint8Array.of(7, 1), 0.02])
    expect(player.events).toEqual([{ bad: 'start' }, { frame: Uint8Array.of(7, 1) }])
  })

  test('a process that was held up ends the frame with the first byte after the silence', () => {
    let now = 0
    const held = { now: () => now, wall: () => 0, after: () => ({ cancel() {} }), turn: () => ({ cancel() {} }) }
    const decoder = framing.create({ clock: held })
    const frames: Uint8Array[] = []
    const emit = { frame: (frame: Uint8Array) => void frames.push(frame), bad: () => {} }
    decoder.push(good, emit)
    now = 0.05
    decoder.push(good, emit)
    expect(frames).toEqual([good])
  })

  test('needs a clock', () => {
    expect(() => framing.create()).toThrow(/fixedLength\(\)\.create\(\).*clock/)
  })
})

test('options that cannot find a frame are refused, by the types where they can tell', () => {
  // @ts-expect-error neither start nor idleGap
  expect(() => fixedLength({ length: 3 })).toThrow(/start/)
  expect(() => fixedLength({ length: 3, start: [] })).toThrow(/start/)
  expect(() => fixedLength({ length: 1, start: [1, 2] })).toThrow(/start/)
  expect(() => fixedLength({ length: 3, start: [256] })).toThrow(/start/)
  expect(() => fixedLength({ length: 3, idleGap: Number.NaN })).toThrow(/idleGap/)
  for (const length of [0, 1.5, 4097]) expect(() => fixedLength({ length, start: [1] })).toThrow(/length/)
})

test('only frames that would be read can be written', () => {
  expect(lidar.encode(ONE)).toEqual(ONE)
  for (const wrong of [ONE.subarray(1), ONE.with(0, 1), ONE.with(3, 1)])
    expect(() => lidar.encode(wrong)).toThrow(/TENDON_ARGUMENT_INVALID/)
})
