import { describe, expect, test } from 'vitest'
import { modbus, modbusGap, modbusReplyLength, modbusRequestLength } from '../../src/framing/index.ts'
import { Player } from '../../src/testing/framing-play.ts'
import { decode } from './decode.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
/** Device 17, read holding registers 107 to 109, and the answer: an often published pair of frames. */
const REQUEST = hex('11 03 00 6b 00 03 76 87')
const REPLY = hex('11 03 06 ae 41 56 52 43 40 49 ad')
const REFUSAL = modbus({ lengthOf: modbusReplyLength }).encode({ address: 17, code: 0x83, payload: Uint8Array.of(2) })

describe('by length', () => {
  const replies = modbus({ lengthOf: modbusReplyLength })

  test('reads published frames, and writes them again', () => {
    const [reply] = decode(replies, [REPLY]).frames
    expect(reply).toEqual({ address: 17, code: 3, payload: hex('06 ae 41 56 52 43 40') })
    expect(reply && replies.encode(reply)).toEqual(REPLY)
    const [request] = decode(modbus({ lengthOf: modbusRequestLength }), [REQUEST]).frames
    expect(request).toEqual({ address: 17, code: 3, payload: hex('00 6b 00 03') })
  })

  test('a refusal is a frame of five bytes', () => {
    expect(REFUSAL).toHaveLength(5)
    expect(decode(replies, [REFUSAL, REPLY]).frames.map(({ code }) => code)).toEqual([0x83, 3])
  })

  test('an address or a function that no reply has is dropped at once, as noise', () => {
    const { frames, bad } = decode(replies, [hex('f8 03 20 00 00'), hex('05 63'), REPLY])
    expect([frames.length, bad]).toEqual([1, { noise: 1 }])
  })

  test('a false length hides no frame behind it', () => {
    const { frames, bad } = decode(replies, [hex('11 03 20'), REPLY, REPLY, REPLY, REPLY, REPLY])
    expect([frames.length, bad]).toEqual([5, { checksum: 1 }])
  })

  test('a function that throws, or says nonsense, begins no frame', () => {
    for (const lengthOf of [() => -1, () => 3, () => 257, () => Number.NaN, () => JSON.parse('boom')])
      expect(decode(modbus({ lengthOf }), [REPLY])).toMatchObject({ frames: [], bad: { noise: 1 } })
  })

  test('a function that never knows is given up at the cap', () => {
    const { bad } = decode(modbus({ lengthOf: () => undefined }), [new Uint8Array(10_000)])
    expect(bad).toEqual({ noise: 1 })
  })
})

describe('by silence', () => {
  const framing = modbus({ idleGap: modbusGap(9600) })

  test('the gap is 3.5 characters of 11 bits, and 1.75 ms above 19200 baud', () => {
    expect(modbusGap(9600)).toBeCloseTo(0.004_01, 5)
    expect([modbusGap(38_400), modbusGap(115_200)]).toEqual([0.001_75, 0.001_75])
    expect(() => modbusGap(0)).toThrow(/baudRate/)
  })

  test('any function is read, up to 256 bytes', async () => {
    const own = framing.encode({ address: 1, code: 0x41, payload: new Uint8Array(252) })
    const player = new Player(framing)
    await player.play([REQUEST, 0.005, own, 0.005, REPLY, 0.005])
    expect(player.frames.map(({ code }) => code)).toEqual([3, 0x41, 3])
  })

  test('two frames without a silence between are no frame, and a burst that is too long counts once', async () => {
    const player = new Player(framing)
    await player.play([REQUEST, REPLY, 0.005, new Uint8Array(9000), 0.005, hex('01'), 0.005, REPLY, 0.005])
    expect(player.events.map((event) => ('bad' in event ? event.bad : 'frame'))).toEqual([
      'checksum',
      'length',
      'length',
      'frame',
    ])
  })
})

test('frames that do not fit are not written, and a framing needs to know where a frame ends', () => {
  const { encode } = modbus({ lengthOf: modbusReplyLength })
  expect(() => encode({ address: 256, code: 3, payload: new Uint8Array() })).toThrow(/address/)
  expect(() => encode({ address: 1, code: 3, payload: new Uint8Array(253) })).toThrow(/payload length/)
  // @ts-expect-error neither lengthOf nor idleGap
  expect(() => modbus({})).toThrow(/lengthOf/)
})
