import { Cadence } from '../base/cadence.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { describe, type Problem } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { Seconds } from '../base/units.ts'
import type { ServoBus, ServoSample } from '../device/servo-bus.ts'
import type { Axis } from './axis.ts'
import type { HardwareHooks, LoopHealth } from './contract.ts'
import type { MotionGate } from './gate.ts'
import type { HardwareLimits } from './limits.ts'
import { PositionAxis } from './position-axis.ts'
import { type ContactJudgement, ReplyWatch } from './reply-watch.ts'
import { SpeedAxis } from './speed-axis.ts'

/** A read that takes so many times as long as usual is not waited for: the pace must not depend on lost replies. */
const LATE_READ = 1.5
/** Over how many reads the usual time is taken. */
const READS_REMEMBERED = 16

/** What the loops, moves and grants of one robot share. */
export interface MotionEnv {
  readonly clock: Clock
  readonly limits: HardwareLimits
  readonly hooks: HardwareHooks
  readonly gate: MotionGate
}

/** Something that looks at the joints once a tick, after the setpoints are on their way. Must not throw. */
export interface TickListener {
  tick(now: Seconds): void
}

/**
 * The control tick of one bus, on absolute deadlines: one joined write of what moves, one joined read of everything.
 * The write goes first and from the plan alone, so its pace does not depend on how long a read takes; setpoints move
 * on only when the last ones were written, so none is ever more than a tick ahead of what the servos were told.
 */
export class ControlLoop {
  readonly #name: string
  readonly #bus: ServoBus
  readonly #axes: readonly Axis[]
  readonly #positions: readonly PositionAxis[]
  readonly #speeds: readonly SpeedAxis[]
  readonly #byId: ReadonlyMap<number, Axis>
  readonly #contacts: ReadonlyMap<Axis, ReplyWatch>
  readonly #env: MotionEnv
  readonly #listeners = new Set<TickListener>()
  readonly #readers = new Set<() => void>()
  #timer: Timer | undefined
  #running = false
  #haste = 0
  #cadence = new Cadence(0, 1)
  #statusDue: Seconds = 0
  #reading: object | undefined
  #readBegan: Seconds = 0
  /** How long reads take of late that everybody answers. */
  #usualRead: Seconds = 0
  #writing: object | undefined
  #blockedTicks = 0
  #ticks = 0
  #skipped = 0
  #heldBack = 0
  #misses = 0

  constructor(name: string, bus: ServoBus, axes: readonly Axis[], env: MotionEnv) {
    this.#name = name
    this.#bus = bus
    this.#axes = axes
    this.#positions = axes.filter((axis) => axis instanceof PositionAxis)
    this.#speeds = axes.filter((axis) => axis instanceof SpeedAxis)
    this.#byId = new Map(axes.map((axis) => [axis.id, axis]))
    this.#contacts = new Map(axes.map((axis) => [axis, new ReplyWatch(env.limits)]))
    this.#env = env
  }

  /** Begins to tick. The bus is open. */
  start(): void {
    this.#running = true
    this.#reanchor()
  }

