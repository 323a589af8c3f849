import { type Clock, sleep } from '../../base/clock.ts'
import type { Seconds } from '../../base/units.ts'
import type { ByteTransport } from '../../device/transport.ts'
import { feetech } from './bus.ts'

export interface SwitchOffOptions {
  readonly clock: Clock
  /** The servos to read back. */
  readonly ids: readonly number[]
  /** How often the off frame is sent, in case a copy collides with somebody else's. Default 3. */
  readonly times?: number | undefined
  /** Between two of them. Default 20 ms. */
  readonly gap?: Seconds | undefined
  /** How often each servo is asked until it answers, 0.1 s for each. Default 5: what it says is what a person acts on. */
  readonly tries?: number | undefined
}

/** What was read back after the off frames. */
export interface SwitchedOff {
  readonly off: readonly number[]
  /** These answered that they still have power. */
  readonly powered: readonly number[]
  /** These did not answer: nothing is known of them. */
  readonly silent: readonly number[]
}

/** How long an answer may be under way: the machine may be busy with the very program that hangs. */
const PATIENCE: Seconds = 0.1

/**
 * Tells every servo on a line to let go, without a robot: the broadcast torque-off, several times, then a look at the
 * torque register of each id. For when the program that had the line hangs or is gone; joints fall. Rejects with a
 * `TendonError` when the port cannot be opened or is lost.
 */
export async function switchOff(port: ByteTransport, options: SwitchOffOptions): Promise<SwitchedOff> {
  const { clock, ids, times = 3, gap = 0.02, tries = 5 } = options
  const bus = feetech({ port, tries, slack: PATIENCE }).create({ clock }, [])
  await bus.open()
  try {
    for (let sent = 0; sent < times; sent++) {
      // Of a bus without mounts, everything is cut: the frame is the broadcast.
      bus.stop({ cut: [], freeze: [] })
      await sleep(clock, gap)
    }
    const found = { off: [] as number[], powered: [] as number[], silent: [] as number[] }
    for (const id of ids) {
      const powered = await bus.readTorque(id)
      found[powered === undefined ? 'silent' : powered ? 'powered' : 'off'].push(id)
    }
    return found
  } finally {
    await bus.close()
  }
}
