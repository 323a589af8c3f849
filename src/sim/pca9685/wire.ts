import { TendonError } from '../../base/problem.ts'
import { problem } from '../../base/problems/index.ts'
import type { DigitalOutput, OutputConnection } from '../../device/digital-input.ts'

/** A wire of the simulation that the host drives; `undefined`: nobody does. */
export function simulatedWire(address: string, driven: (level: 'high' | 'low' | undefined) => void): DigitalOutput {
  return {
    kind: 'simulated',
    address,
    open: async () => outputOf(address, driven),
  }
}

function outputOf(address: string, driven: (level: 'high' | 'low' | undefined) => void): OutputConnection {
  let open = true
  driven(undefined)
  return {
    get isOpen() {
      return open
    },
    drive(level) {
      if (!open) throw new TendonError(problem('TENDON_LINK_CLOSED', { port: address }))
      driven(level)
    },
    onLost: () => () => {},
    close: async () => {
      if (open) driven(undefined)
      open = false
    },
  }
}
