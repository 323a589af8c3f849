import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Random } from '../../src/sim/random.ts'
import { dxl, dynamixelRig, ping, rawFrame, read, status, write } from './dynamixel-rig.ts'
import { hex, toHex } from './rig.ts'

const BYTE = 1e-5
const PONG = status(1, 0, 0xfc, 0x03, 48)
/** After this silence a servo gives up a frame that has stopped in its middle. */
const SILENCE = 0.11

describe('pacing', () => {
  it('a reply comes after the request, the return delay and itself have had their time: ten bits a byte', async () => {
    const { ask, received } = await dynamixelRig({ servos: [{ registers: { returnDelay: 250 } }], start: 12.5 })
    await ask(ping(1))
    expect(received[0]?.at).toBeCloseTo(12.5 + 10 * BYTE + 250 * 2e-6 + 14 * BYTE, 10)
  })

  it.each([
    [0, 9600],
    [1, 57_600],
    [2, 115_200],
    [3, 1_000_000],
    [4, 2_000_000],
    [5, 3_000_000],
    [6, 4_000_000],
  ])('a servo of baud index %d hears %d baud, and no other', async (baudIndex, baudRate) => {
    const servos = [{ registers: { baudIndex } }, { registers: { baudIndex: (baudIndex + 1) % 7 } }]
    const { ask, received } = await dynamixelRig({ servos, baudRate })
    expect(await ask(ping(0xfe), 0.2)).toEqual([PONG])
    expect(received[0]?.at).toBeCloseTo((24 * 10) / baudRate, 10)
  })

  it('a baud rate that is written counts from then on', async () => {
    const { ask } = await dynamixelRig()
    expect(await ask(write(1, 8, 4, 1))).toEqual([status(1, 0)])
    expect(await ask(ping(1))).toEqual([])
  })

  it('the replies of a sync read follow one another, each after its own delay', async () => {
    const servos = [1, 2, 3].map(() => ({ registers: { returnDelay: 5 } }))
    const { ask, received } = await dynamixelRig({ servos })
    await ask(dxl(0xfe, 0x82, 132, 0, 4, 0, 1, 2, 3))
    const each = 5 * 2e-6 + 15 * BYTE
    expect(received.map(({ at }) => at)).toEqual([1, 2, 3].map((n) => expect.closeTo(17 * BYTE + n * each, 10)))
  })

  it('wiring that echoes gives the host its own bytes first', async () => {
    const { ask } = await dynamixelRig({ echo: true })
    expect(await ask(ping(1))).toEqual([toHex(ping(1)), PONG])
  })

  it('an idle line and a closed one have no timer pending', async () => {
    const { ask, clock, host } = await dynamixelRig()
    await ask(ping(1))
    expect(clock.pending).toBe(0)
    host.write(write(1, 64, 1, 1))
    await host.close()
    expect(clock.pending).toBe(0)
  })
})

