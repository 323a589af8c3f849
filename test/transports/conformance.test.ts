import { describe, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import type { ByteConnection } from '../../src/device/transport.ts'
import { type TransportSubject, transportConformance, VirtualClock } from '../../src/testing/index.ts'
import { MemoryTransport } from '../../src/transports/memory.ts'
import { openPty } from '../../src/transports/pty.ts'
import { serial } from '../../src/transports/serial.ts'

/** A port in memory; the far end is the device that it is connected to. */
function memory(): TransportSubject {
  const heard: number[] = []
  let far: ByteConnection | undefined
  const transport = new MemoryTransport({
    connect(device) {
      far = device
      device.onBytes((chunk) => heard.push(...chunk))
    },
  })
  const send = (bytes: Uint8Array): void => far?.write(bytes)
  return { transport, clock: new VirtualClock(), heard, send, unplug: () => transport.unplug() }
}

/** The real serial port; the far end is the device's end of a pty. */
async function serialOverPty(): Promise<TransportSubject> {
  const pty = await openPty()
  const heard: number[] = []
  pty.connection.onBytes((chunk) => heard.push(...chunk))
  return {
    transport: serial({ path: pty.path, baudRate: 1_000_000 }),
    clock: systemClock,
    heard,
    send: (bytes) => pty.connection.write(bytes),
    unplug: () => pty.close(),
    end: () => pty.close(),
  }
}

/** The device's end of a pty, a new one at each opening; the far end is the real serial port. */
function ptyItself(): TransportSubject {
  const heard: number[] = []
  const ports: ByteConnection[] = []
  return {
    transport: {
      kind: 'pty',
      address: 'pty',
      async open(env) {
        const pty = await openPty(env)
        const port = await serial({ path: pty.path, baudRate: 1_000_000 }).open(env)
        port.onBytes((chunk) => heard.push(...chunk))
        ports.push(port)
        return pty.connection
      },
    },
    clock: systemClock,
    heard,
    send: (bytes) => ports.at(-1)?.write(bytes),
    end: async () => {
      await Promise.all(ports.map((port) => port.close()))
    },
  }
}

describe.each([
  ['memory', transportConformance(memory)],
  ['serial over a pty', transportConformance(serialOverPty)],
  // It stays open while hosts come and go: there is no cable that a test could pull.
  ['pty', transportConformance(ptyItself, { losable: false })],
])('the transport %s', (_, checks) => {
  test.each(checks.map(({ name, run }) => [name, run] as const))('%s', { timeout: 30_000 }, (_name, run) => run())
})
