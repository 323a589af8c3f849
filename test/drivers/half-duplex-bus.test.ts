import { describe, expect, it } from 'vitest'
import type { Clock } from '../../src/base/clock.ts'
import { TendonError } from '../../src/base/problem.ts'
import type { ByteConnection } from '../../src/device/transport.ts'
import { encodeFrame, type Frame } from '../../src/drivers/feetech/frame.ts'
import { ALL_OFF } from '../../src/drivers/feetech/motion-frames.ts'
import * as requests from '../../src/drivers/feetech/requests.ts'
import { HalfDuplexBus, type HalfDuplexOptions } from '../../src/drivers/half-duplex-bus.ts'
import type { LineRequest } from '../../src/drivers/line-request.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { MemoryTransport } from '../../src/transports/memory.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const STOP = hex(ALL_OFF)

/** A bus whose other end is the test itself: it sees what was sent, and answers by hand. */
async function rig(options: HalfDuplexOptions = {}) {
  const clock = new VirtualClock()
  const sent: string[] = []
  let device: ByteConnection | undefined
  const port = new MemoryTransport({
    address: 'bench',
    baudRate: 1_000_000,
    connect: (end) => {
      device = end
      end.onBytes((chunk) => sent.push(hex(chunk)))
    },
  })
  const bus = new HalfDuplexBus<Frame>(port, { clock }, requests.feetechProtocol, options)
  await bus.open()
  const reply = async (...frames: Uint8Array[]): Promise<void> => {
    device?.write(Buffer.concat(frames))
    await clock.settle()
  }
  return { clock, sent, bus, reply, port }
}

const read = (id: number, address = 56, tries = 1, count = 2): LineRequest =>
  requests.read(id, address, count, { label: `read ${address} of ${id}`, tries })
const write = (id: number, value: number, droppedByStop = true): LineRequest =>
  requests.write(id, 40, Uint8Array.of(value), { label: `write ${id}`, tries: 1, droppedByStop })
const answer = (id: number, ...params: number[]): Uint8Array => encodeFrame(id, 0, params)

/** What a promise has come to until now. */
function watch<T>(promise: Promise<T>): { value?: T; code?: string } {
  const seen: { value?: T; code?: string } = {}
  promise.then(
    (value) => {
      seen.value = value
    },
    (error: unknown) => {
      seen.code = error instanceof TendonError ? error.code : String(error)
    },
  )
  return seen
}
const params = (seen: { value?: readonly ({ frame: Frame } | undefined)[] }): (number[] | undefined)[] | undefined =>
  seen.value?.map((reply) => reply && [...reply.frame.params])

