import { problem, TendonError } from 'tendon/device'
import { listPorts } from 'tendon/serial'
import { UsageError } from '../usage-error.ts'

/** Where adapters show up; said to whoever has none. */
const LOOKED = '/dev/ttyUSB*, /dev/ttyACM*, /dev/ttyAMA* and /dev/serial/by-id'

/** What to say where there is no port. */
export const noPort = (): TendonError => new TendonError(problem('TENDON_NO_PORT', { looked: LOOKED }))

/**
 * The only port of this machine; a USB adapter is meant before the ports that are soldered in. Rejects with
 * `TENDON_NO_PORT`, or with a `UsageError` that names them all.
 */
export async function theOnlyPort(verb: string): Promise<string> {
  const all = await listPorts()
  const adapters = all.filter(({ vendorId }) => vendorId !== undefined)
  const ports = (adapters.length > 0 ? adapters : all).map(({ path, byId }) => byId ?? path)
  const [only, ...others] = ports
  if (only === undefined) throw noPort()
  if (others.length > 0)
    throw new UsageError(`There are several ports: ${ports.join(', ')}.`, `tendon ${verb} --port ${only}`)
  return only
}
