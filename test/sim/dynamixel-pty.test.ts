import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { scheduleFaults, serveOnPty, simulated, simulationOf, type WireFrame } from '../../src/sim/index.ts'
import { openPty } from '../../src/transports/pty.ts'
import { SdkClient } from './dynamixel-client.ts'
import { status } from './dynamixel-rig.ts'
import { dynamixelRobot } from './dynamixel-world.ts'
import { hex, toHex } from './rig.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** The servos on a pty, tapped, and a program of the maker's kind at its other end. */
async function served() {
  const sim = simulationOf(simulated(dynamixelRobot()))
  const frames: WireFrame[] = []
  sim.tap((one) => frames.push(one))
  const bus = serveOnPty(sim, 'servos', await openPty())
  closers.push(() => bus.close())
  const connect = async (baudRate?: number): Promise<SdkClient> => {
    const client = await SdkClient.open(bus.path, baudRate)
    closers.push(() => client.close().catch(() => {}))
    return client
  }
  return { sim, bus, frames, connect, client: await connect() }
}

describe('Dynamixels on a pty, through the real serialport', { timeout: 60_000 }, () => {
  it('say where they are, how fast, and who is there', async () => {
    const { bus } = await served()
    expect(bus).toMatchObject({ bus: 'servos', baudRate: 1_000_000, ids: [1, 2, 3, 4] })
  })

  it('answer the published frames byte by byte', async () => {
    const { client } = await served()
    const exchanges: [string, string][] = [
      ['FF FF FD 00 01 03 00 01 19 4E', status(1, 0, 0xfc, 0x03, 48)],
      ['FF FF FD 00 01 09 00 03 74 00 00 02 00 00 CA 89', status(1, 0)],
      ['FF FF FD 00 01 0A 00 03 74 00 FF FF FD FD 00 21 E7', status(1, 6)],
      ['FF FF FD 00 01 06 00 03 62 00 00 76 E4', status(1, 0)],
      ['FF FF FD 00 01 03 00 08 2F 4E', status(1, 0)],
      ['FF FF FD 00 FE 06 00 03 40 00 00 2E 16', ''],
    ]
    for (const [sent, answered] of exchanges) {
      const bytes = answered === '' ? 0 : hex(answered).length
      expect(toHex(Uint8Array.from(await client.raw(hex(sent), bytes)))).toBe(answered)
    }
  })

  it('are found by a broadcast ping, in the order of their ids', async () => {
    const { client } = await served()
    expect(await client.broadcastPing(4)).toEqual([1, 2, 3, 4])
    client.patienceMs = 50
    expect((await client.ping(9)).result).toBe('timeout')
  })

  it('understand a program that does not stuff, also its write of 0x00FDFFFF', async () => {
    const { client, frames } = await served()
    expect(await client.write(1, 116, 0x00fdffff, 4)).toMatchObject({ result: 'success', error: 6 })
    expect(toHex((frames[0] as WireFrame).bytes).slice(12, 41)).toBe('01 09 00 03 74 00 FF FF FD 00')
    expect(await client.write(1, 100, 0x00fdffff, 4)).toMatchObject({ result: 'success', error: 0 })
    expect([await client.read(1, 100, 2), await client.read(1, 102, 2)]).toEqual([0xffff, 0xfd])
    // What comes back is stuffed, and the program takes it out again.
    expect(await client.read(1, 100, 4)).toBe(0x00fdffff)
    expect(toHex((frames.at(-1) as WireFrame).bytes)).toContain('55 00 FF FF FD FD 00')
  })

  it('are moved and read, one by one and together, in many frames and in one', async () => {
    const { client, sim } = await served()
    for (const id of [1, 2]) {
      await client.write(id, 108, 100, 4)
      await client.write(id, 64, 1, 1)
    }
    await client.send(0xfe, 0x83, [116, 0, 4, 0, 1, 0xfc, 0x08, 0, 0, 2, 0x04, 0x07, 0, 0])
    const goals = [...(await client.syncRead(116, 4, [1, 2, 3]))]
    expect(goals).toEqual([
      [1, 2300],
      [2, 1796],
      [3, 1796],
    ])
    for (let i = 0; i < 2000 && (await client.fastSyncRead(132, 4, [1, 2, 3])).get(1) !== 2300; i++);
    expect([...(await client.fastSyncRead(132, 4, [3, 1, 2]))]).toEqual([
      [3, 1796],
      [1, 2300],
      [2, 1796],
    ])
    expect(sim.servo('pan').powered).toBe(true)
  })

  it('carry what the program sent and what came to it, over hundreds of exchanges', async () => {
    const { client, frames } = await served()
    let ok = 0
    for (let i = 0; i < 100; i++) {
      const id = 1 + (i % 4)
      if ((await client.write(id, 84, i, 2)).result === 'success') ok++
      if ((await client.read(id, 84, 2)) === i) ok++
      if ((await client.syncRead(126, 10, [1, 2, 3, 4])).size === 4) ok++
    }
    expect(ok).toBe(300)
    const of = (side: WireFrame['from']) => frames.filter((one) => one.from === side).flatMap(({ bytes }) => [...bytes])
    expect(of('host')).toEqual(client.sent)
    expect(of('servo')).toEqual(client.came)
  })

  it('keep a baud rate and an id that a program writes, for the next one', async () => {
    const { client, connect, bus } = await served()
    await client.write(1, 7, 42, 1)
    await client.write(42, 8, 1, 1)
    await client.close()
    const next = await connect(57_600)
    expect(await next.read(42, 8, 1)).toBe(1)
    expect(bus.ids).toEqual([42, 2, 3, 4])
  })

  it('shut down, say so in every reply, and come back by a reboot', async () => {
    const { client, sim } = await served()
    await client.write(1, 64, 1, 1)
    sim.faults.overload('pan')
    expect(await client.ping(1)).toMatchObject({ result: 'success', error: 0, alert: true })
    expect([await client.read(1, 70, 1), await client.read(1, 64, 1)]).toEqual([32, 0])
    await client.write(1, 64, 1, 1)
    expect(await client.read(1, 64, 1)).toBe(0)
    expect((await client.instruct(1, 0x08)).result).toBe('success')
    expect(await client.write(1, 64, 1, 1)).toMatchObject({ alert: false })
    expect(await client.read(1, 64, 1)).toBe(1)
  })

  it('fall silent and come back as faults on this machine’s clock begin and end', async () => {
    const { client, sim } = await served()
    const end = scheduleFaults(sim, systemClock, ['pan=silent', 'lift=over-temperature:90'])
    expect(await client.ping(2)).toMatchObject({ alert: true })
    client.patienceMs = 50
    expect((await client.ping(1)).result).toBe('timeout')
    client.patienceMs = 5000
    end()
    expect((await client.ping(1)).result).toBe('success')
  })
})
