import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TendonError } from '../../src/base/problem.ts'
import { frame, rig, toHex } from './rig.ts'

const BYTE = 1e-5
const PING = frame(1, 1)

describe('pacing', () => {
  it('a reply arrives after the request, the return delay and itself have had their time: ten bits a byte', async () => {
    const { ask, received } = await rig({ servos: [{ registers: { returnDelay: 250 } }], start: 12.5 })
    await ask(PING)
    expect(received).toHaveLength(1)
    expect(received[0]?.at).toBeCloseTo(12.5 + 6 * BYTE + 250 * 2e-6 + 6 * BYTE, 10)
  })

  it('the time follows the baud rate', async () => {
    const { ask, received } = await rig({ servos: [{ registers: { baudIndex: 4 } }], baudRate: 115_200 })
    await ask(PING)
    expect(received[0]?.at).toBeCloseTo((12 * 10) / 115_200, 10)
  })

  it('the six replies of a sync read follow one another, each after its own delay', async () => {
    const servos = Array.from({ length: 6 }, () => ({ registers: { returnDelay: 5 } }))
    const { ask, received } = await rig({ servos })
    await ask(frame(0xfe, 0x82, 56, 2, 1, 2, 3, 4, 5, 6))
    const request = 14 * BYTE
    const each = 5 * 2e-6 + 8 * BYTE
    expect(received.map(({ at }) => at)).toEqual([1, 2, 3, 4, 5, 6].map((n) => expect.closeTo(request + n * each, 10)))
  })

  it('bytes follow what the host has already sent', async () => {
    const { host, clock, servos, now } = await rig({ servos: [{}, {}] })
    host.write(frame(0xfe, 3, 40, 1))
    host.write(frame(0xfe, 3, 46, 100, 0))
    await clock.advance(16.5 * BYTE)
    expect(servos.map((servo) => servo.register('goalVelocity', now()))).toEqual([0, 0])
    await clock.advance(BYTE)
    expect(servos.map((servo) => servo.register('goalVelocity', now()))).toEqual([100, 100])
  })

  it('the adapter latency comes on top', async () => {
    const { ask, received } = await rig({ latency: 0.016 })
    await ask(PING)
    expect(received[0]?.at).toBeCloseTo(12 * BYTE + 0.016, 10)
  })

  it('wiring that echoes gives the host its own bytes first', async () => {
    const { ask } = await rig({ echo: true })
    expect(await ask(PING)).toEqual([toHex(PING), 'FF FF 01 02 00 FC'])
    expect(await ask(Uint8Array.of(1, 2, 3))).toEqual(['01 02 03'])
  })

  it('an idle line and a closed one have no timer pending', async () => {
    const { ask, clock, host } = await rig()
    await ask(PING)
    expect(clock.pending).toBe(0)
    host.write(Uint8Array.of(0xff, 0xff, 1))
    await clock.settle()
    expect(clock.pending).toBe(0)
    host.write(frame(1, 1))
    await host.close()
    expect(clock.pending).toBe(0)
  })

  it('what was written before a close still reaches the servos', async () => {
    const { host, servo, now } = await rig()
    host.write(frame(1, 3, 40, 1))
    await host.close()
    expect(servo.powered(now())).toBe(true)
  })
})

describe('decoding', () => {
  it('finds a frame behind any noise that does not itself begin a frame', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 0xfe }), { maxLength: 40 }), async (noise) => {
        const { ask } = await rig()
        expect(await ask(Uint8Array.of(...noise, ...PING))).toEqual(['FF FF 01 02 00 FC'])
      }),
      { numRuns: 50 },
    )
  })

  it('gives up a false header at its checksum, and finds the frames inside', async () => {
    const { ask } = await rig()
    // The candidate is 12 bytes long: its own four, the ping and two more.
    expect(await ask(Uint8Array.of(0xff, 0xff, 1, 8, ...PING, 0, 0))).toEqual(['FF FF 01 02 00 FC'])
  })

  it('accepts a third FF before a frame', async () => {
    const { ask } = await rig()
    expect(await ask(Uint8Array.of(0xff, ...PING))).toEqual(['FF FF 01 02 00 FC'])
  })

  it('gives up half a frame after a silence of 0.1 s', async () => {
    const { ask } = await rig()
    expect(await ask(Uint8Array.of(0xff, 0xff, 1, 200), 0.2)).toEqual([])
    expect(await ask(PING)).toEqual(['FF FF 01 02 00 FC'])
  })

  it('takes the host bytes in any chunks, with pauses between them', async () => {
    const stream = [frame(1, 3, 42, 10, 0), frame(0xfe, 0x83, 46, 2, 1, 5, 0, 2, 6, 0), frame(2, 1)]
    const bytes = Uint8Array.from(stream.flatMap((one) => [...one]))
    const cuts = fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 20 })), { minLength: 1 })
    await fc.assert(
      fc.asyncProperty(cuts, async (pieces) => {
        // Level 0: the writes are not answered, so that the host cannot talk over a reply.
        const quiet = { registers: { responseLevel: 0 } }
        const { host, clock, servos, now, received } = await rig({ servos: [quiet, {}] })
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const [size, pause] = pieces[i % pieces.length] as [number, number]
          host.write(bytes.slice(at, at + size))
          at += size
          await clock.advance(pause * BYTE)
        }
        await clock.advance(0.01)
        expect(servos.map((servo) => servo.register('goalVelocity', now()))).toEqual([5, 6])
        expect(servos[0]?.register('goalPosition', now())).toBe(10)
        expect(received).toHaveLength(1)
      }),
      { numRuns: 50 },
    )
  })
})