describe('turns on a half-duplex line', () => {
  it('has one exchange outstanding, and takes the others in order', async () => {
    const { bus, sent, clock, reply } = await rig()
    const first = watch(bus.perform(read(1)))
    const second = watch(bus.perform(read(2)))
    await clock.settle()
    expect(sent).toEqual([hex(read(1).bytes)])
    await reply(answer(1, 5, 6))
    expect(params(first)).toEqual([[5, 6]])
    expect(sent).toEqual([hex(read(1).bytes), hex(read(2).bytes)])
    await reply(answer(2, 7, 8))
    expect(params(second)).toEqual([[7, 8]])
    expect(clock.pending).toBe(0)
  })

  it('drops replies with another id or another length, and counts them', async () => {
    const { bus, reply, clock } = await rig()
    const asked = watch(bus.perform(read(1)))
    await clock.settle()
    await reply(answer(2, 5, 6), answer(1, 5), answer(1, 5, 6, 7))
    expect(asked).toEqual({})
    await reply(answer(1, 1, 2))
    expect(params(asked)).toEqual([[1, 2]])
    expect(bus.health()).toMatchObject({ unexpected: 3, timeouts: 0 })
  })

  it('counts corrupt replies and takes none of them', async () => {
    const { bus, reply, clock } = await rig()
    const asked = watch(bus.perform(read(1)))
    await clock.settle()
    const bad = answer(1, 5, 6)
    bad[5] = 99
    await reply(bad)
    expect(asked).toEqual({})
    expect(bus.health().corrupt).toBe(1)
  })

  it('never takes what came before a question for its answer, even in the same chunk', async () => {
    const { bus, reply, clock } = await rig()
    const first = watch(bus.perform(read(1)))
    const second = watch(bus.perform(read(2)))
    await clock.settle()
    await reply(answer(1, 1, 1), answer(2, 9, 9))
    expect(params(first)).toEqual([[1, 1]])
    expect(second).toEqual({})
    expect(bus.health().unexpected).toBe(1)
  })

  it('never completes a frame that began before the question', async () => {
    const { bus, reply, clock } = await rig()
    await reply(answer(1, 9, 9).subarray(0, 6))
    const asked = watch(bus.perform(read(1)))
    await clock.settle()
    await reply(answer(1, 9, 9).subarray(6))
    expect(asked).toEqual({})
    await reply(answer(1, 1, 1))
    expect(params(asked)).toEqual([[1, 1]])
  })

  it('resolves to what came when some replies of a joined request are missing', async () => {
    const { bus, reply, clock } = await rig()
    const joined = watch(bus.perform(requests.syncRead([1, 2, 3], 56, 2, { label: 'joined', tries: 1 })))
    await clock.settle()
    await reply(answer(3, 3, 3), answer(1, 1, 1))
    await clock.advance(1)
    expect(params(joined)).toEqual([[1, 1], undefined, [3, 3]])
    expect(bus.health().timeouts).toBe(1)
  })

  it('says of each reply when it came, not when the whole request ended', async () => {
    const { bus, reply, clock } = await rig()
    const joined = watch(bus.perform(requests.syncRead([1, 2], 56, 2, { label: 'joined', tries: 1 })))
    await clock.advance(0.01)
    await reply(answer(1, 1, 1))
    await clock.advance(1)
    expect(joined.value?.[0]?.at).toBeCloseTo(0.01, 6)
  })

  it('waits for the bytes at this baud rate, the return delays and the slack, and not longer', async () => {
    const { bus, clock } = await rig({ slack: 0.01, returnDelay: 0.0005 })
    const asked = watch(bus.perform(requests.syncRead([1, 2], 56, 2, { label: 'joined', tries: 1 })))
    const deadline = (10 + 16) * 10e-6 + 2 * 0.0005 + 0.01
    await clock.advance(deadline - 0.0001)
    expect(asked).toEqual({})
    await clock.advance(0.0002)
    expect(params(asked)).toEqual([undefined, undefined])
  })
})

