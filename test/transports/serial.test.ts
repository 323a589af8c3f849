import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { type Problem, TendonError } from '../../src/base/problem.ts'
import type { ByteConnection } from '../../src/device/transport.ts'
import { openPty, type Pty } from '../../src/transports/pty.ts'
import { serial } from '../../src/transports/serial.ts'

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, i) => i)
const AWKWARD = Uint8Array.from([0x03, 0x0a, 0x0d, 0x0d, 0x0a, 0x11, 0x13, 0x04, 0x1a, 0x00, 0xff, 0xff, 0x7f])

/** Resolves once `count` bytes have arrived. */
function bytesOf(connection: ByteConnection, count: number): Promise<number[]> {
  return new Promise((resolve) => {
    const seen: number[] = []
    const end = connection.onBytes((chunk) => {
      seen.push(...chunk)
      if (seen.length < count) return
      end()
      resolve(seen)
    })
  })
}

const lossOf = (connection: ByteConnection): Promise<Problem> =>
  new Promise((resolve) => {
    connection.onLost(resolve)
  })

async function refusal(promise: Promise<unknown>): Promise<Problem> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(thrown instanceof TendonError)) throw new Error('a TendonError was expected')
  return thrown.problem
}

describe('a serial port on a pseudo terminal', () => {
  let pty: Pty | undefined
  let host: ByteConnection | undefined
  const opened = async (): Promise<{ host: ByteConnection; device: ByteConnection; pty: Pty }> => {
    const line = await openPty()
    pty = line
    const end = await serial({ path: line.path, baudRate: 1_000_000 }).open({ clock: systemClock })
    host = end
    return { host: end, device: line.connection, pty: line }
  }
  afterEach(async () => {
    await host?.close()
    await pty?.close()
    host = pty = undefined
  })

  it('carries every byte unchanged in both directions', async () => {
    const { host, device } = await opened()
    const sent = Uint8Array.from([...EVERY_BYTE, ...AWKWARD])
    const there = bytesOf(device, sent.length)
    host.write(sent)
    expect(await there).toEqual([...sent])
    const back = bytesOf(host, sent.length)
    device.write(sent)
    expect(await back).toEqual([...sent])
  })

  it('gives the host nothing of its own writes back', async () => {
    const { host, device } = await opened()
    const seen: number[] = []
    host.onBytes((chunk) => seen.push(...chunk))
    const there = bytesOf(device, AWKWARD.length)
    host.write(AWKWARD)
    await there
    const back = bytesOf(host, 1)
    device.write(Uint8Array.of(0x55))
    await back
    expect(seen).toEqual([0x55])
  })

  it('refuses a write after close, and sends nothing of it to the next opening', async () => {
    const { host: first, device, pty } = await opened()
    await first.close()
    expect(first.isOpen).toBe(false)
    expect(() => first.write(Uint8Array.of(1))).toThrow(/TENDON_LINK_CLOSED/)
    const again = await serial({ path: pty.path, baudRate: 1_000_000 }).open({ clock: systemClock })
    host = again
    const there = bytesOf(device, 1)
    again.write(Uint8Array.of(2))
    expect(await there).toEqual([2])
  })

  it('delivers what was written right before close', async () => {
    const { host, device } = await opened()
    const there = bytesOf(device, 8)
    host.write(Uint8Array.of(0xff, 0xff, 0xfe, 4, 3, 0x28, 0, 0xd2))
    await host.close()
    expect(await there).toEqual([0xff, 0xff, 0xfe, 4, 3, 0x28, 0, 0xd2])
  })

  it('notices an unplug while idle, tells it once, refuses writes, and close returns', async () => {
    const { host, pty } = await opened()
    const problems: Problem[] = []
    host.onLost((gone) => problems.push(gone))
    const lost = lossOf(host)
    await pty.close()
    expect((await lost).code).toBe('TENDON_LINK_LOST')
    expect(host.isOpen).toBe(false)
    expect(() => host.write(Uint8Array.of(1))).toThrow(/TENDON_LINK_CLOSED/)
    await host.close()
    expect(problems).toHaveLength(1)
  })

  it('tells a loss that a failing write shows in a later turn, not inside the write', async () => {
    const { host, pty } = await opened()
    let told = false
    host.onLost(() => {
      told = true
    })
    const lost = lossOf(host)
    await pty.close()
    for (let tries = 0; tries < 1000 && host.isOpen; tries++) {
      try {
        host.write(Uint8Array.of(1))
      } catch (error) {
        expect((error as TendonError).code).toBe('TENDON_LINK_CLOSED')
        expect(told).toBe(false)
      }
    }
    expect((await lost).power).toBe('unknown')
  })

  it('says that the port is busy while another connection holds it, and which program that is', async () => {
    const { pty } = await opened()
    const problem = await refusal(serial({ path: pty.path, baudRate: 1_000_000 }).open({ clock: systemClock }))
    expect(problem).toMatchObject({ code: 'TENDON_PORT_BUSY', facts: { port: pty.path } })
    const { holders } = problem.facts as { holders: { pid: number; program: string }[] }
    expect(holders.map(({ pid }) => pid)).toContain(process.pid)
    expect(problem.what).toContain(`(process ${process.pid})`)
    expect(problem.fix).toBe(`ps -fp ${holders[0]?.pid}`)
  })

  it('names the holder by the real device also where the port was named by a link', async () => {
    const { pty } = await opened()
    const folder = await mkdtemp(join(tmpdir(), 'tendon-link-'))
    const link = join(folder, 'arm')
    await symlink(pty.path, link)
    const problem = await refusal(serial({ path: link, baudRate: 1_000_000 }).open({ clock: systemClock }))
    await rm(folder, { recursive: true })
    expect(problem).toMatchObject({ code: 'TENDON_PORT_BUSY', facts: { port: link } })
    expect(problem.what).toContain(`(process ${process.pid})`)
  })

  it('says that the port is missing', async () => {
    const problem = await refusal(serial({ path: '/dev/tty-not-there', baudRate: 9600 }).open({ clock: systemClock }))
    expect(problem).toMatchObject({ code: 'TENDON_PORT_MISSING', facts: { port: '/dev/tty-not-there' } })
  })

  it('says that a plain file is not a port', async () => {
    const problem = await refusal(serial({ path: '/etc/hostname', baudRate: 9600 }).open({ clock: systemClock }))
    expect(problem).toMatchObject({ code: 'TENDON_PORT_NOT_A_TTY', facts: { port: '/etc/hostname' } })
  })
})
