import type { Seconds } from '../../base/units.ts'
import type { ServoSetpoint } from '../../device/servo-bus.ts'
import { type Channels, pulseFor } from './channel.ts'
import type { Chip } from './chip.ts'
import { channelRegister, type Timing } from './registers.ts'

/** Setpoints that wait for their turn on the bus; of one channel only the newest. */
export class Setpoints {
  readonly #waiting = new Map<number, ServoSetpoint>()

  add(setpoints: readonly ServoSetpoint[]): void {
    for (const setpoint of setpoints) this.#waiting.set(setpoint.id, setpoint)
  }

  drop(id: number): void {
    this.#waiting.delete(id)
  }

  clear(): void {
    this.#waiting.clear()
  }

  /** The records that write all of them, one for each run of neighbouring channels, the lowest first. */
  take(chip: Chip, channels: Channels, timing: Timing, now: Seconds): Uint8Array {
    const newest = [...this.#waiting.values()].sort((a, b) => a.id - b.id)
    this.clear()
    const runs: { next: number; readonly data: number[] }[] = []
    for (const { id, position } of newest) {
      const channel = channels.get(id)
      if (!channel) continue
      channel.whereabouts.follow(position, now)
      let run = runs.at(-1)
      if (run?.next !== id) {
        run = { next: id, data: [channelRegister(id)] }
        runs.push(run)
      }
      run.data.push(...pulseFor(channel, position, timing))
      run.next++
    }
    return Uint8Array.from(runs.flatMap(({ data }) => [...chip.message(Uint8Array.from(data))]))
  }
}