describe('silence', () => {
  it('sends a request as often as its tries say, and then gives undefined', async () => {
    const { bus, sent, clock } = await rig()
    const asked = watch(bus.perform(read(1, 56, 3)))
    await clock.advance(1)
    expect(sent).toHaveLength(3)
    expect(params(asked)).toEqual([undefined])
    expect(bus.health()).toMatchObject({ exchanges: 3, retries: 2, timeouts: 3 })
    expect(clock.pending).toBe(0)
  })

  it('ends the tries with the first answer', async () => {
    const { bus, sent, clock, reply } = await rig()
    const asked = watch(bus.perform(read(1, 56, 3)))
    await clock.advance(0.03)
    await reply(answer(1, 1, 2))
    expect(params(asked)).toEqual([[1, 2]])
    expect(sent).toHaveLength(2)
  })

  it('never takes a late reply for the answer to the next question of the same servo and length', async () => {
    const { bus, sent, clock, reply } = await rig()
    const first = watch(bus.perform(read(1, 56)))
    const second = watch(bus.perform(read(1, 69)))
    await clock.advance(0.03)
    expect(params(first)).toEqual([undefined])
    expect(sent).toHaveLength(1)
    await reply(answer(1, 11, 11))
    expect(second).toEqual({})
    // Now nothing is owed any more, and the question goes out.
    expect(sent).toEqual([hex(read(1, 56).bytes), hex(read(1, 69).bytes)])
    await reply(answer(1, 22, 22))
    expect(params(second)).toEqual([[22, 22]])
  })

  it('is not what a deadline means that this process was too busy to meet: it looks at its input once more', async () => {
    const clock = new VirtualClock()
    let stalled = 0
    const busy: Clock = {
      now: () => clock.now() + stalled,
      wall: () => clock.wall(),
      after: (delay, fn) => clock.after(delay, fn),
      turn: (fn) => clock.turn(fn),
    }
    let device: ByteConnection | undefined
    const port = new MemoryTransport({
      connect: (end) => {
        device = end
      },
    })
    const bus = new HalfDuplexBus<Frame>(port, { clock: busy }, requests.feetechProtocol, { slack: 0.025 })
    await bus.open()
    const asked = watch(bus.perform(read(1)))
    stalled = 0.2
    await clock.advance(0.027)
    expect(asked).toEqual({})
    device?.write(answer(1, 1, 1))
    await clock.settle()
    expect(params(asked)).toEqual([[1, 1]])
    watch(bus.perform(read(1)))
    await clock.advance(1)
    expect(bus.health().timeouts).toBe(1)
  })

  it('puts a question that a late reply could answer off until none can come any more', async () => {
    const { bus, sent, clock } = await rig({ slack: 0.025, lateWindow: 0.05 })
    watch(bus.perform(read(1, 56)))
    watch(bus.perform(read(1, 69)))
    await clock.advance(0.07)
    expect(sent).toHaveLength(1)
    await clock.advance(0.01)
    expect(sent).toHaveLength(2)
  })

  it('never takes a late reading from before a write for the same reading after it', async () => {
    const { bus, sent, clock, reply } = await rig()
    const before = watch(bus.perform(read(1, 40, 1, 1)))
    await clock.advance(0.03)
    expect(params(before)).toEqual([undefined])
    const writing = watch(bus.perform(write(1, 1)))
    await clock.settle()
    await reply(answer(1))
    expect(params(writing)).toEqual([[]])
    const after = watch(bus.perform(read(1, 40, 1, 1)))
    await clock.settle()
    expect(sent).toHaveLength(2)
    await reply(answer(1, 0))
    expect(after).toEqual({})
    expect(sent).toHaveLength(3)
    await reply(answer(1, 1))
    expect(params(after)).toEqual([[1]])
  })

  it('makes nobody wait whose answer cannot be mistaken', async () => {
    const { bus, sent, clock } = await rig()
    watch(bus.perform(read(1, 56)))
    watch(bus.perform(read(2, 56)))
    await clock.advance(0.027)
    expect(sent).toEqual([hex(read(1).bytes), hex(read(2).bytes)])
  })

  it('forgets half a frame when it gives up, so that the next reply is read from its start', async () => {
    const { bus, clock, reply } = await rig()
    const asked = watch(bus.perform(read(1, 56, 2)))
    await clock.settle()
    await reply(answer(1, 1, 2).subarray(0, 6))
    await clock.advance(0.03)
    await reply(answer(1, 3, 4))
    expect(params(asked)).toEqual([[3, 4]])
  })
})

