import { describe, type Problem } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { Seconds } from '../base/units.ts'
import type { HardwareMap } from '../device/hardware-map.ts'
import type { StopPlan } from '../device/servo-bus.ts'
import type { Guard, GuardPort, Will } from '../guard/contract.ts'
import type { TickListener } from '../motion/control-loop.ts'
import type { Channel, Rig } from '../motion/rig.ts'
import { planStop } from './stop-ladder.ts'

/** Who guards a robot. */
export interface Guarding {
  readonly robot: string
  readonly port: GuardPort
  /** The definition says `guard: 'none'`. */
  readonly optedOut: boolean
}

/** A guard was lost that something depended on: the robot must not stay powered without it. */
type OnLost = (lost: Problem) => void

/** How often each frame of a will is written. */
const REPEAT = 3
/** No reply that was under way on a line of 1 Mbaud takes longer, but for the delays of an adapter. */
const SHORTEST_GAP: Seconds = 0.003
/** Ticks that a guard must allow for, however slow they are: one may be late. */
const FEWEST_TICKS = 3
/** How often one arming tries to get a guard. */
const TRIES = 2

/**
 * The guards of one robot: one over each bus whose port needs it, from the opening of the bus until it is closed. While
 * they watch, each control tick gives them a beat and the will of that moment, and nothing else does.
 */
export class Guards {
  readonly #rig: Rig
  readonly #guarding: Guarding
  readonly #posts: ReadonlyMap<Channel, Post>

