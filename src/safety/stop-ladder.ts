import { within } from '../base/clock.ts'
import { describe, TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { StopPlan } from '../device/servo-bus.ts'
import type { Axis } from '../motion/axis.ts'
import type { JointVerdict, StopVerdict } from '../motion/contract.ts'
import type { Move } from '../motion/moves.ts'
import type { Power } from '../motion/power.ts'
import type { Channel, Rig } from '../motion/rig.ts'
import { isAtRest, waitStill } from '../motion/wait-still.ts'
import { judge, verdictOf } from './verdict.ts'

/** How often a stop starts over because another stop, or a wish to cut, came while it verified. */
const MOST_PASSES = 5
/** How often power off is tried on servos that did not confirm it. */
const OFF_TRIES = 3

/** What a stop acts on. */
export interface StopHome {
  readonly rig: Rig
  readonly power: Power
  readonly moves: ReadonlySet<Move>
}

interface Passing {
  /** Aborted by a wish to cut: nobody waits for standstill any more. */
  readonly cutWish: AbortController
  readonly verdict: Promise<StopVerdict>
}

/**
 * The way down, in this order: gate closed, stop bytes out, standstill, power off, each servo read back. The first two
 * in one synchronous step that nothing can refuse; the rest on its own time, always bounded.
 */
export class StopLadder {
  readonly #home: StopHome
  /** Why a bus did not take the last stop frame. */
  readonly #frameTroubles = new Map<Channel, string>()
  #stops = 0
  #passing: Passing | undefined

  constructor(home: StopHome) {
    this.#home = home
  }

  /** A stop is being finished. */
  get isFinishing(): boolean {
    return this.#passing !== undefined
  }

  /** Gate closed, frames handed to all ports. Never throws, never waits. Everything else comes after the bytes. */
  stopNow(): void {
    const { rig, moves } = this.#home
    rig.env.gate.close()
    this.#stops++
    const now = rig.env.clock.now()
    for (const channel of rig.channels) this.#sendFrame(channel, now)
    for (const move of [...moves])
      move.fail(new TendonError(problem('TENDON_ACCESS_REVOKED', { run: move.run, call: 'moveTo' })))
  }

  #sendFrame(channel: Channel, now: number): void {
    const { bus, axes, loop } = channel
    if (axes.length === 0) return
    const plan = planStop(axes, now, this.#home.rig.env.limits.freezeAge)
    this.#frameTroubles.delete(channel)
    try {
      bus.stop(plan)
    } catch (error) {
      this.#frameTroubles.set(channel, `the stop frame was not sent: ${describe(error)}`)
      this.#cutAll(channel)
    }
    loop.exchangesDropped()
    let next = 0
    for (const axis of axes) {
      axis.faulted = true
      // The plan lists frozen servos in the order of the axes.
      const frozen = plan.freeze[next]?.id === axis.id ? plan.freeze[next++] : undefined
      axis.stopped(frozen?.position)
      if (!frozen && axis.power === 'on') axis.power = 'unknown'
    }
  }

  /** A bus that is open and yet refused the plan gets the one frame that nothing can be wrong with. */
  #cutAll({ bus, axes }: Channel): void {
    if (!bus.isOpen) return
    try {
      bus.stop({ cut: axes.map((axis) => axis.id), freeze: [] })
    } catch {
      // The first reason stands; the read back will tell what became of each servo.
    }
  }

  #cutNow(channel: Channel): void {
    if (channel.axes.length === 0) return
    for (const axis of channel.axes) axis.letGo()
    this.#cutAll(channel)
  }

  /** The rest of the way. Joins one that is under way, and adds the wish to cut to it. Never rejects. */
  finish(cut: boolean): Promise<StopVerdict> {
    if (this.#home.rig.env.gate.isOpen) this.stopNow()
    const passing = this.#passing ?? this.#begin()
    // Somebody's hands are inside: the frame goes out before anything is waited for.
    if (cut && !passing.cutWish.signal.aborted) for (const channel of this.#home.rig.channels) this.#cutNow(channel)
    if (cut) passing.cutWish.abort()
    return passing.verdict
  }

  #begin(): Passing {
    const cutWish = new AbortController()
    // Begun one microtask later, so that a wish to cut that comes with the first call is seen by the first pass.
    const verdict = Promise.resolve().then(() => this.#passes(cutWish.signal))
    this.#passing = { cutWish, verdict }
    return this.#passing
  }

  /** Passes until one was undisturbed: a stop in between makes its exchanges void, a wish to cut changes its aim. */
  async #passes(cutWish: AbortSignal): Promise<StopVerdict> {
    const { rig, power } = this.#home
    const { armStill, callTimeout } = rig.env.limits
    const release = rig.hurry()
    try {
      await power.quiet(armStill + 2 * callTimeout)
      for (let pass = 1; ; pass++) {
        const [stops, cut] = [this.#stops, cutWish.aborted]
        const joints = await Promise.all(rig.channels.map((channel) => this.#finishChannel(channel, cutWish)))
        const undisturbed = stops === this.#stops && cut === cutWish.aborted
        if (undisturbed || pass === MOST_PASSES) return this.#conclude(joints.flat())
      }
    } finally {
      release()
      this.#passing = undefined
    }
  }

  #conclude(verdicts: readonly JointVerdict[]): StopVerdict {
    const byJoint = new Map(verdicts.map((verdict) => [verdict.joint, verdict]))
    const joints: JointVerdict[] = []
    for (const axis of this.#home.rig.axes.values()) {
      const verdict = byJoint.get(axis.name)
      if (!verdict) continue
      joints.push(verdict)
      axis.power = verdict.verdict === 'off' ? 'off' : verdict.verdict === 'holding' ? 'on' : 'unknown'
      // A joint that goes on holding is watched again; the others have said all there is to say.
      axis.faulted = verdict.verdict !== 'holding'
    }
    return verdictOf(joints)
  }

  async #finishChannel(channel: Channel, cutWish: AbortSignal): Promise<JointVerdict[]> {
    const trouble = this.#frameTroubles.get(channel)
    const troubles = trouble === undefined ? [] : [trouble]
    try {
      if (!channel.bus.isOpen) return this.#unreachable(channel, cutWish, [`the bus ${channel.name} is not open`])
      await this.#standstill(channel, cutWish)
      return await this.#powerOff(channel, cutWish, troubles)
    } catch (error) {
      return this.#unreachable(channel, cutWish, [...troubles, describe(error)])
    }
  }

  #unreachable({ axes }: Channel, cutWish: AbortSignal, troubles: readonly string[]): JointVerdict[] {
    return axes.map((axis) => judge(axis, cutWish.aborted, { powered: undefined, still: false, troubles }))
  }

  /**
   * Waits for rest. A servo that was frozen in full motion first overshoots by its own ramp and then creeps back; once
   * all are slow they are frozen anew where they are now, and rest at once.
   */
  async #standstill(channel: Channel, cutWish: AbortSignal): Promise<void> {
    const { rig } = this.#home
    const { limits, clock } = rig.env
    const { axes, bus } = channel
    const frozen = axes.filter((axis) => axis.mode === 'frozen')
    const giveUp = (axis: Axis): boolean => !bus.isOpen || axis.isSilent(clock.now(), limits)
    const start = clock.now()
    const isSlow = ({ sample }: Axis): boolean =>
      sample !== undefined && sample.at > start && Math.abs(sample.velocity) <= limits.slowVelocity
    const wait = { giveUp, signal: cutWish }
    await waitStill(rig, frozen, { ...wait, cap: limits.parkCap, until: (axis) => isAtRest(axis) || isSlow(axis) })
    const left = start + limits.parkCap - clock.now()
    if (left <= 0 || cutWish.aborted || frozen.every(isAtRest) || !bus.isOpen) return
    this.#freezeAnew(channel)
    await waitStill(rig, frozen, { ...wait, cap: left })
  }

  #freezeAnew({ bus, axes, loop }: Channel): void {
    const { clock, limits } = this.#home.rig.env
    const plan = planStop(axes, clock.now(), limits.freezeAge)
    try {
      bus.stop(plan)
    } catch {
      // The first freeze stands; it only takes longer.
      return
    }
    loop.exchangesDropped()
    for (const { id, position } of plan.freeze) axes.find((axis) => axis.id === id)?.stopped(position)
  }

  async #powerOff(channel: Channel, cutWish: AbortSignal, troubles: readonly string[]): Promise<JointVerdict[]> {
    const { bus, axes } = channel
    const cut = cutWish.aborted
    const held = axes.filter((axis) => !cut && axis.policy === 'hold' && axis.mode === 'frozen')
    const offs = axes.filter((axis) => !held.includes(axis))
    const said = [...troubles]
    if (offs.length > 0) said.push(...this.#sendOff(channel, offs, held))
    let left: readonly Axis[] = offs
    for (let attempt = 0; left.length > 0 && attempt < OFF_TRIES && bus.isOpen; attempt++)
      left = await this.#home.power.off(left)
    const powered = new Map<Axis, boolean | undefined>()
    for (const axis of axes) {
      const sure = offs.includes(axis) && !left.includes(axis)
      powered.set(axis, sure ? false : await this.#readTorque(channel, axis.id))
    }
    await this.#lookOnceMore(
      held.filter((axis) => powered.get(axis)),
      cutWish,
    )
    const verdicts: JointVerdict[] = []
    for (const axis of axes) {
      const isOff = powered.get(axis) === false
      const troubles = isOff ? said : [...said, ...(await this.#shadowTroubles(channel, axis, held.includes(axis)))]
      verdicts.push(judge(axis, cut, { powered: powered.get(axis), still: isAtRest(axis), troubles }))
    }
    return verdicts
  }

  /** Which of the servos that follow one is not as it should be: what is said of the joint must name the right one. */
  async #shadowTroubles(channel: Channel, axis: Axis, wanted: boolean): Promise<string[]> {
    const troubles: string[] = []
    for (const shadow of axis.spec.servo?.shadows ?? []) {
      const powered = await this.#readTorque(channel, shadow)
      if (powered === undefined) troubles.push(`servo ${shadow}, which follows it, did not answer`)
      else if (powered !== wanted)
        troubles.push(`servo ${shadow}, which follows it, ${powered ? 'still has power' : 'has no power'}`)
    }
    return troubles
  }

  /** A holding servo that answers again after a silence was not waited for: it has not been read at rest often enough. */
  async #lookOnceMore(held: readonly Axis[], cutWish: AbortSignal): Promise<void> {
    const { rig } = this.#home
    if (held.length > 0) await waitStill(rig, held, { cap: rig.env.limits.armStill, signal: cutWish })
  }

  /** Needs no reply, so it also reaches a servo that can hear and not speak. All off is the broadcast. */
  #sendOff({ bus }: Channel, offs: readonly Axis[], held: readonly Axis[]): string[] {
    const freeze = held.flatMap((axis) =>
      axis.servoSetpoint === undefined ? [] : [{ id: axis.id, position: axis.servoSetpoint }],
    )
    try {
      bus.stop({ cut: offs.map((axis) => axis.id), freeze })
      return []
    } catch (error) {
      return [`the torque-off frame was not sent: ${describe(error)}`]
    }
  }

  async #readTorque({ bus }: Channel, id: number): Promise<boolean | undefined> {
    const { clock, limits } = this.#home.rig.env
    try {
      return await within(clock, limits.callTimeout, bus.readTorque(id), () => undefined)
    } catch {
      return undefined
    }
  }
}

/**
 * The stop frame of one bus: what has no power, or must lose it, is cut; the rest is frozen where it is. Named are all.
 */
export function planStop(axes: readonly Axis[], now: number, freezeAge: number): StopPlan {
  const cut: number[] = []
  const freeze: { id: number; position: number }[] = []
  for (const axis of axes) {
    const keeps = axis.policy !== 'cut' && !axis.cutOnStop && axis.power !== 'off'
    const position = keeps ? axis.freezePoint(now, freezeAge) : undefined
    if (position === undefined) cut.push(axis.id)
    else freeze.push({ id: axis.id, position })
  }
  return { cut, freeze }
}