describe('a stop', () => {
  it('is in the hands of the port when the call returns, before anything that waits', async () => {
    const { bus, sent, clock } = await rig()
    watch(bus.perform(read(1)))
    watch(bus.perform(read(2)))
    await clock.settle()
    const before = bus.health().bytesOut
    bus.stop(ALL_OFF)
    expect(bus.health().bytesOut - before).toBe(ALL_OFF.length)
    await clock.settle()
    expect(sent).toEqual([hex(read(1).bytes), STOP])
  })

  it('voids the open exchange and discards waiting writes, and the other promises know why', async () => {
    const { bus, clock, sent } = await rig()
    const open = watch(bus.perform(write(1, 1)))
    const waiting = watch(bus.perform(write(2, 1)))
    const setpoints = watch(bus.writeLatest(() => Uint8Array.of(1, 2, 3)))
    await clock.settle()
    bus.stop(ALL_OFF)
    await clock.advance(1)
    expect([open.code, waiting.code, setpoints.code]).toEqual(new Array(3).fill('TENDON_STOPPED_FIRST'))
    expect(sent).toEqual([hex(write(1, 1).bytes), STOP, STOP])
    expect(clock.pending).toBe(0)
  })

  it('is repeated also where handing over the bytes took longer than the wire needs for them', async () => {
    const virtual = new VirtualClock()
    let spent = 0
    // Each look at the clock finds it a millisecond later: a machine that is slow, or a port whose write blocks.
    const clock: Clock = {
      now: () => {
        spent += 0.001
        return virtual.now() + spent
      },
      wall: () => virtual.wall(),
      after: (delay, fn) => virtual.after(delay, fn),
      turn: (fn) => virtual.turn(fn),
    }
    const sent: string[] = []
    const connect = (end: ByteConnection): void => void end.onBytes((chunk) => sent.push(hex(chunk)))
    const port = new MemoryTransport({ address: 'bench', baudRate: 1_000_000, connect })
    const bus = new HalfDuplexBus<Frame>(port, { clock }, requests.feetechProtocol)
    await virtual.run(bus.open())
    bus.stop(ALL_OFF)
    await virtual.advance(1)
    expect(sent).toEqual([STOP, STOP])
  })

  it('is repeated once, when a reply that it may have met on the wire must be over', async () => {
    const { bus, clock, sent } = await rig({ returnDelay: 0.0005 })
    watch(bus.perform(read(1, 56, 1, 15)))
    await clock.settle()
    bus.stop(ALL_OFF)
    const gap = (8 + ALL_OFF.length + 21) * 10e-6 + 0.0005
    await clock.advance(gap - 0.00001)
    expect(sent.filter((frame) => frame === STOP)).toHaveLength(1)
    await clock.advance(0.00002)
    expect(sent.filter((frame) => frame === STOP)).toHaveLength(2)
    await clock.advance(1)
    expect(sent.filter((frame) => frame === STOP)).toHaveLength(2)
  })

  it('lets nothing else on the wire between its two copies', async () => {
    const { bus, clock, sent } = await rig()
    bus.stop(ALL_OFF)
    watch(bus.perform(read(1)))
    watch(bus.writeLatest(() => Uint8Array.of(0xaa)))
    await clock.advance(0.1)
    expect(sent).toEqual([STOP, STOP, 'aa', hex(read(1).bytes)])
  })

  it('that comes in that gap goes out at once and takes the place of the repetition', async () => {
    const { bus, clock, sent } = await rig()
    bus.stop(Uint8Array.of(1))
    bus.stop(Uint8Array.of(2))
    await clock.advance(0.1)
    expect(sent).toEqual(['01', '02', '02'])
    expect(bus.health().stops).toBe(2)
  })

  it('lets readings and power-off go on afterwards', async () => {
    const { bus, clock, sent, reply } = await rig()
    const reading = watch(bus.perform(read(1)))
    const off = watch(bus.perform(write(2, 0, false)))
    await clock.settle()
    bus.stop(ALL_OFF)
    await clock.advance(0.002)
    expect(sent).toEqual([hex(read(1).bytes), STOP, STOP, hex(write(2, 0).bytes)])
    await reply(answer(2))
    expect(params(off)).toEqual([[]])
    await clock.advance(0.06)
    expect(sent.at(-1)).toBe(hex(read(1).bytes))
    await reply(answer(1, 1, 2))
    expect(params(reading)).toEqual([[1, 2]])
  })

  it('is not looked through by a reading from before it: that question is put again', async () => {
    const { bus, clock, sent, reply } = await rig()
    const torque = watch(bus.perform(read(1, 40, 1, 1)))
    await clock.settle()
    bus.stop(ALL_OFF)
    await clock.advance(0.01)
    await reply(answer(1, 1))
    expect(torque).toEqual({})
    expect(sent.at(-1)).toBe(hex(read(1, 40, 1, 1).bytes))
    await reply(answer(1, 0))
    expect(params(torque)).toEqual([[0]])
  })

  it('throws when the bus is not open, and sends nothing later', async () => {
    const { bus, clock, sent } = await rig()
    await clock.run(bus.close())
    expect(() => bus.stop(ALL_OFF)).toThrow(/TENDON_BUS_CLOSED/)
    await clock.advance(1)
    expect(sent).toEqual([])
  })
})

