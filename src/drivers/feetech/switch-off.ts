import type { Seconds } from '../../base/units.ts'
import type { ByteTransport } from '../../device/transport.ts'
import { type SwitchedOff, type SwitchOffOptions, switchOff as switchOffLine } from '../switch-off.ts'
import { feetech } from './bus.ts'

export type { SwitchedOff, SwitchOffOptions } from '../switch-off.ts'

/** How long an answer may be under way: the machine may be busy with the very program that hangs. */
const PATIENCE: Seconds = 0.1

/**
 * Tells every Feetech servo behind a port to let go, without a robot: `switchOff` of `tendon/drivers`, which does it for
 * any family. Rejects with a `TendonError` when the port cannot be opened or is lost.
 */
export async function switchOff(port: ByteTransport, options: SwitchOffOptions): Promise<SwitchedOff> {
  return switchOffLine(feetech({ port, tries: 1, slack: PATIENCE }), options)
}