describe('collisions', () => {
  it('bytes sent while a servo talks garble both, and are counted', async () => {
    const { host, clock, received, bus, servos, now } = await rig({ servos: [{}, {}] })
    host.write(frame(1, 2, 56, 8))
    // The request takes 8 bytes, the reply 14 more; the write begins in its middle.
    await clock.advance(12 * BYTE)
    host.write(frame(0xfe, 3, 40, 1))
    await clock.advance(0.01)
    expect(servos.map((servo) => servo.powered(now()))).toEqual([false, false])
    expect(received).toHaveLength(1)
    const clean = await rig()
    const [expected] = await clean.ask(frame(1, 2, 56, 8))
    expect(toHex(received[0]?.bytes as Uint8Array)).not.toBe(expected)
    expect(toHex(received[0]?.bytes as Uint8Array).slice(0, 11)).toBe(expected?.slice(0, 11))
    expect(bus.collisions).toBe(16)
    expect(clock.pending).toBe(0)
  })

  it('a frame whose first byte meets the end of a reply is lost', async () => {
    const { host, clock, servo, now, bus } = await rig()
    host.write(PING)
    await clock.advance(11.5 * BYTE)
    host.write(frame(0xfe, 3, 40, 1))
    await clock.advance(0.01)
    expect(servo.powered(now())).toBe(false)
    expect(bus.collisions).toBe(2)
  })

  it('a frame sent again after the collision arrives', async () => {
    const { host, clock, servos, now } = await rig({ servos: [{}, {}] })
    host.write(frame(1, 2, 56, 8))
    await clock.advance(12 * BYTE)
    host.write(frame(0xfe, 3, 40, 1))
    await clock.advance(16 * BYTE)
    host.write(frame(0xfe, 3, 40, 1))
    await clock.advance(0.01)
    expect(servos.map((servo) => servo.powered(now()))).toEqual([true, true])
  })

  it('a request that follows the end of a reply at once meets nothing', async () => {
    const { host, clock, received, bus } = await rig()
    let again = 3
    host.onBytes(() => {
      if (again-- > 0) host.write(PING)
    })
    host.write(PING)
    await clock.advance(0.01)
    expect(received.map(({ bytes }) => toHex(bytes))).toEqual(Array(4).fill('FF FF 01 02 00 FC'))
    expect(bus.collisions).toBe(0)
  })

  it('the same seed garbles alike', async () => {
    const play = async (seed: number): Promise<string[]> => {
      const { host, clock, received } = await rig({ seed, servos: [{}, {}] })
      for (let i = 0; i < 20; i++) {
        host.write(frame(1, 2, 56, 8))
        await clock.advance((10 + i) * BYTE)
        host.write(frame(2, 1))
        await clock.advance(0.001)
      }
      return received.map(({ at, bytes }) => `${at} ${toHex(bytes)}`)
    }
    const first = await play(7)
    expect(await play(7)).toEqual(first)
    expect(await play(8)).not.toEqual(first)
  })
})

describe('the port', () => {
  it('opens once at a time, and again after a close', async () => {
    const { port, clock, host } = await rig()
    await expect(port.open({ clock })).rejects.toMatchObject({ code: 'TENDON_PORT_OPEN_FAILED' })
    await host.close()
    const again = await port.open({ clock })
    expect(again.isOpen).toBe(true)
  })

  it('keeps nothing that is written after a close: it throws', async () => {
    const { host } = await rig()
    await host.close()
    expect(() => host.write(PING)).toThrow(TendonError)
    expect(host.isOpen).toBe(false)
  })

  it('never delivers from inside a write', async () => {
    const { host, received, clock } = await rig()
    host.write(PING)
    expect(received).toHaveLength(0)
    await clock.advance(0.001)
    expect(received).toHaveLength(1)
  })
})