describe('decoding', () => {
  it('takes a frame in any pieces', async () => {
    const bytes = read(1, 132, 4)
    for (let cut = 1; cut < bytes.length; cut++) {
      const { host, ask } = await dynamixelRig()
      host.write(bytes.subarray(0, cut))
      expect(await ask(bytes.subarray(cut))).toHaveLength(1)
    }
  })

  it('finds the frame behind another one that is broken: in its header, its id, its length or its CRC', async () => {
    const whole = [...ping(1)]
    for (const at of whole.keys()) {
      const { ask, clock } = await dynamixelRig()
      const broken = whole.map((byte, i) => (i === at ? byte ^ 0x40 : byte))
      const heard = await ask(Uint8Array.from([...broken, ...whole]))
      // A length that was made longer swallows what comes behind, until the line has been silent.
      if (heard.length === 0) await clock.advance(SILENCE)
      expect(heard.length === 1 || (await ask(ping(1))).length === 1).toBe(true)
    }
  })

  it.each([
    ['an id that is nobody’s', [...rawFrame(253, 1), ...rawFrame(255, 1)]],
    ['the beginning of a frame to nobody', hex('FF FF FD 00 FD 40 00 01')],
    ['a length too short to be one', hex('FF FF FD 00 01 02 00 01 02')],
    ['a length beyond any buffer', hex('FF FF FD 00 01 FF FF 01 02')],
    ['a header that begins twice', hex('FF FF FF FF FD')],
    ['the frame of another family', hex('FF FF 01 02 01 FB')],
  ])('%s does not hide the frame behind it', async (_what, rubbish) => {
    const { ask } = await dynamixelRig()
    expect(await ask(Uint8Array.from([...rubbish, ...ping(1)]))).toEqual([PONG])
  })

  it('a wrong CRC is answered by nobody and changes nothing', async () => {
    const { ask, at } = await dynamixelRig()
    const bytes = write(1, 65, 1, 1)
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1
    expect(await ask(bytes)).toEqual([])
    expect(at('led')).toBe(0)
  })

  it('a frame that stops in its middle is given up after a silence', async () => {
    const { host, ask, clock } = await dynamixelRig()
    host.write(hex('FF FF FD 00 01 40 00 03'))
    await clock.advance(SILENCE)
    expect(await ask(ping(1))).toEqual([PONG])
  })

  it('any instruction with any parameters, well framed, throws nothing, and who still hears answers the next one', async () => {
    const random = new Random(7)
    const instructions = [1, 2, 3, 4, 5, 6, 8, 0x10, 0x20, 0x55, 0x82, 0x83, 0x8a, 0x92, 0x93, 0x9a]
    let answered = 0
    for (let world = 0; world < 100; world++) {
      const { ask, servos, clock } = await dynamixelRig({ servos: [{}, { registers: { secondaryId: 1 } }] })
      for (let round = 0; round < 30; round++) {
        const instruction = instructions[random.below(instructions.length)] ?? 0
        const params = Array.from({ length: random.below(14) }, () => random.below(random.chance(0.5) ? 4 : 256))
        await ask(dxl(random.chance(0.5) ? 1 : 0xfe, instruction, ...params), 0.01)
      }
      await clock.advance(SILENCE)
      // They may have been told another baud rate.
      const hearing = servos.filter(({ baudIndex }) => baudIndex === 3)
      const replies = await ask(ping(0xfe), 0.1)
      expect(replies).toHaveLength(new Set(hearing.map(({ id }) => id)).size)
      expect(clock.pending).toBe(0)
      answered += replies.length
    }
    expect(answered).toBeGreaterThan(100)
  })

  it('random bytes throw nothing, and the next good frame after a silence is answered', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 }), async (chunks) => {
        const { host, ask, clock } = await dynamixelRig()
        for (const chunk of chunks) {
          host.write(chunk)
          await clock.advance(0.002)
        }
        await clock.advance(SILENCE)
        expect(await ask(ping(1))).toEqual([PONG])
        expect(clock.pending).toBe(0)
      }),
      { numRuns: 200 },
    )
  })

  it('noise that is full of headers throws nothing either', async () => {
    const { host, ask, clock } = await dynamixelRig()
    const random = new Random(3)
    const likely = [0xff, 0xff, 0xfd, 0x00, 0x01, 0xfe, 0x03, 0x55]
    for (let i = 0; i < 300; i++) {
      host.write(
        Uint8Array.from({ length: random.below(80) }, () =>
          random.chance(0.8) ? (likely[random.below(likely.length)] as number) : random.below(256),
        ),
      )
      await clock.advance(0.003)
    }
    await clock.advance(SILENCE)
    expect(await ask(ping(1))).toEqual([PONG])
  })
})

describe('servos that share an id', () => {
  it('answer at once: what they say alike arrives, the rest does not add up', async () => {
    const { ask } = await dynamixelRig({
      servos: [{ registers: { id: 1 } }, { registers: { id: 1 }, model: 'XL430-W250' }],
    })
    const [reply = ''] = await ask(ping(1))
    expect(reply.slice(0, 26)).toBe(PONG.slice(0, 26))
    expect(reply).not.toBe(PONG)
  })
})
