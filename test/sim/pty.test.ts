import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { hobbyServo, pca9685 } from '../../src/drivers/pca9685/index.ts'
import { defineRobot, deg, degPerSec } from '../../src/index.ts'
import {
  type SimulationOptions,
  scheduleFaults,
  serveOnPty,
  simulated,
  simulationOf,
  type WireFrame,
} from '../../src/sim/index.ts'
import { i2c } from '../../src/transports/i2c.ts'
import { openPty } from '../../src/transports/pty.ts'
import { frame, hex, toHex } from './rig.ts'
import { VendorClient } from './vendor-client.ts'
import { threeJoints } from './world.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** Until it is so; a test that waits for ever ends at its own limit. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((turn) => setTimeout(turn, 1))
}

/** The three servos on a pty, tapped, and a vendor's program at its other end. */
async function served(options: SimulationOptions = {}) {
  const sim = simulationOf(simulated(threeJoints(), options))
  const frames: WireFrame[] = []
  sim.tap((one) => frames.push(one))
  const bus = serveOnPty(sim, 'servos', await openPty())
  closers.push(() => bus.close())
  const connect = async (baudRate?: number): Promise<VendorClient> => {
    const client = await VendorClient.open(bus.path, baudRate)
    closers.push(() => client.close().catch(() => {}))
    return client
  }
  return { sim, bus, frames, connect, client: await connect() }
}

const from = (frames: readonly WireFrame[], side: WireFrame['from']): string[] =>
  frames.filter((one) => one.from === side).map(({ bytes }) => toHex(bytes))