  /** Ends it: no timer is left, and an answer that still comes changes nothing. Who waits for a read looks once more. */
  stop(): void {
    this.#running = false
    this.#timer?.cancel()
    this.#timer = undefined
    this.#reading = undefined
    this.#writing = undefined
    for (const reader of this.#readers) reader()
  }

  /** Ticks at the full rate until the returned function is called. Several wishes add up. */
  hurry(): () => void {
    if (this.#haste++ === 0 && this.#running) this.#reanchor()
    let wanted = true
    return () => {
      if (wanted && --this.#haste === 0 && this.#running) this.#reanchor()
      wanted = false
    }
  }

  /** Calls `listener.tick` once a tick until it is removed. */
  add(listener: TickListener): void {
    this.#listeners.add(listener)
  }

  remove(listener: TickListener): void {
    this.#listeners.delete(listener)
  }

  /** Calls `fn` after each read, when all axes have taken theirs, until the returned function is called. */
  onRead(fn: () => void): () => void {
    this.#readers.add(fn)
    return () => {
      this.#readers.delete(fn)
    }
  }

  /** A stop has made the open exchange void and thrown away what waited: nothing of it is waited for. */
  exchangesDropped(): void {
    this.#reading = undefined
    this.#writing = undefined
    this.#blockedTicks = 0
  }

  /** How old a reading may be that counts as fresh at the present pace. */
  get freshFor(): Seconds {
    return Math.max(this.#env.limits.freezeAge, 2.5 * this.#period)
  }

  health(): LoopHealth {
    return {
      isRunning: this.#running,
      ticks: this.#ticks,
      skipped: this.#skipped,
      heldBack: this.#heldBack,
      misses: this.#misses,
    }
  }

  get #period(): Seconds {
    const { rate, idleRate } = this.#env.limits
    return 1 / (this.#haste > 0 ? rate : idleRate)
  }

  /** A new grid of deadlines, its first tick at once. */
  #reanchor(): void {
    this.#timer?.cancel()
    this.#cadence = new Cadence(this.#env.clock.now(), this.#period)
    this.#schedule()
  }

  #schedule(): void {
    const left = this.#cadence.due - this.#env.clock.now()
    this.#timer = this.#env.clock.after(Math.max(0, left), () => this.#tick())
  }

  #tick(): void {
    const now = this.#env.clock.now()
    const wait = this.#readOver - now
    if (wait > 0) {
      this.#timer = this.#env.clock.after(wait, () => this.#tick())
      return
    }
    const missed = this.#cadence.tick(now)
    this.#skipped += missed
    // The next tick stands before anything else happens, so that nothing thrown below can end the loop.
    this.#schedule()
    this.#ticks++
    if (missed * this.#period >= this.#env.limits.restartAfter) this.#restAll('the host missed ticks', missed)
    if (this.#env.gate.isOpen) {
      if (this.#writing) this.#holdBack()
      else this.#write(now)
    }
    this.#read(now)
    for (const listener of this.#listeners) listener.tick(now)
    this.#checkSilence(now)
  }

  #write(now: Seconds): void {
    this.#blockedTicks = 0
    this.#watchSpeeds(now)
    const setpoints = this.#positions.flatMap((axis) => axis.advance(now, this.#period) ?? [])
    const speeds = this.#speeds.flatMap((axis) => axis.advance(now, this.#period) ?? [])
    const frames: (Promise<void> | undefined)[] = []
    if (setpoints.length > 0) frames.push(this.#bus.writeSetpoints(setpoints))
    if (speeds.length > 0) frames.push(this.#bus.writeSpeeds?.(speeds))
    if (frames.length === 0) return
    const token = {}
    this.#writing = token
    const done = (): void => {
      if (this.#writing === token) this.#writing = undefined
    }
    Promise.all(frames).then(done, (error: unknown) => {
      done()
      // A lost link is told by onLost; anything else shows as lag and ends the move.
      if (this.#running) this.#env.hooks.note('setpoints_not_written', { bus: this.#name, reason: describe(error) })
    })
  }

  #watchSpeeds(now: Seconds): void {
    for (const axis of this.#speeds) {
      const stall = axis.watch(now, this.#env.limits)
      if (stall) this.#env.hooks.note('joint_stalled', { joint: axis.name, bus: this.#name, ...stall })
    }
  }

  #holdBack(): void {
    this.#heldBack++
    const { restartAfter } = this.#env.limits
    if (++this.#blockedTicks * this.#period < restartAfter) return
    if (this.#axes.some((axis) => axis.isMoving)) this.#restAll('the bus did not take setpoints', this.#blockedTicks)
  }

  /** The servos have run out of setpoints and rest; going on at speed would be a jolt, so motion starts from rest. */
  #restAll(reason: string, ticks: number): void {
    this.#env.hooks.note('ticks_skipped', { bus: this.#name, ticks, reason })
    for (const axis of this.#axes) axis.restAfterStall()
  }

  #read(now: Seconds): void {
    for (const axis of this.#axes) axis.silentTicks++
    if (this.#reading || this.#axes.length === 0) return
    const token = {}
    this.#reading = token
    this.#readBegan = now
    const status = now >= this.#statusDue
    if (status) {
      this.#statusDue = now + this.#env.limits.statusInterval
      this.#watchContacts()
    }
    const work = status ? this.#bus.readStatus() : this.#bus.readMotion()
    work.then(
      (samples) => this.#readDone(token, samples),
      // Rejects only when the link is gone, which onLost tells; until then it counts as an empty answer.
      () => this.#readDone(token, new Map()),
    )
  }

  #readDone(token: object, samples: ReadonlyMap<number, ServoSample>): void {
    if (this.#reading !== token) return
    const now = this.#env.clock.now()
    if (samples.size === this.#axes.length)
      this.#usualRead += (now - this.#readBegan - this.#usualRead) / READS_REMEMBERED
    this.#reading = undefined
    const alarms: Problem[] = []
    for (const [id, axis] of this.#byId) {
      const sample = samples.get(id)
      if (!sample) this.#missed(axis)
      else {
        axis.take(sample)
        const alarm = this.#alarmOf(axis, sample) ?? this.#powerLossOf(axis, sample)
        if (alarm) alarms.push(alarm)
      }
    }
    // The next exchange first: what the readings are told to takes its time while the wire is busy.
    if (alarms.length === 0) this.#catchUp(now)
    for (const reader of this.#readers) reader()
    for (const alarm of alarms) this.#env.hooks.fault(alarm)
  }

  /** Where an exchange takes longer than a tick the wire sets the pace, and a timer of whole milliseconds would add to it. */
  #catchUp(now: Seconds): void {
    if (!this.#running || now < this.#cadence.due) return
    this.#timer?.cancel()
    this.#tick()
  }

  /** When a read that is under way should be over: a tick before that would only lengthen the queue for the wire. */
  get #readOver(): Seconds {
    return this.#reading ? this.#readBegan + LATE_READ * this.#usualRead : Number.NEGATIVE_INFINITY
  }

  /** A servo that answers, and too seldom, is told before it becomes one that does not answer. */
  #watchContacts(): void {
    const { servos } = this.#bus.health()
    if (!servos) return
    for (const [axis, watch] of this.#contacts) {
      const counts = servos[axis.id]
      const found = counts && watch.look(counts)
      if (found) this.#tellContact(axis, found)
    }
  }

  #tellContact(axis: Axis, { contact, lost, of }: ContactJudgement): void {
    const facts = { joint: axis.name, bus: this.#name, servo: axis.id, lost, of }
    const isFault = contact === 'broken' && !axis.faulted && this.#isLive(axis)
    if (isFault) {
      axis.faulted = true
      this.#env.hooks.fault(problem('TENDON_SERVO_INTERMITTENT', facts))
    } else this.#env.hooks.note('bus_noisy', { ...facts, problem: problem('TENDON_BUS_NOISY', facts) })
  }

  #missed(axis: Axis): void {
    this.#misses++
    axis.misses++
    // One note for each streak: a dead servo would fill the log.
    if (axis.misses === 1) this.#env.hooks.note('reading_missed', { joint: axis.name, bus: this.#name, servo: axis.id })
  }

  #alarmOf(axis: Axis, sample: ServoSample): Problem | undefined {
    if (sample.alarms.length === 0 || axis.faulted || !this.#isLive(axis)) return undefined
    axis.faulted = true
    const { name: joint, id: servo } = axis
    return problem('TENDON_SERVO_ALARM', { joint, bus: this.#name, servo, alarms: sample.alarms })
  }

  /** A servo that has restarted (a sag of its supply) answers well, has no torque, and its joint drops. */
  #powerLossOf(axis: Axis, { at, powered }: ServoSample): Problem | undefined {
    const held = axis.power === 'on' && axis.heldSince !== undefined && at > axis.heldSince
    if (powered !== false || !held || axis.faulted || !this.#env.gate.isOpen) return undefined
    axis.faulted = true
    axis.power = 'off'
    return problem('TENDON_SERVO_POWER_LOST', { joint: axis.name, bus: this.#name, servo: axis.id })
  }

  /** A fault of this joint matters: the robot is armed, or the joint has power although it is not. */
  #isLive(axis: Axis): boolean {
    return this.#env.gate.isOpen || axis.power === 'on'
  }

  #checkSilence(now: Seconds): void {
    const { limits } = this.#env
    const lost = this.#axes.filter((axis) => !axis.faulted && this.#isLive(axis) && axis.isSilent(now, limits))
    if (lost.length === 0) return
    for (const axis of lost) axis.faulted = true
    if (lost.length > 1 && lost.length === this.#axes.length) this.#faultBus(lost)
    else this.#faultServos(lost, now)
  }

  #faultServos(axes: readonly Axis[], now: Seconds): void {
    for (const axis of axes) {
      const { name: joint, id: servo } = axis
      const quiet = now - (axis.sample?.at ?? this.#cadence.at(0))
      this.#env.hooks.fault(problem('TENDON_SERVO_LOST', { joint, bus: this.#name, servo, silent: quiet }))
    }
  }

  #faultBus(axes: readonly Axis[]): void {
    const joints = axes.map((axis) => axis.name)
    const reason = 'none of its servos answers.'
    this.#env.hooks.fault(problem('TENDON_HARDWARE_LOST', { bus: this.#name, joints, reason }))
  }
}