  constructor(rig: Rig, guarding: Guarding | undefined, buses: HardwareMap['buses'], onLost: OnLost) {
    this.#rig = rig
    this.#guarding = guarding ?? { robot: '', port: NOBODY, optedOut: false }
    const watched = this.#guarding.optedOut ? [] : rig.channels.filter(({ axes }) => axes.length > 0)
    this.#posts = new Map(
      watched.flatMap((channel) => {
        const port = buses[channel.name]?.port
        return port?.needsGuard
          ? [[channel, new Post(rig, channel, port.address, port.baudRate, this.#guarding, onLost)]]
          : []
      }),
    )
  }

  /** Records what guards did when this robot was last up. */
  tellRecords(): void {
    if (this.#posts.size === 0) return
    for (const { robot: _, ...record } of this.#guarding.port.takeRecords(this.#guarding.robot)) {
      const code = record.why === 'stalled' ? 'TENDON_LOOP_STALLED' : 'TENDON_HOST_ENDED'
      const facts = { robot: this.#guarding.robot, bus: record.bus, port: record.port, pid: record.pid }
      this.#rig.env.hooks.note('guard_fired', { ...record, problem: problem(code, facts) })
    }
  }

  /** The bus has opened: posts a guard over it, which comes up by itself. Arming waits for it. */
  async up(channel: Channel): Promise<void> {
    this.#posts.get(channel)?.up()
  }

  /**
   * The bus is to be closed, or is lost: its guard stands down, before this returns. Resolves when it has let go of the
   * line, within a bound: until then nobody else can have the port.
   */
  async down(channel: Channel): Promise<void> {
    await this.#posts.get(channel)?.down()
  }

  /** What stands against arming: each bus whose guard is missing or does not answer. Gets a new one where there is none. */
  async check(): Promise<readonly Problem[]> {
    const found = await Promise.all([...this.#posts.values()].map((post) => post.check()))
    return found.flat()
  }

  /** From now on each tick beats. The first beat goes out before this returns. */
  begin(): void {
    for (const post of this.#posts.values()) post.begin()
  }

  /** A stop has its verdict, or an arming was undone: beats are not due any more. */
  end(): void {
    for (const post of this.#posts.values()) post.end()
  }
}

/** For a rig that nobody named a guard for: no port of it can be armed that needs one. */
const NOBODY: GuardPort = {
  post: () => {
    throw new Error('nobody was named who could guard it')
  },
  takeRecords: () => [],
}

/** The guard of one bus, or the want of one. */
class Post implements TickListener {
  readonly #rig: Rig
  readonly #channel: Channel
  readonly #port: string
  readonly #secondsPerByte: Seconds
  readonly #guarding: Guarding
  readonly #onLost: OnLost
  #guard: Guard | undefined
  /** Why there is none. */
  #want = 'its bus is not open'
  /** One that was told to go, until it has gone. */
  #leaving: Promise<void> = Promise.resolve()
  #watching = false

  constructor(
    rig: Rig,
    channel: Channel,
    port: string,
    baudRate: number | undefined,
    guarding: Guarding,
    onLost: OnLost,
  ) {
    this.#rig = rig
    this.#channel = channel
    this.#port = port
    this.#secondsPerByte = 10 / (baudRate ?? 1_000_000)
    this.#guarding = guarding
    this.#onLost = onLost
  }

  up(): void {
    const { bus, name } = this.#channel
    const { descriptor } = bus
    if (this.#guard || !bus.isOpen) return
    if (descriptor === undefined) {
      this.#want = `the port ${this.#port} has no descriptor on this system`
      return
    }
    try {
      const line = { robot: this.#guarding.robot, bus: name, port: this.#port, descriptor }
      const guard = this.#guarding.port.post(line, { clock: this.#rig.env.clock })
      this.#guard = guard
      guard.onLost((reason) => this.#lost(guard, reason))
    } catch (error) {
      this.#want = describe(error)
    }
  }

  down(): Promise<void> {
    this.#watching = false
    this.#channel.loop.remove(this)
    this.#dismiss('its bus is not open')
    return this.#leaving
  }

  async check(): Promise<Problem[]> {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      await this.#leaving
      this.up()
      const guard = this.#guard
      if (!guard) break
      if (await this.#isAwake(guard)) return []
    }
    const { name: bus, axes } = this.#channel
    const joints = axes.map((axis) => axis.name)
    return [problem('TENDON_ARM_NO_GUARD', { bus, port: this.#port, joints, reason: this.#want })]
  }

  async #isAwake(guard: Guard): Promise<boolean> {
    try {
      await guard.ready
      if (await guard.answers()) return this.#guard === guard
      if (this.#guard === guard) this.#dismiss('it does not answer')
    } catch (error) {
      if (this.#guard === guard) this.#dismiss(describe(error))
    }
    return false
  }

  begin(): void {
    this.#watching = true
    this.#channel.loop.add(this)
    this.tick(this.#rig.env.clock.now())
  }

  end(): void {
    this.#watching = false
    this.#channel.loop.remove(this)
    // What was not read back off, and is not meant to hold, still needs its off frame should the program end.
    const isPending = this.#channel.axes.some(
      ({ power, policy }) => power !== 'off' && (power !== 'on' || policy !== 'hold'),
    )
    if (isPending) this.#guard?.keep(this.#will(this.#rig.env.clock.now()))
    else this.#guard?.ease()
  }

  /** The beat, and the will of this moment: only a control tick calls this. */
  tick(now: Seconds): void {
    if (!this.#watching || !this.#guard) return
    const { guardLimit, rate } = this.#rig.env.limits
    const limit = Math.max(guardLimit, FEWEST_TICKS / rate)
    if (!this.#guard.beat(this.#will(now), limit)) this.#lost(this.#guard, 'it took no beats any more')
  }

  /** The same plan as of a stop that came now, and its end. */
  #will(now: Seconds): Will {
    const { axes } = this.#channel
    const { freezeAge, parkCap } = this.#rig.env.limits
    const plan = planStop(axes, now, freezeAge)
    const holds = new Set(axes.flatMap(({ id, policy }) => (policy === 'hold' ? [id] : [])))
    const held = plan.freeze.filter(({ id }) => holds.has(id))
    const cut = axes.flatMap(({ id }) => (held.some((frozen) => frozen.id === id) ? [] : [id]))
    const halt = this.#frame(plan)
    const off = plan.freeze.length > held.length ? this.#offFrame(cut, held) : undefined
    // The bytes need their time on the wire, and a copy must not run into the one before.
    const gap = Math.max(SHORTEST_GAP, 2 * halt.length * this.#secondsPerByte)
    return { halt, off, offAfter: parkCap, repeat: REPEAT, gap }
  }

  #offFrame(cut: readonly number[], held: StopPlan['freeze']): Uint8Array {
    const { bus } = this.#channel
    return held.length > 0 && bus.offFrame ? bus.offFrame(cut) : this.#frame({ cut, freeze: held })
  }

  /** Like the ladder: where the driver refuses the plan, the one frame that nothing can be wrong with. */
  #frame(plan: StopPlan): Uint8Array {
    const { bus, axes } = this.#channel
    try {
      return bus.stopFrame(plan)
    } catch {
      return bus.stopFrame({ cut: axes.map((axis) => axis.id), freeze: [] })
    }
  }

  #lost(guard: Guard, reason: string): void {
    if (this.#guard !== guard) return
    const wasWatching = this.#watching
    this.#watching = false
    this.#channel.loop.remove(this)
    this.#dismiss(reason)
    const { name: bus, axes } = this.#channel
    if (wasWatching) {
      const joints = axes.map((axis) => axis.name)
      this.#onLost(problem('TENDON_GUARD_LOST', { bus, port: this.#port, joints, reason }))
    } else this.#rig.env.hooks.note('guard_lost', { bus, reason })
  }

  #dismiss(want: string): void {
    const guard = this.#guard
    this.#guard = undefined
    this.#want = want
    if (guard) this.#leaving = Promise.all([this.#leaving, guard.standDown()]).then(() => undefined)
  }
}