describe('a bus on a pty, through the real serialport at 1,000,000 baud', { timeout: 60_000 }, () => {
  it('says where it is, how fast, and who is on it', async () => {
    const { bus } = await served()
    expect(bus).toMatchObject({
      bus: 'servos',
      path: expect.stringMatching(/^\/dev\//),
      baudRate: 1_000_000,
      ids: [1, 2, 3],
    })
  })

  it('is refused to a bus of transactions, before anything is taken', async () => {
    const head = defineRobot('head', {
      buses: { pwm: pca9685({ port: i2c({ bus: 1 }) }) },
      joints: {
        pan: {
          servo: hobbyServo('pwm', 0, { speed: degPerSec(300), assumed: 0 }),
          position: [deg(-80), deg(80)],
          velocity: degPerSec(90),
          stop: 'park',
        },
      },
    })
    const pty = await openPty()
    closers.push(() => pty.close())
    expect(() => serveOnPty(simulationOf(simulated(head.with({}))), 'pwm', pty)).toThrow(
      expect.objectContaining({ code: 'TENDON_SIM_NO_STREAM' }),
    )
    expect(pty.connection.isOpen).toBe(true)
  })

  it('answers the literal frames of the vendor, and the wire carries them byte by byte on both sides', async () => {
    const { client, frames, sim } = await served()
    const exchanges: [string, string][] = [
      ['FF FF 01 02 01 FB', 'FF FF 01 02 00 FC'],
      ['FF FF 01 04 02 38 02 BE', 'FF FF 01 04 00 00 08 F2'],
      ['FF FF 01 05 03 2A 00 08 C4', 'FF FF 01 02 00 FC'],
      ['FF FF FE 02 05 FA', ''],
      [
        'FF FF FE 08 82 38 02 01 02 03 04 33',
        'FF FF 01 04 00 00 08 F2 FF FF 02 04 00 00 08 F1 FF FF 03 04 00 00 08 F0',
      ],
      ['FF FF FE 04 03 28 00 D2', ''],
    ]
    for (const [sent, answered] of exchanges) {
      expect(toHex(Uint8Array.from(await client.raw(hex(sent), answered === '' ? 0 : hex(answered).length)))).toBe(
        answered,
      )
      await until(() => frames.at(-1)?.from === (answered === '' ? 'host' : 'servo'))
    }
    expect(from(frames, 'host')).toEqual(exchanges.map(([sent]) => sent))
    expect(from(frames, 'servo').join(' ')).toBe(exchanges.flatMap(([, answered]) => answered || []).join(' '))
    expect(sim.bus('servos').collisions).toBe(0)
  })

  it('what the wire carries is what the program sent and what came to it, over hundreds of exchanges', async () => {
    const { client, frames } = await served()
    let ok = 0
    for (let i = 0; i < 100; i++) {
      const id = 1 + (i % 3)
      if ((await client.writeWord(id, 42, 2000 + i)).result === 'success') ok++
      if ((await client.readWord(id, 42)) === 2000 + i) ok++
      if ((await client.syncRead(56, 15, [1, 2, 3])).size === 3) ok++
    }
    expect(ok).toBe(300)
    expect(from(frames, 'host').join(' ')).toBe(toHex(Uint8Array.from(client.sent)))
    expect(from(frames, 'servo').join(' ')).toBe(toHex(Uint8Array.from(client.came)))
    for (const { bytes } of frames) {
      expect([...bytes.subarray(0, 2), bytes.length]).toEqual([0xff, 0xff, (bytes[3] as number) + 4])
      const sum = bytes.subarray(2, -1).reduce((total, byte) => total + byte, 0)
      expect(bytes.at(-1)).toBe(~sum & 0xff)
    }
  })

  it('never has two frames on the wire at once, and each takes ten bits a byte and its servo’s return delay', async () => {
    const { client, frames } = await served({ joints: { lift: { registers: { returnDelay: 250 } } } })
    for (let i = 0; i < 20; i++) await client.syncRead(56, 2, [1, 2, 3])
    const began = ({ at, bytes }: WireFrame): number => at - bytes.length * 1e-5
    for (const [index, one] of frames.entries()) {
      const before = frames[index - 1]
      if (before) expect(began(one)).toBeGreaterThan(before.at - 1e-9)
      if (one.from === 'servo' && one.bytes[2] === 2) expect(began(one) - (before?.at ?? 0)).toBeCloseTo(250 * 2e-6, 9)
    }
    expect(frames).toHaveLength(80)
  })
})

describe('a vendor’s program', { timeout: 60_000 }, () => {
  it('pings, and an absent id stays silent', async () => {
    const { client, frames } = await served()
    for (const id of [1, 2, 3]) expect(await client.ping(id)).toEqual({ result: 'success', error: 0, data: [] })
    expect(await client.readWord(2, 3)).toBe(777)
    const before = from(frames, 'servo').length
    client.latencyMs = 50
    expect((await client.ping(4)).result).toBe('timeout')
    expect(from(frames, 'servo')).toHaveLength(before)
  })

  it('finds all by a broadcast ping, in the order of their ids', async () => {
    const { client } = await served({ joints: { pan: { registers: { id: 200 } } } })
    expect(await client.broadcastPing(3)).toEqual([2, 3, 200])
  })

  it('moves a servo and reads it on its way and where it arrives', async () => {
    const { client } = await served()
    await client.write(1, 40, [1])
    await client.write(1, 41, [0, ...[0x9c, 0x08], 0, 0, ...[100, 0]])
    const seen = new Set<number | undefined>()
    while ((await client.read(1, 66, 1)).data[0] === 1) seen.add(await client.readWord(1, 56))
    expect(await client.readWord(1, 56)).toBe(2204)
    expect(seen.size).toBeGreaterThan(1)
  })

  it('writes to and reads from several at once, in the order in which it lists them', async () => {
    const { client, frames } = await served()
    await client.syncWrite(
      42,
      new Map([
        [3, 1900],
        [1, 2100],
      ]),
    )
    const goals = await client.syncRead(42, 2, [3, 1, 2])
    expect([...goals]).toEqual([
      [3, [0x6c, 0x07]],
      [1, [0x34, 0x08]],
      [2, [0x00, 0x08]],
    ])
    expect(from(frames, 'servo').map((one) => one.slice(6, 8))).toEqual(['03', '01', '02'])
  })

  it('gets the others of a joined reading when one is absent', async () => {
    const { client } = await served()
    client.latencyMs = 500
    expect([...(await client.syncRead(56, 2, [1, 9, 3])).keys()]).toEqual([1, 3])
  })

  it('holds writes back until an action releases them all at once', async () => {
    const { client } = await served()
    await client.regWrite(1, 42, [0x64, 0])
    await client.regWrite(2, 42, [0xc8, 0])
    expect([...(await client.read(1, 64, 1)).data]).toEqual([1])
    expect(await client.readWord(1, 42)).toBe(2048)
    await client.action()
    expect([await client.readWord(1, 42), await client.readWord(2, 42)]).toEqual([100, 200])
    expect([...(await client.read(1, 64, 1)).data]).toEqual([0])
  })

  it('keeps over a power cycle what it wrote with the lock open, and nothing else', async () => {
    const { client, sim } = await served()
    await client.write(1, 21, [9])
    sim.powerCycle()
    expect([...(await client.read(1, 21, 1)).data]).toEqual([32])
    await client.write(1, 55, [0])
    await client.write(1, 21, [9])
    await client.write(1, 55, [1])
    await client.write(1, 22, [9])
    sim.powerCycle()
    expect([...(await client.read(1, 21, 2)).data]).toEqual([9, 32])
  })

  it('gives a servo another id and finds it there, also when it comes back later', async () => {
    const { client, connect, bus } = await served()
    await client.write(2, 55, [0])
    expect((await client.write(2, 5, [42])).result).toBe('success')
    expect((await client.ping(42)).result).toBe('success')
    client.latencyMs = 50
    expect((await client.ping(2)).result).toBe('timeout')
    client.latencyMs = 5000
    await client.write(42, 55, [1])
    await client.close()
    expect((await (await connect()).ping(42)).result).toBe('success')
    expect(bus.ids).toEqual([1, 42, 3])
  })

  it('sets another baud rate and goes on with it: a pty hears all', async () => {
    const { client, connect } = await served()
    await client.write(1, 6, [4])
    await client.close()
    const slow = await connect(115_200)
    expect((await slow.ping(1)).result).toBe('success')
    expect([...(await slow.read(1, 6, 1)).data]).toEqual([4])
  })

  it('sees an alarm in the status byte of every reply, with good data', async () => {
    const { client, sim } = await served()
    sim.faults.overload('lift')
    expect(await client.read(2, 56, 2)).toEqual({ result: 'success', error: 32, data: [0, 8] })
    sim.faults.heat('lift', 80)
    expect((await client.ping(2)).error).toBe(36)
    expect((await client.ping(1)).error).toBe(0)
  })

  it('restores a servo to what it was at the factory, but for id and baud rate', async () => {
    const { client } = await served()
    await client.write(3, 55, [0])
    await client.write(3, 21, [9])
    expect((await client.instruct(3, 0x06)).result).toBe('success')
    expect([...(await client.read(3, 21, 1)).data]).toEqual([32])
    expect((await client.ping(3)).result).toBe('success')
  })

  it('comes, goes and comes again, and so does the next one: servos keep what they were told', async () => {
    const { client, connect } = await served()
    await client.writeWord(1, 46, 321)
    await client.close()
    for (let i = 0; i < 3; i++) {
      const next = await connect()
      expect(await next.readWord(1, 46)).toBe(321)
      await next.close()
    }
  })

  it('that never reads what comes back stops nobody: what does not fit is lost, and later replies come', async () => {
    const { client, frames } = await served()
    client.pause()
    // Two hundred replies of 246 bytes: more than any terminal holds.
    for (let i = 0; i < 200; i++) {
      await client.raw(frame(1, 2, 0, 240), 0)
      await until(() => from(frames, 'servo').length > i)
    }
    client.resume()
    expect((await client.ping(1)).result).toBe('success')
  })
})

describe('faults on a pty', { timeout: 60_000 }, () => {
  it('that are scheduled begin and end while a program talks', async () => {
    const { client, sim } = await served()
    const end = scheduleFaults(sim, systemClock, ['pan=silent', 'lift=overload'])
    expect(await client.ping(2)).toMatchObject({ result: 'success', error: 32 })
    client.latencyMs = 50
    expect((await client.ping(1)).result).toBe('timeout')
    client.latencyMs = 5000
    end()
    expect((await client.ping(1)).result).toBe('success')
    expect(await client.ping(2)).toMatchObject({ result: 'success', error: 0 })
  })

  it('a cable that is out lets nothing through, and the same program goes on when it is back', async () => {
    const { client, sim } = await served()
    sim.faults.unplug('servos')
    client.latencyMs = 50
    expect((await client.ping(1)).result).toBe('timeout')
    client.latencyMs = 5000
    sim.faults.plug('servos')
    expect((await client.ping(1)).result).toBe('success')
  })
})
