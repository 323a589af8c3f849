import type { ByteTransport, ServoBusSpec } from 'tendon/device'
import { UsageError } from '../usage-error.ts'

/** A family of servos that can be set up without a definition that names it. */
interface Family {
  /** Its bus behind a port. */
  readonly bus: (port: ByteTransport, manner: AskingManner) => Promise<ServoBusSpec>
  /** Volts below which its servos are weak, where that is the same for all of them. */
  readonly leastVoltage?: number
}

/** How long a bus waits for its servos, in seconds, and how often it asks them. Default: what the driver does. */
interface AskingManner {
  readonly slack?: number | undefined
  readonly tries?: number | undefined
}

const families: Readonly<Record<string, Family>> = {
  // 5.5 V is where the makers of arms with these servos begin to warn; the servo's own limit is 4 V.
  feetech: {
    bus: async (port, manner) => (await import('tendon/feetech')).feetech({ port, ...manner }),
    leastVoltage: 5.5,
  },
  dynamixel: { bus: async (port, manner) => (await import('tendon/dynamixel')).dynamixel({ port, ...manner }) },
}

/** The families that `--family` says: one, `all`, or Feetech where nothing was said. Throws a `UsageError`. */
export function familiesNamed(name: string | undefined): string[] {
  const known = Object.keys(families)
  if (name === 'all') return known
  if (name === undefined) return known.slice(0, 1)
  if (!known.includes(name)) throw UsageError.unknown('family', name, [...known, 'all'])
  return [name]
}

/** The bus of a family behind this port. */
export async function busOfFamily(name: string, port: ByteTransport, manner: AskingManner = {}): Promise<ServoBusSpec> {
  const family = families[name]
  if (!family) throw UsageError.unknown('family', name, Object.keys(families))
  return family.bus(port, manner)
}

/** Volts below which servos of a family are weak; undefined where that depends on the model. */
export const leastVoltageOf = (family: string): number | undefined => families[family]?.leastVoltage
