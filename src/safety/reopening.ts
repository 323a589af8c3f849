import { type Clock, within } from '../base/clock.ts'
import { describe, TendonError } from '../base/problem.ts'
import { Reopening } from '../base/reopening.ts'
import type { Seconds } from '../base/units.ts'
import type { Axis } from '../motion/axis.ts'
import { PositionAxis } from '../motion/position-axis.ts'
import type { Channel, Rig } from '../motion/rig.ts'
import type { Guards } from './guards.ts'

/** What the reopening of lost buses needs of the robot's hardware. */
export interface ReopeningHome {
  readonly rig: Rig
  readonly guards: Pick<Guards, 'up' | 'down'>
  /** Resolves when no arming is under way: one that began on the old link must not go on with the new one. */
  armingOver(): Promise<unknown>
  /** Reads which servos have power. Never rejects. */
  lookAtPower(channel: Channel): Promise<void>
}

/** A bus that has been lost at least once. */
interface Comeback {
  readonly reopening: Reopening
  lostAt: Seconds
  backAt: Seconds
  /** The last failure that was noted, so that a cable that stays out does not fill the log. */
  noted: string | undefined
  returning: boolean
}

/**
 * Opens lost buses again, each on its own, after waits that double, until the robot is closed. What was under way when a
 * bus was lost has ended then, and nothing of it is written to the new link: its first bytes tell its servos to stop,
 * where they may have power. A bus that never opened is none of its business: such a robot did not start.
 */
export class BusReopening {
  readonly #home: ReopeningHome
  readonly #comebacks = new Map<Channel, Comeback>()
  #ended = false

  constructor(home: ReopeningHome) {
    this.#home = home
  }

  /** A bus has come back, and its servos have not all been looked at yet. */
  get isUnderWay(): boolean {
    return [...this.#comebacks.values()].some(({ returning }) => returning)
  }

  /** The link of a bus is gone; everything that used it has been told. */
  lost(channel: Channel): void {
    if (this.#ended) return
    const { clock, limits } = this.#home.rig.env
    const known = this.#comebacks.get(channel) ?? this.#comeback(channel)
    known.lostAt = clock.now()
    // A contact that closes and opens again keeps its long wait.
    if (known.lostAt - known.backAt >= limits.reopenLongest) known.reopening.reset()
    // At once: without ticks it would take this program for one that stalls; and while it holds the lost port, an adapter
    // that is plugged in again gets another name.
    void this.#home.guards.down(channel)
    known.reopening.begin()
  }

  #comeback(channel: Channel): Comeback {
    const { clock, limits } = this.#home.rig.env
    const backoff = { first: limits.reopenFirst, longest: limits.reopenLongest }
    const reopening = new Reopening(
      clock,
      backoff,
      () => this.#attempt(channel),
      (error, count) => this.#failed(channel, error, count),
    )
    const made = { reopening, lostAt: 0, backAt: Number.NEGATIVE_INFINITY, noted: undefined, returning: false }
    this.#comebacks.set(channel, made)
    return made
  }

  /** No further attempt; one that is under way ends with the closing of its bus. */
  end(): void {
    this.#ended = true
    for (const { reopening } of this.#comebacks.values()) reopening.end()
  }

  async #attempt(channel: Channel): Promise<void> {
    const comeback = this.#comebacks.get(channel)
    await this.#home.armingOver()
    await this.#home.guards.down(channel)
    if (this.#ended || !comeback) return
    comeback.returning = true
    try {
      await channel.bus.open()
      comeback.backAt = this.#home.rig.env.clock.now()
      await this.#resume(channel, comeback)
    } finally {
      comeback.returning = false
    }
  }

  async #resume(channel: Channel, comeback: Comeback): Promise<void> {
    const { rig, guards, lookAtPower } = this.#home
    const { hooks, clock, limits } = rig.env
    const { bus, axes, loop, name } = channel
    const unsure = axes.some((axis) => axis.power !== 'off')
    if (unsure && axes.some((axis) => needsReading(axis, clock.now(), limits.freezeAge))) await readAnew(rig, channel)
    else if (!unsure) await lookAtPower(channel)
    // Lost again meanwhile: the loss has begun the next wait. Or closed: nothing of it may be used any more.
    if (this.#ended || !bus.isOpen) return
    comeback.noted = undefined
    if (unsure) hooks.returned(name)
    hooks.note('bus_back', { bus: name, after: comeback.backAt - comeback.lostAt, verified: unsure })
    loop.start()
    await guards.up(channel)
  }

  #failed({ name: bus }: Channel, error: unknown, tries: number): void {
    const comeback = [...this.#comebacks].find(([{ name }]) => name === bus)?.[1]
    const code = error instanceof TendonError ? error.code : describe(error)
    if (!comeback || comeback.noted === code) return
    comeback.noted = code
    const what = error instanceof TendonError ? error.problem.what : describe(error)
    this.#home.rig.env.hooks.note('bus_not_back', { bus, code, what, tries })
  }
}

/**
 * A stop would freeze this joint at an angle, and the last one that is known is from before the outage: since then a hand
 * may have moved it, or somebody else's program. One that is cut, and a wheel, whose stop is speed 0, need no angle.
 */
function needsReading(axis: Axis, now: Seconds, freezeAge: Seconds): boolean {
  if (!(axis instanceof PositionAxis) || axis.policy === 'cut' || axis.cutOnStop || axis.power === 'off') return false
  return axis.sample === undefined || now - axis.sample.at > freezeAge
}

/** One joined reading, so that the stop freezes joints where they are now, and cuts those that have lost their power. */
async function readAnew(rig: Rig, { bus, axes }: Channel): Promise<void> {
  const samples = await answered(rig.env.clock, rig.env.limits.callTimeout, bus.readStatus())
  for (const axis of axes) {
    const sample = samples?.get(axis.id)
    if (!sample) continue
    axis.take(sample)
    if (sample.powered !== false) continue
    axis.power = 'off'
    axis.letGo()
  }
}

/** What `work` resolves to; undefined where it takes too long or rejects. */
function answered<T>(clock: Clock, limit: Seconds, work: Promise<T>): Promise<T | undefined> {
  return within(
    clock,
    limit,
    work.catch(() => undefined),
    () => undefined,
  )
}
