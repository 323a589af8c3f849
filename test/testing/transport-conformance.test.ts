import { describe, expect, test } from 'vitest'
import type { Problem } from '../../src/base/problem.ts'
import type { ByteConnection, DeviceEnv } from '../../src/device/transport.ts'
import { type TransportSubject, transportConformance, VirtualClock } from '../../src/testing/index.ts'
import { MemoryTransport } from '../../src/transports/memory.ts'
import { failing } from './failing.ts'

/** What a faulty transport makes of the sound link that it was given. */
type Spoil = (link: ByteConnection, env: DeviceEnv, far: Far) => ByteConnection

interface Far {
  /** Bytes that a closed link kept. */
  kept: Uint8Array[]
  readonly old: ((chunk: Uint8Array) => void)[]
}

/** The same link with some of its methods changed. */
const change = (link: ByteConnection, changes: Partial<ByteConnection>): ByteConnection =>
  Object.assign(Object.create({}, { isOpen: { get: () => link.isOpen, configurable: true } }), {
    write: (bytes: Uint8Array) => link.write(bytes),
    onBytes: (listener: (chunk: Uint8Array) => void) => link.onBytes(listener),
    onLost: (listener: (problem: Problem) => void) => link.onLost(listener),
    close: () => link.close(),
    ...changes,
  })

function subject(spoil: Spoil, { plugged = () => true }: { plugged?: () => boolean } = {}): TransportSubject {
  const heard: number[] = []
  let device: ByteConnection | undefined
  const memory = new MemoryTransport({
    connect(end) {
      device = end
      end.onBytes((chunk) => heard.push(...chunk))
    },
  })
  const far: Far = { kept: [], old: [] }
  return {
    transport: {
      kind: 'spoiled',
      address: 'spoiled',
      async open(env) {
        if (!plugged()) memory.plug()
        return spoil(await memory.open(env), env, far)
      },
    },
    clock: new VirtualClock(),
    heard,
    send: (bytes) => device?.write(bytes),
    unplug: () => memory.unplug(),
  }
}

