import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ByteConnection } from '../../src/device/transport.ts'
import { Listeners } from '../../src/sim/listeners.ts'
import { playback, streamTo } from '../../src/sim/recording.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'

const bytes = Uint8Array.from({ length: 100 }, (_, i) => i)
/** 4800 baud: 480 bytes a second. */
const baudRate = 4800

async function listen(options: Parameters<typeof playback>[0], clock = new VirtualClock()) {
  const connection = await playback(options).open({ clock })
  const chunks: { at: number; bytes: Uint8Array }[] = []
  connection.onBytes((chunk) => chunks.push({ at: clock.now(), bytes: chunk }))
  const heard = (): number[] => chunks.flatMap((chunk) => [...chunk.bytes])
  return { clock, connection, chunks, heard }
}

describe('playback', () => {
  it('delivers all bytes in order, none before the wire has carried it', async () => {
    const { clock, chunks, heard } = await listen({ bytes, baudRate })
    await clock.advance(1)
    expect(heard()).toEqual([...bytes])
    expect(chunks.length).toBeGreaterThan(40)
    let before = 0
    for (const chunk of chunks) {
      before += chunk.bytes.length
      expect(chunk.at).toBeGreaterThanOrEqual((before * 10) / baudRate - 1e-9)
    }
    expect(chunks.at(-1)?.at).toBeCloseTo(1000 / baudRate, 9)
    expect(clock.pending).toBe(0)
  })

  it('begins again at the end when it loops, without a gap, until it is closed', async () => {
    const { clock, connection, heard } = await listen({ bytes, baudRate, loop: true })
    await clock.advance(1)
    expect(heard().length).toBeGreaterThanOrEqual(476)
    expect(heard().length).toBeLessThanOrEqual(480)
    expect(heard()).toEqual(Array.from({ length: heard().length }, (_, i) => i % 100))
    await connection.close()
    expect(clock.pending).toBe(0)
    expect(() => connection.write(bytes)).toThrow(expect.objectContaining({ code: 'TENDON_LINK_CLOSED' }))
  })

  it('reads a file at each open, and says which one is missing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tendon-'))
    const file = join(folder, 'heading.bin')
    await writeFile(file, bytes)
    const { clock, heard } = await listen({ file, baudRate })
    await clock.advance(1)
    expect(heard()).toEqual([...bytes])
    await rm(folder, { recursive: true })
    const missing = playback({ file, baudRate }).open({ clock })
    await expect(missing).rejects.toMatchObject({ code: 'TENDON_PORT_OPEN_FAILED', problem: { facts: { port: file } } })
  })

  it('an empty recording is silence, looped or not', async () => {
    const { clock, heard } = await listen({ bytes: new Uint8Array(0), baudRate, loop: true })
    await clock.advance(1)
    expect(heard()).toEqual([])
    expect(clock.pending).toBe(0)
  })
})

describe('streamTo', () => {
  function sink(): ByteConnection & { readonly written: number[]; open: boolean } {
    const listeners = new Listeners<Uint8Array>()
    const written: number[] = []
    return {
      written,
      open: true,
      get isOpen() {
        return this.open
      },
      write: (chunk) => void written.push(...chunk),
      onBytes: (listener) => listeners.add(listener),
      onLost: () => () => {},
      close: async () => {},
    }
  }

  it('writes all bytes at the pace of the wire, and says when it has ended', async () => {
    const clock = new VirtualClock()
    const connection = sink()
    const stream = streamTo(connection, bytes, { baudRate, clock })
    await clock.advance(0.1)
    expect(connection.written.length).toBeLessThanOrEqual(48)
    expect(connection.written.length).toBeGreaterThanOrEqual(46)
    await clock.run(stream.ended)
    expect(clock.now()).toBeCloseTo(1000 / baudRate, 9)
    expect(connection.written).toEqual([...bytes])
    expect(clock.pending).toBe(0)
  })

  it('ends when it is stopped, and when the connection has closed', async () => {
    const clock = new VirtualClock()
    const first = streamTo(sink(), bytes, { baudRate, clock, loop: true })
    await clock.advance(0.5)
    first.stop()
    await first.ended
    expect(clock.pending).toBe(0)
    const connection = sink()
    const second = streamTo(connection, bytes, { baudRate, clock, loop: true })
    await clock.advance(0.5)
    connection.open = false
    await clock.run(second.ended)
    expect(clock.pending).toBe(0)
  })
})
