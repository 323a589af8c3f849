import type { StopPlan } from '../../device/servo-bus.ts'
import { type Channels, freezeAngle, pulseFor } from './channel.ts'
import { ALL_LED_OFF_H, channelRegister, FULL_OFF, OFF_BYTES, type Timing } from './registers.ts'

/**
 * What a stop writes to the chip, in one transaction. All cut: two bytes, which need no mode to be set. Some frozen: the
 * registers of all channels from the first to the last, where those that the plan does not freeze send nothing.
 */
export function stopData(channels: Channels, plan: StopPlan, timing: Timing): Uint8Array {
  const frozen = new Map(plan.freeze.map(({ id, position }) => [id, position]))
  if (![...frozen.keys()].some((id) => channels.has(id))) return Uint8Array.of(ALL_LED_OFF_H, FULL_OFF)
  const ids = [...channels.keys()]
  const [first, last] = [Math.min(...ids), Math.max(...ids)]
  const data = [channelRegister(first)]
  for (let id = first; id <= last; id++) {
    const channel = channels.get(id)
    const position = frozen.get(id)
    const angle = channel && position !== undefined ? freezeAngle(channel, position) : undefined
    data.push(...(channel && angle !== undefined ? pulseFor(channel, angle, timing) : OFF_BYTES))
  }
  return Uint8Array.from(data)
}
