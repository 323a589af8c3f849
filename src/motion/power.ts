import { within } from '../base/clock.ts'
import type { Problem } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { Seconds } from '../base/units.ts'
import type { Axis } from './axis.ts'
import type { Channel, Rig } from './rig.ts'

/**
 * Torque of single joints, always read back. What it switched on counts as provisional, a joint that a stop cuts, until
 * `confirm`; and every piece of work that could switch one on is remembered until it has ended, so that a stop can
 * wait for it before it verifies that everything is off.
 */
export class Power {
  readonly #rig: Rig
  readonly #work = new Set<Promise<unknown>>()
  readonly #provisional = new Set<Axis>()

  constructor(rig: Rig) {
    this.#rig = rig
  }

  /** Registers work that may switch joints on. Returns it. */
  track<T>(work: Promise<T>): Promise<T> {
    this.#work.add(work)
    const done = (): void => {
      this.#work.delete(work)
    }
    work.then(done, done)
    return work
  }

  /** Resolves when no such work is left, or at the bound. Never rejects. */
  async quiet(bound: Seconds): Promise<void> {
    if (this.#work.size === 0) return
    await within(this.#rig.env.clock, bound, Promise.allSettled([...this.#work]), () => undefined)
  }

  /**
   * Powers joints up one after the other on each bus: goal = present, torque on, read back. Goes no further once
   * `isAlive` says no. Resolves to the joints whose torque could not be read back as on. Never rejects.
   */
  async on(axes: readonly Axis[], isAlive: () => boolean): Promise<readonly Axis[]> {
    const channels = this.#rig.channelsOf(axes)
    const failed = await Promise.all(channels.map((channel) => this.#onOne(channel, axes, isAlive)))
    return failed.flat()
  }

  async #onOne(channel: Channel, axes: readonly Axis[], isAlive: () => boolean): Promise<Axis[]> {
    const failed: Axis[] = []
    for (const axis of channel.axes) {
      if (!axes.includes(axis)) continue
      if (!isAlive()) break
      // Between sending and reading back nobody knows; whoever stops now must take the power.
      this.#provisional.add(axis)
      axis.cutOnStop = true
      axis.power = 'unknown'
      const confirmed = await this.#setTorque(channel, [axis], true)
      if (!isAlive()) break
      if (confirmed.has(axis.id)) axis.power = 'on'
      else failed.push(axis)
    }
    return failed
  }

  /** These joints hold, verified: setpoints may come, and a stop freezes them as their policy says. */
  confirm(axes: readonly Axis[]): void {
    for (const axis of axes) {
      this.#provisional.delete(axis)
      axis.power = 'on'
      axis.heldSince = this.#rig.env.clock.now()
      axis.cutOnStop = false
      axis.faulted = false
      axis.engage()
    }
  }

  /** Takes the power of what was switched on and not confirmed. Resolves to the joints not read back off. */
  async undo(): Promise<readonly Axis[]> {
    return this.off([...this.#provisional])
  }

  /** Powers joints off, all buses at once, each tried even when another fails. Resolves to those not read back off. */
  async off(axes: readonly Axis[]): Promise<readonly Axis[]> {
    for (const axis of axes) {
      this.#provisional.delete(axis)
      // From now on a stop cuts it: to freeze it would power it up again.
      axis.letGo()
      axis.power = 'unknown'
    }
    const left = await Promise.all(this.#rig.channelsOf(axes).map((channel) => this.#offOne(channel, axes)))
    return left.flat()
  }

  async #offOne(channel: Channel, axes: readonly Axis[]): Promise<Axis[]> {
    const mine = channel.axes.filter((axis) => axes.includes(axis))
    const confirmed = await this.#setTorque(channel, mine, false)
    for (const axis of mine) if (confirmed.has(axis.id)) axis.power = 'off'
    return mine.filter((axis) => !confirmed.has(axis.id))
  }

  /** Always resolves: a rejection, or a call that takes too long, confirms nothing. */
  async #setTorque({ bus }: Channel, axes: readonly Axis[], on: boolean): Promise<ReadonlySet<number>> {
    const { clock, limits } = this.#rig.env
    const ids = axes.map((axis) => axis.id)
    const none = (): ReadonlySet<number> => new Set()
    try {
      return await within(clock, limits.callTimeout * Math.max(1, ids.length), bus.setTorque(ids, on), none)
    } catch {
      return none()
    }
  }
}

/** Why a joint may have power that it should not have, or none that it should. */
export const torqueProblem = (axis: Axis, want: 'on' | 'off'): Problem =>
  problem('TENDON_TORQUE_NOT_CONFIRMED', { joint: axis.name, bus: axis.bus, servo: axis.id, want })
