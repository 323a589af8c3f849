import type { Clock } from '../../base/clock.ts'
import type { StopPlan } from '../../device/servo-bus.ts'
import { type Channel, type Channels, freezeAngle, pulseFor } from './channel.ts'
import type { Chip } from './chip.ts'
import { angleAt, canTurnTo, hobbyServoOf } from './hobby-servo.ts'
import type { OutputEnable } from './output-enable.ts'
import { prepare } from './prepare.ts'
import {
  ALL_LED_OFF_H,
  CHANNEL_BYTES,
  channelRegister,
  FULL_OFF,
  MODE1,
  pulseOf,
  SLEEP,
  type Timing,
} from './registers.ts'

/** What the pulses of one chip hang on. */
export interface PulseParts {
  readonly clock: Clock
  readonly chip: Chip
  readonly timing: Timing
  readonly channels: Channels
  readonly outputs: OutputEnable | undefined
}

/** Who gets pulses, which are a hobby servo's power: begun, ended, and read back from the chip. */
export class Pulses {
  readonly #parts: PulseParts
  /** Channels that send pulses, as far as they were told or read. */
  readonly #sending = new Set<number>()

  constructor(parts: PulseParts) {
    this.#parts = parts
  }

  /** Whether this channel was told to send pulses, or was found sending them, and nobody has told it to end since. */
  has(id: number): boolean {
    return this.#sending.has(id)
  }

  /** A chip goes on while its host is away: what it sends says where its servos are. */
  async adopt(): Promise<void> {
    const { chip, timing, channels } = this.#parts
    const mode1 = await chip.value(MODE1, 'read MODE1')
    const registers = await this.readAll()
    this.#sending.clear()
    for (const [id, { mount, whereabouts }] of channels) {
      const pulse = pulseOf(registers?.get(id) ?? new Uint8Array(), timing)
      if (pulse === undefined || (mode1 & SLEEP) !== 0) continue
      this.#sending.add(id)
      const servo = hobbyServoOf(mount.servo)
      const angle = angleAt(servo, pulse)
      if (canTurnTo(servo, angle)) whereabouts.foundAt(angle)
    }
  }

  /** One after the other, each at the place where its servo is taken to be. Ends when a stop comes in between. */
  async begin(ids: readonly number[]): Promise<ReadonlySet<number>> {
    const { chip, clock, timing, channels, outputs } = this.#parts
    const { stops } = chip.line
    const confirmed = new Set<number>()
    if ((await prepare(chip, clock, timing)).length > 0 || chip.line.stops !== stops) return confirmed
    // No channel sends anything that was not told to, so that this moves nothing.
    outputs?.enable()
    for (const id of ids) {
      if (chip.line.stops !== stops || !chip.line.isOpen) break
      const channel = channels.get(id)
      if (channel && (await this.#beginOne(id, channel, stops).catch(() => false))) confirmed.add(id)
    }
    return confirmed
  }

  async #beginOne(id: number, channel: Channel, stops: number): Promise<boolean> {
    const { chip, clock, timing } = this.#parts
    const now = clock.now()
    const angle = channel.whereabouts.at(now)
    const wanted = pulseFor(channel, angle, timing)
    this.#sending.add(id)
    channel.whereabouts.follow(angle, now)
    await chip.write(channelRegister(id), wanted, { label: `pulses on channel ${id}`, droppedByStop: true })
    const [mode1 = SLEEP] = (await chip.read(MODE1, 1, { label: 'read MODE1' })) ?? []
    const written = await this.readOne(id)
    const same = written?.every((byte, at) => byte === wanted[at]) ?? false
    return same && (mode1 & SLEEP) === 0 && chip.line.stops === stops
  }

  /** Each tried even when another fails. Resolves to those that were read back without pulses. */
  async end(ids: readonly number[]): Promise<ReadonlySet<number>> {
    const { chip, channels, outputs } = this.#parts
    const all = [...channels.keys()].every((id) => ids.includes(id))
    for (const id of ids) this.#ended(id)
    if (all) outputs?.disable()
    const last = CHANNEL_BYTES - 1
    const registers = all ? [ALL_LED_OFF_H] : ids.map((id) => channelRegister(id) + last)
    for (const register of registers)
      await chip.write(register, [FULL_OFF], { label: 'no more pulses', urgent: true }).catch(() => false)
    const confirmed = new Set<number>()
    for (const id of ids) {
      const read = await this.readOne(id).catch(() => undefined)
      if (read && !this.sends(read)) confirmed.add(id)
    }
    return confirmed
  }

  /** A stop has gone out: what it froze goes on, and everything else has ended. */
  stopped(plan: StopPlan): void {
    const { clock, channels } = this.#parts
    const frozen = new Map(plan.freeze.map(({ id, position }) => [id, position]))
    for (const [id, channel] of channels) {
      const position = frozen.get(id)
      if (position === undefined) this.#ended(id)
      else channel.whereabouts.follow(freezeAngle(channel, position), clock.now())
    }
  }

  #ended(id: number): void {
    this.#sending.delete(id)
    this.#parts.channels.get(id)?.whereabouts.stay(this.#parts.clock.now())
  }

  /** Whether these registers of a channel make pulses. */
  sends(registers: Uint8Array | undefined): boolean {
    return registers !== undefined && pulseOf(registers, this.#parts.timing) !== undefined
  }

  /** The registers of one channel; `undefined` when the chip does not answer. */
  readOne(id: number): Promise<Uint8Array | undefined> {
    const { chip } = this.#parts
    return chip.read(channelRegister(id), CHANNEL_BYTES, { label: `read channel ${id}`, urgent: true })
  }

  /** The registers of all channels that have a servo, read together with those between them. */
  async readAll(): Promise<ReadonlyMap<number, Uint8Array> | undefined> {
    const { chip, channels } = this.#parts
    const ids = [...channels.keys()]
    if (ids.length === 0) return new Map()
    const first = Math.min(...ids)
    const count = CHANNEL_BYTES * (Math.max(...ids) - first + 1)
    const registers = await chip.read(channelRegister(first), count, { label: 'read channels' })
    const at = (id: number): number => CHANNEL_BYTES * (id - first)
    return registers && new Map(ids.map((id) => [id, registers.subarray(at(id), at(id) + CHANNEL_BYTES)]))
  }
}
