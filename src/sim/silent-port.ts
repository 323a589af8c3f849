import { TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { ByteConnection, ByteTransport } from '../device/transport.ts'

/** A port on which nothing ever comes, and what is written goes nowhere. `name` is what a person would call it. */
export function silentPort(name: string, baudRate?: number): ByteTransport {
  const address = `simulated ${name}`
  return {
    kind: 'simulated',
    address,
    ...(baudRate !== undefined && { baudRate }),
    open: async () => silence(address),
  }
}

function silence(address: string): ByteConnection {
  let open = true
  const nothing = (): (() => void) => () => {}
  return {
    get isOpen() {
      return open
    },
    write() {
      if (!open) throw new TendonError(problem('TENDON_LINK_CLOSED', { port: address }))
    },
    onBytes: nothing,
    onLost: nothing,
    close: async () => {
      open = false
    },
  }
}
