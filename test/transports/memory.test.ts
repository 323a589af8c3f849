import { describe, expect, it } from 'vitest'
import type { Problem } from '../../src/base/problem.ts'
import type { ByteConnection } from '../../src/device/transport.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { MemoryTransport, memoryPair } from '../../src/transports/memory.ts'

function collect(connection: ByteConnection): number[] {
  const seen: number[] = []
  connection.onBytes((chunk) => seen.push(...chunk))
  return seen
}

describe('a pair of connections in memory', () => {
  it('delivers in a later turn and in order, never inside write', async () => {
    const clock = new VirtualClock()
    const { host, device } = memoryPair({ clock })
    const seen = collect(device)
    host.write(Uint8Array.of(1, 2))
    host.write(Uint8Array.of(3))
    expect(seen).toEqual([])
    await clock.settle()
    expect(seen).toEqual([1, 2, 3])
    expect(clock.pending).toBe(0)
  })

  it('takes a copy, so that the writer may use its buffer again', async () => {
    const clock = new VirtualClock()
    const { host, device } = memoryPair({ clock })
    const seen = collect(device)
    const buffer = Uint8Array.of(7)
    host.write(buffer)
    buffer[0] = 9
    await clock.settle()
    expect(seen).toEqual([7])
  })

  it('answers a listener that writes from inside its callback in a further turn', async () => {
    const clock = new VirtualClock()
    const { host, device } = memoryPair({ clock })
    let depth = 0
    let deepest = 0
    const count = (connection: ByteConnection, left: number): void => {
      connection.onBytes((chunk) => {
        depth++
        deepest = Math.max(deepest, depth)
        if ((chunk[0] as number) < left) connection.write(Uint8Array.of((chunk[0] as number) + 1))
        depth--
      })
    }
    count(host, 10)
    count(device, 10)
    host.write(Uint8Array.of(0))
    await clock.settle()
    expect(deepest).toBe(1)
  })

  it('drops what is under way when the cable is pulled, and tells both ends once', async () => {
    const clock = new VirtualClock()
    const { host, device, lose } = memoryPair({ clock, address: 'bench' })
    const seen = collect(device)
    const problems: Problem[] = []
    host.onLost((lost) => problems.push(lost))
    device.onLost((lost) => problems.push(lost))
    host.write(Uint8Array.of(1))
    lose('scissors')
    lose('again')
    expect(problems).toEqual([])
    expect(() => host.write(Uint8Array.of(2))).toThrow(/TENDON_LINK_CLOSED/)
    await clock.settle()
    expect(seen).toEqual([])
    expect(problems.map(({ code, facts }) => [code, facts.reason])).toEqual([
      ['TENDON_LINK_LOST', 'scissors'],
      ['TENDON_LINK_LOST', 'scissors'],
    ])
  })

  it('delivers what was written before close, and then the other end is lost', async () => {
    const clock = new VirtualClock()
    const { host, device } = memoryPair({ clock })
    const seen: (number | string)[] = []
    device.onBytes((chunk) => seen.push(...chunk))
    device.onLost((lost) => seen.push(lost.code))
    host.onLost(() => seen.push('the closer is not told'))
    host.write(Uint8Array.of(1))
    await clock.run(host.close())
    expect(seen).toEqual([1, 'TENDON_LINK_LOST'])
    expect(device.isOpen).toBe(false)
    expect(clock.pending).toBe(0)
  })

  it('goes on to the next listener when one throws', async () => {
    const clock = new VirtualClock()
    const { host, device } = memoryPair({ clock })
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning)
    process.on('warning', onWarning)
    device.onBytes(() => {
      throw new Error('a bad listener')
    })
    const seen = collect(device)
    host.write(Uint8Array.of(5))
    await clock.settle()
    await clock.settle()
    process.off('warning', onWarning)
    expect(seen).toEqual([5])
    expect(warnings.map((warning) => warning.message)).toEqual(['a bad listener'])
  })

  it('ends a subscription without touching another one of the same function', async () => {
    const clock = new VirtualClock()
    const { host, device } = memoryPair({ clock })
    let calls = 0
    const listener = (): void => void calls++
    const end = device.onBytes(listener)
    device.onBytes(listener)
    end()
    end()
    host.write(Uint8Array.of(1))
    await clock.settle()
    expect(calls).toBe(1)
  })
})

describe('a memory transport', () => {
  it('gives the device end to connect at each open, with nothing left of the link before', async () => {
    const clock = new VirtualClock()
    const ends: number[][] = []
    const transport = new MemoryTransport({ connect: (device) => void ends.push(collect(device)) })
    const first = await transport.open({ clock })
    first.write(Uint8Array.of(1))
    transport.unplug()
    await clock.settle()
    await expect(transport.open({ clock })).rejects.toMatchObject({ code: 'TENDON_PORT_OPEN_FAILED' })
    transport.plug()
    const second = await transport.open({ clock })
    second.write(Uint8Array.of(2))
    await clock.settle()
    expect(ends).toEqual([[], [2]])
  })

  it('is busy while it is open', async () => {
    const clock = new VirtualClock()
    const transport = new MemoryTransport({ connect: () => {} })
    const host = await transport.open({ clock })
    await expect(transport.open({ clock })).rejects.toMatchObject({ problem: { facts: { kind: 'busy' } } })
    await clock.run(host.close())
    await expect(transport.open({ clock })).resolves.toMatchObject({ isOpen: true })
  })
})