const faults: Record<string, [fact: string, make: () => TransportSubject]> = {
  'carries seven bits': [
    'every byte goes through unchanged and in order, both ways',
    () => subject((link) => change(link, { write: (bytes) => link.write(bytes.map((byte) => byte & 0x7f)) })),
  ],
  'swaps what it receives': [
    'every byte goes through unchanged and in order, both ways',
    () => subject((link) => change(link, { onBytes: (to) => link.onBytes((chunk) => to(chunk.slice().reverse())) })),
  ],
  'writes later what the writer has changed meanwhile': [
    'what is written is taken at once: the writer may use its buffer again',
    () =>
      subject((link, { clock }) =>
        change(link, { write: (bytes) => void clock.turn(() => link.isOpen && link.write(bytes)) }),
      ),
  ],
  'takes writes when it is closed': [
    'a write after close is refused as TENDON_LINK_CLOSED, and the next opening does not send it',
    () => subject((link) => change(link, { write: (bytes) => link.isOpen && link.write(bytes) })),
  ],
  'throws any error when it is closed': [
    'a write after close is refused as TENDON_LINK_CLOSED, and the next opening does not send it',
    () =>
      subject((link) =>
        change(link, {
          write(bytes) {
            if (!link.isOpen) throw new Error('closed')
            link.write(bytes)
          },
        }),
      ),
  ],
  'sends at the next opening what it refused': [
    'a write after close is refused as TENDON_LINK_CLOSED, and the next opening does not send it',
    () =>
      subject((link, _, far) => {
        for (const bytes of far.kept.splice(0)) link.write(bytes)
        return change(link, {
          write(bytes) {
            if (!link.isOpen) far.kept.push(bytes)
            link.write(bytes)
          },
        })
      }),
  ],
  'tells old listeners of a new link': [
    'a new opening is a new link: listeners of the one before hear nothing of it',
    () =>
      subject((link, _, far) => {
        link.onBytes((chunk) => {
          for (const listener of far.old) listener(chunk)
        })
        return change(link, {
          onBytes(to) {
            far.old.push(to)
            return () => {}
          },
        })
      }),
  ],
  'tells a loss to whoever closes': [
    'close ends listeners, can be called twice, and tells nobody of a loss',
    () =>
      subject((link) => {
        let tell: (problem: Problem) => void = () => {}
        return change(link, {
          onLost(listener) {
            tell = listener
            return link.onLost(listener)
          },
          async close() {
            await link.close()
            tell({ code: 'TENDON_LINK_LOST' } as Problem)
          },
        })
      }),
  ],
  'delivers while it closes': [
    'nothing is delivered after close was called',
    () =>
      subject((link, { clock }) =>
        change(link, { close: () => new Promise((end) => void clock.after(0.1, () => end(link.close()))) }),
      ),
  ],
  'lets a listener that throws end the others': [
    'a listener that throws disturbs no other',
    () =>
      subject((link) => {
        const all: ((chunk: Uint8Array) => void)[] = []
        link.onBytes((chunk) => {
          try {
            for (const listener of all) listener(chunk)
          } catch {}
        })
        return change(link, {
          onBytes(to) {
            all.push(to)
            return () => void all.splice(all.indexOf(to), 1)
          },
        })
      }),
  ],
  'knows a function only once': [
    'ending a subscription twice ends it, and no other one of the same function',
    () =>
      subject((link) => {
        const all = new Set<(chunk: Uint8Array) => void>()
        link.onBytes((chunk) => {
          for (const listener of all) listener(chunk)
        })
        return change(link, {
          onBytes(to) {
            all.add(to)
            return () => void all.delete(to)
          },
        })
      }),
  ],
  'leaves a timer': [
    'a closed link leaves no timer',
    () =>
      subject((link, { clock }) => {
        clock.after(3600, () => {})
        return link
      }),
  ],
  'tells a loss twice': [
    'a loss is told once, as a problem, in a later turn; then it is not open and refuses writes',
    () =>
      subject((link) =>
        change(link, {
          onLost(to) {
            link.onLost(to)
            return link.onLost(to)
          },
        }),
      ),
  ],
  'never tells a loss': [
    'a loss is told once, as a problem, in a later turn; then it is not open and refuses writes',
    () => subject((link) => change(link, { onLost: () => () => {} })),
  ],
  'does not return from close after a loss': [
    'close after a loss returns',
    () => subject((link) => change(link, { close: () => (link.isOpen ? link.close() : new Promise(() => {})) })),
  ],
  'opens without a cable': [
    'opening while nothing is plugged in rejects with a TendonError',
    () => subject((link) => link, { plugged: () => false }),
  ],
}

const sound = (): TransportSubject => subject((link) => link)

test('a sound transport passes every check, and each check is meant for something here', async () => {
  const checks = transportConformance(sound)
  expect(await failing(checks)).toEqual([])
  const facts = new Set(Object.values(faults).map(([fact]) => fact))
  expect([...facts].sort()).toEqual(checks.map(({ name }) => name).sort())
})

describe('a transport that', () => {
  test.each(Object.entries(faults).map(([fault, [fact, make]]) => ({ fault, fact, make })))(
    '$fault fails "$fact"',
    async ({ fact, make }) => {
      expect(await failing(transportConformance(make).filter(({ name }) => name === fact))).toEqual([fact])
    },
  )
})

test('what cannot be unplugged says so, or is not asked about losses', async () => {
  const { unplug: _, ...fixed } = sound()
  const [loss] = transportConformance(() => fixed).slice(-1)
  await expect(loss?.run()).rejects.toThrow(/losable: false/)
  expect(transportConformance(() => fixed, { losable: false })).toHaveLength(transportConformance(sound).length - 3)
})
