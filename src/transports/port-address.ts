import { TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import { listPorts } from './port-list.ts'
import { namesOf } from './port-problem.ts'

/** How a definition names a serial port: by its path, or by the serial number of its adapter. */
export type PortAddress =
  | {
      /** `/dev/serial/by-id/...`, which survives replugging; `/dev/ttyACM0`, which does not; `COM3` on Windows. */
      readonly path: string
      readonly serialNumber?: undefined
    }
  | {
      /** Of the adapter, as `tendon ports` shows it. It is looked up anew each time that the port is opened. */
      readonly serialNumber: string
      readonly path?: undefined
    }

/** What a person calls it. */
export const addressOf = ({ path, serialNumber }: PortAddress): string => path ?? `serial:${serialNumber}`

/**
 * Where the port is now. Rejects with `TENDON_PORT_MISSING` when no adapter has the serial number, and with
 * `TENDON_PORT_AMBIGUOUS` when several have it.
 */
export async function findPort(address: PortAddress, { root }: { readonly root?: string | undefined } = {}) {
  if (address.path !== undefined) return address.path
  const { serialNumber } = address
  const ports = await listPorts({ root })
  const fitting = ports.filter((port) => port.serialNumber === serialNumber)
  const [found, another] = fitting
  if (found && !another) return found.path
  throw new TendonError(
    found
      ? problem('TENDON_PORT_AMBIGUOUS', { serialNumber, ports: fitting.map(({ path }) => path) })
      : problem('TENDON_PORT_MISSING', { port: addressOf(address), serialNumber, ports: shown(ports) }),
  )
}

/** With the serial number of each, because that is what was looked for. */
function shown(ports: Awaited<ReturnType<typeof listPorts>>): string[] {
  return namesOf(ports).map((name, i) => {
    const { serialNumber } = ports[i] ?? {}
    return serialNumber === undefined ? name : `${name} (${serialNumber})`
  })
}