describe('setpoint writes', () => {
  it('go out at once on a free line', async () => {
    const { bus, clock, sent } = await rig()
    const written = watch(bus.writeLatest(() => Uint8Array.of(1)))
    await clock.settle()
    expect(sent).toEqual(['01'])
    expect('value' in written).toBe(true)
  })

  it('wait for their turn as one, the newest wins, and they go before waiting requests', async () => {
    const { bus, clock, sent, reply } = await rig()
    watch(bus.perform(read(1)))
    watch(bus.perform(read(2)))
    const writes = [1, 2, 3].map((value) => watch(bus.writeLatest(() => Uint8Array.of(value))))
    await clock.settle()
    await reply(answer(1, 1, 2))
    expect(sent).toEqual([hex(read(1).bytes), '03', hex(read(2).bytes)])
    expect(writes.every((seen) => 'value' in seen)).toBe(true)
  })

  it('never run more than 2 ms ahead of the wire', async () => {
    const { bus, clock, sent } = await rig()
    const frame = new Uint8Array(100)
    for (let at = 0; at < 50; at++) watch(bus.writeLatest(() => frame))
    await clock.settle()
    // 1 ms each: three are under way at most before the newest has to wait, however many were asked for.
    expect(sent.length).toBeLessThanOrEqual(3)
    await clock.advance(1)
    expect(sent.length).toBeLessThanOrEqual(4)
    expect(clock.pending).toBe(0)
  })

  it('leave turns to requests, however fast they come', async () => {
    const { bus, clock, reply } = await rig()
    const asked = watch(bus.perform(read(1)))
    const later = watch(bus.perform(read(2)))
    for (let at = 0; at < 20; at++) {
      watch(bus.writeLatest(() => new Uint8Array(20)))
      await clock.advance(0.0005)
      await reply(answer(1, 1, 1))
      await reply(answer(2, 2, 2))
    }
    expect(params(asked)).toEqual([[1, 1]])
    expect(params(later)).toEqual([[2, 2]])
  })
})

describe('bounds and endings', () => {
  it('refuses requests beyond the queue limit, and keeps places for urgent ones', async () => {
    const { bus } = await rig({ queueLimit: 2 })
    watch(bus.perform(read(1)))
    const waiting = [2, 3].map((id) => watch(bus.perform(read(id))))
    await expect(bus.perform(read(4))).rejects.toMatchObject({
      code: 'TENDON_BUS_BUSY',
      problem: { facts: { port: 'bench', limit: 2 } },
    })
    const urgent = [5, 6].map((id) => watch(bus.perform({ ...read(id), urgent: true })))
    await expect(bus.perform({ ...read(7), urgent: true })).rejects.toMatchObject({ code: 'TENDON_BUS_BUSY' })
    expect([...waiting, ...urgent]).toEqual([{}, {}, {}, {}])
  })

  it('takes urgent requests before the others, in their own order', async () => {
    const { bus, clock, sent } = await rig()
    for (const id of [1, 2]) watch(bus.perform(read(id)))
    for (const id of [3, 4]) watch(bus.perform({ ...read(id), urgent: true }))
    await clock.advance(1)
    expect(sent).toEqual([1, 3, 4, 2].map((id) => hex(read(id).bytes)))
  })

  it('ends every promise with the loss when the link is lost, tells it once, and leaves no timer', async () => {
    const { bus, clock, port } = await rig()
    const lost: string[] = []
    bus.onLost((problem) => lost.push(problem.code))
    const open = watch(bus.perform(read(1)))
    const waiting = watch(bus.perform(read(2)))
    const setpoints = watch(bus.writeLatest(() => Uint8Array.of(1)))
    await clock.settle()
    port.unplug()
    await clock.settle()
    expect([open.code, waiting.code, setpoints.code, ...lost]).toEqual(new Array(4).fill('TENDON_LINK_LOST'))
    expect(bus.isOpen).toBe(false)
    expect(clock.pending).toBe(0)
    await expect(bus.perform(read(1))).rejects.toMatchObject({ code: 'TENDON_BUS_CLOSED' })
  })

  it('ends every promise when a write finds the link closed before anybody was told', async () => {
    const { bus, clock, port } = await rig()
    const open = watch(bus.perform(read(1)))
    await clock.settle()
    port.unplug()
    await expect(bus.perform(read(2))).rejects.toMatchObject({ code: 'TENDON_BUS_CLOSED' })
    await clock.settle()
    expect(open.code).toBe('TENDON_LINK_LOST')
    expect(clock.pending).toBe(0)
  })

  it('close ends every promise and leaves no timer, also in the gap of a stop', async () => {
    const { bus, clock, sent } = await rig()
    const open = watch(bus.perform(read(1)))
    const waiting = watch(bus.perform(write(2, 1)))
    await clock.settle()
    bus.stop(ALL_OFF)
    const after = watch(bus.perform(read(3)))
    await clock.run(bus.close())
    expect([open.code, waiting.code, after.code]).toEqual([
      'TENDON_BUS_CLOSED',
      'TENDON_STOPPED_FIRST',
      'TENDON_BUS_CLOSED',
    ])
    expect(clock.pending).toBe(0)
    expect(sent).toEqual([hex(read(1).bytes), STOP])
  })

  it('opens again after a loss with nothing left of before', async () => {
    const { bus, clock, sent, port, reply } = await rig()
    watch(bus.perform(read(1)))
    watch(bus.writeLatest(() => Uint8Array.of(0xbb)))
    await clock.settle()
    port.unplug()
    await clock.settle()
    port.plug()
    await bus.open()
    await clock.advance(1)
    expect(sent).toEqual([hex(read(1).bytes)])
    const asked = watch(bus.perform(read(1)))
    await clock.settle()
    await reply(answer(1, 1, 2))
    expect(params(asked)).toEqual([[1, 2]])
  })

  it('a close while it opens leaves it closed, and the opening says so', async () => {
    const clock = new VirtualClock()
    const port = new MemoryTransport({ connect: () => {} })
    const bus = new HalfDuplexBus<Frame>(port, { clock }, requests.feetechProtocol)
    const opening = watch(bus.open())
    await clock.run(bus.close())
    expect(opening.code).toBe('TENDON_BUS_CLOSED')
    expect(bus.isOpen).toBe(false)
    await expect(port.open({ clock })).resolves.toMatchObject({ isOpen: true })
  })
})

describe('a line that returns what is sent', () => {
  it('gives nothing of the echo to the decoder: a ping is not its own answer', async () => {
    const { bus, clock, reply } = await rig({ echo: true })
    const request = requests.ping(1, { label: 'ping', tries: 1 })
    const asked = watch(bus.perform(request))
    await clock.settle()
    await reply(request.bytes)
    expect(asked).toEqual({})
    await reply(answer(1))
    expect(params(asked)).toEqual([[]])
    expect(bus.health()).toMatchObject({ unexpected: 0, corrupt: 0 })
  })

  it('finds the reply behind the echo in one chunk, and behind the echo of setpoints', async () => {
    const { bus, clock, reply } = await rig({ echo: true })
    const frame = encodeFrame(1, 3, [42, 1, 2])
    await clock.run(bus.writeLatest(() => frame))
    const asked = watch(bus.perform(read(1)))
    await clock.settle()
    await reply(frame, read(1).bytes, answer(1, 5, 6))
    expect(params(asked)).toEqual([[5, 6]])
  })

  it('works on after an echo that was lost', async () => {
    const { bus, clock, reply } = await rig({ echo: true })
    const asked = watch(bus.perform(read(1, 56, 2)))
    await clock.advance(0.03)
    await reply(read(1).bytes, answer(1, 5, 6))
    expect(params(asked)).toEqual([[5, 6]])
  })
})
