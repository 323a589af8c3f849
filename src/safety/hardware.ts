import { within } from '../base/clock.ts'
import { describe, type Problem, TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { HardwareMap } from '../device/hardware-map.ts'
import { isSpeedJoint, type JointPace, type JointSpec } from '../device/joint.ts'
import type { ServoBus, ServoBusSpec, ServoMount } from '../device/servo-bus.ts'
import type { DeviceEnv, Unsubscribe } from '../device/transport.ts'
import type { Axis, AxisPlace } from '../motion/axis.ts'
import type {
  BusReport,
  HaltReport,
  Hardware,
  HardwareHooks,
  JointGrant,
  JointReading,
  LoopHealth,
  StopVerdict,
} from '../motion/contract.ts'
import { ControlLoop, type MotionEnv } from '../motion/control-loop.ts'
import { MotionGate } from '../motion/gate.ts'
import { RunGrant } from '../motion/grant.ts'
import { type HardwareLimits, hardwareLimits } from '../motion/limits.ts'
import { mimicReading } from '../motion/mimic.ts'
import type { Move } from '../motion/moves.ts'
import { PositionAxis } from '../motion/position-axis.ts'
import { Power } from '../motion/power.ts'
import { type Channel, Rig } from '../motion/rig.ts'
import { SpeedAxis } from '../motion/speed-axis.ts'
import { waitStill } from '../motion/wait-still.ts'
import { aborted, armAll } from './arming.ts'
import { type Guarding, Guards } from './guards.ts'
import { BusReopening } from './reopening.ts'
import { StopLadder } from './stop-ladder.ts'

/**
 * The moving parts of one robot. The list of what can have power comes from `map`, whatever opens or answers later.
 * `paces`: of the joints whose limits come from parameters. `guarding`: who stops it when this program cannot; without,
 * no bus that needs a guard can be armed. Opens nothing yet. Throws `TENDON_ARGUMENT_INVALID` for a
 * limit that is no bound.
 */
export function createHardware(
  map: HardwareMap,
  env: DeviceEnv,
  limits: Partial<HardwareLimits>,
  hooks: HardwareHooks,
  paces: Readonly<Record<string, () => JointPace>> = {},
  guarding?: Guarding,
): Hardware {
  const shared: MotionEnv = { clock: env.clock, limits: hardwareLimits(limits), hooks, gate: new MotionGate() }
  const channels = Object.entries(map.buses).map(([name, spec]): Channel => {
    const bus = spec.create(env, mountsOf(map, name))
    const axes = axesOn(map, name, shared.limits, paces)
    checkSpeeds(name, spec, bus, axes)
    return { name, bus, axes, loop: new ControlLoop(name, bus, axes, shared) }
  })
  return new RobotHardware(new Rig(shared, channels, map.joints), map.buses, guarding)
}

/** A wheel on a bus that knows no speeds would be armed and never turn. */
function checkSpeeds(name: string, { family }: ServoBusSpec, bus: ServoBus, axes: readonly Axis[]): void {
  const joints = axes.flatMap((axis) => (axis instanceof SpeedAxis ? [axis.name] : []))
  if (joints.length > 0 && !bus.writeSpeeds)
    throw new TendonError(problem('TENDON_BUS_WITHOUT_SPEEDS', { bus: name, family, joints }))
}

function mountsOf(map: HardwareMap, bus: string): ServoMount[] {
  return Object.entries(map.joints).flatMap(([joint, { servo }]) =>
    servo?.bus === bus ? [{ joint, servo, calibration: map.calibration[joint] }] : [],
  )
}

function axesOn(
  map: HardwareMap,
  bus: string,
  limits: HardwareLimits,
  paces: Readonly<Record<string, () => JointPace>>,
): Axis[] {
  return Object.entries(map.joints).flatMap(([name, spec]) =>
    spec.servo?.bus === bus ? [axisOf(name, spec, { ...spec.servo, limits, paceNow: paces[name] })] : [],
  )
}

const axisOf = (name: string, spec: JointSpec, place: AxisPlace): Axis =>
  isSpeedJoint(spec) ? new SpeedAxis(name, spec, place) : new PositionAxis(name, spec, place)

class RobotHardware implements Hardware {
  readonly jointNames: readonly string[]
  readonly #rig: Rig
  readonly #power: Power
  readonly #moves = new Set<Move>()
  readonly #ladder: StopLadder
  readonly #guards: Guards
  readonly #reopening: BusReopening
  readonly #subscriptions: Unsubscribe[] = []
  #arming: Promise<readonly Problem[]> | undefined
  /** The generation that the last arming verified; any stop since then makes it void. */
  #armedGeneration: number | undefined
  #calmDown: (() => void) | undefined

  constructor(rig: Rig, buses: HardwareMap['buses'], guarding: Guarding | undefined) {
    this.#rig = rig
    this.#power = new Power(rig)
    this.#guards = new Guards(rig, guarding, buses, (lost) => this.#guardLost(lost))
    this.#ladder = new StopLadder({ rig, power: this.#power, moves: this.#moves })
    this.#reopening = new BusReopening({
      rig,
      guards: this.#guards,
      armingOver: () => this.#arming ?? Promise.resolve(),
      lookAtPower: (channel) => this.#lookAtPower(channel),
    })
    this.jointNames = Object.keys(rig.joints)
  }

  async open(): Promise<void> {
    this.#guards.tellRecords()
    try {
      for (const channel of this.#rig.channels) {
        await channel.bus.open()
        await this.#guards.up(channel)
        this.#subscriptions.push(channel.bus.onLost((lost) => this.#lost(channel, lost)))
      }
      await Promise.all(this.#rig.channels.map((channel) => this.#lookAtPower(channel)))
    } catch (error) {
      await this.#closeBuses()
      throw error
    }
    for (const { loop, bus } of this.#rig.channels) if (bus.isOpen) loop.start()
  }

  /** Servos outlive the process that powered them: what still holds is known, and a stop freezes it. */
  async #lookAtPower({ bus, axes }: Channel): Promise<void> {
    const { clock, limits, hooks } = this.#rig.env
    const powered: string[] = []
    for (const axis of axes) {
      const on = await within(clock, limits.callTimeout, bus.readTorque(axis.id), () => undefined).catch(
        () => undefined,
      )
      axis.power = on === undefined ? 'unknown' : on ? 'on' : 'off'
      axis.cutOnStop = on !== true
      if (on) powered.push(axis.name)
    }
    if (powered.length > 0) hooks.note('found_powered', { joints: powered })
  }

  async close(): Promise<void> {
    if (this.#rig.env.gate.isOpen) this.stopNow()
    for (const move of [...this.#moves])
      move.fail(new TendonError(problem('TENDON_ACCESS_REVOKED', { run: move.run, call: 'moveTo' })))
    await this.#closeBuses()
    this.#rig.close()
  }

  async #closeBuses(): Promise<void> {
    const { clock, limits, hooks } = this.#rig.env
    this.#reopening.end()
    for (const unsubscribe of this.#subscriptions.splice(0)) unsubscribe()
    for (const { loop } of this.#rig.channels) loop.stop()
    // First: a guard that holds the port too would keep it from being free.
    await Promise.all(this.#rig.channels.map((channel) => this.#guards.down(channel)))
    await Promise.all(
      this.#rig.channels.map(({ name, bus }) =>
        within(clock, limits.callTimeout, bus.close(), () => undefined).catch((error: unknown) =>
          hooks.note('bus_not_closed', { bus: name, reason: describe(error) }),
        ),
      ),
    )
  }

  /** The link of a bus is gone. It is opened again from here on; until then nothing reaches its servos. */
  #lost(channel: Channel, lost: Problem): void {
    const { name, axes, loop } = channel
    const { hooks, gate } = this.#rig.env
    // Also where each of its joints was released: an armed robot has all of its buses.
    const matters = (gate.isOpen && axes.length > 0) || axes.some((axis) => axis.power !== 'off')
    const news = !this.#ladder.isFinishing && matters
    for (const axis of axes) axis.lost()
    loop.stop()
    const joints = axes.map((axis) => axis.name)
    const found = problem('TENDON_HARDWARE_LOST', { bus: name, joints, reason: lost.what }, lost)
    const reason = new TendonError(found)
    for (const move of [...this.#moves]) if (move.needs(axes)) move.fail(reason)
    // While a stop is being finished its verdict tells; without power there is nothing to act on.
    if (news) hooks.fault(found)
    else hooks.note('bus_lost', { bus: name, reason: lost.what })
    this.#reopening.lost(channel)
  }

  async arm(signal: AbortSignal): Promise<readonly Problem[]> {
    if (signal.aborted) return [aborted()]
    if (this.#ladder.isFinishing) return [aborted('a stop is still being finished')]
    if (this.#reopening.isUnderWay) return [aborted('a bus is just coming back')]
    this.#arming ??= this.#power.track(this.#arm(signal)).finally(() => {
      this.#arming = undefined
    })
    return orAborted(this.#arming, signal)
  }

  async #arm(signal: AbortSignal): Promise<readonly Problem[]> {
    const { gate } = this.#rig.env
    const generation = gate.generation
    const isAlive = (): boolean => !signal.aborted && gate.generation === generation
    this.#calmDown ??= this.#rig.hurry()
    const problems = await armAll({ rig: this.#rig, power: this.#power, guards: this.#guards, isAlive })
    if (problems.length === 0) this.#armedGeneration = generation
    else if (!this.#ladder.isFinishing) this.#calm()
    return problems
  }

  openGate(): void {
    const { gate, hooks } = this.#rig.env
    if (this.#armedGeneration === gate.generation) gate.open()
    else hooks.note('gate_refused', { reason: 'the robot was stopped, or was never armed' })
  }

  stopNow(): void {
    this.#ladder.stopNow()
  }

  async finishStop({ cut }: { readonly cut: boolean }): Promise<StopVerdict> {
    const verdict = await this.#ladder.finish(cut)
    if (!this.#ladder.isFinishing && !this.#rig.env.gate.isOpen && !this.#arming) this.#calm()
    return verdict
  }

  /** A stop that is being finished goes on without it; anything else that has power must not. */
  #guardLost(lost: Problem): void {
    const { hooks } = this.#rig.env
    if (this.#ladder.isFinishing) hooks.note('guard_lost', { ...lost.facts })
    else hooks.fault(lost)
  }

  #calm(): void {
    this.#guards.end()
    this.#calmDown?.()
    this.#calmDown = undefined
  }

  grant(joints: readonly string[], runId: string): JointGrant {
    return new RunGrant({ rig: this.#rig, power: this.#power, moves: this.#moves }, joints, runId)
  }

  async halt(joints: readonly string[]): Promise<HaltReport> {
    const axes = this.#rig.axesOf(joints)
    for (const axis of axes) {
      axis.owner?.replaced(axis)
      axis.brake()
    }
    const giveUp = (axis: Axis): boolean => !this.#rig.channelOf(axis).bus.isOpen
    const moving = await waitStill(this.#rig, axes, { cap: this.#rig.env.limits.haltTimeout, giveUp })
    return { confirmed: moving.length === 0, moving: moving.map((axis) => axis.name) }
  }

  joint(name: string): JointReading {
    const axis = this.#rig.axes.get(name)
    const mimic = this.#rig.joints[name]?.mimic
    if (mimic) return mimicReading(mimic, this.joint(mimic.joint))
    if (!axis) return { status: 'unknown' }
    return axis.reading(this.#rig.env.clock.now(), this.#rig.channelOf(axis).loop.freshFor)
  }

  onRead(fn: () => void): () => void {
    const ends = this.#rig.channels.map(({ loop }) => loop.onRead(fn))
    return () => {
      for (const end of ends) end()
    }
  }

  health(): Readonly<Record<string, BusReport>> {
    return Object.fromEntries(
      this.#rig.channels.map(({ name, bus }) => [name, { ...bus.health(), isOpen: bus.isOpen }]),
    )
  }

  loops(): Readonly<Record<string, LoopHealth>> {
    return Object.fromEntries(this.#rig.channels.map(({ name, loop }) => [name, loop.health()]))
  }
}

/** What `work` resolves to, or at once the news that it was broken off; `work` cleans up by itself. */
async function orAborted(work: Promise<readonly Problem[]>, signal: AbortSignal): Promise<readonly Problem[]> {
  let onAbort = (): void => {}
  const broken = new Promise<readonly Problem[]>((resolve) => {
    onAbort = () => resolve([aborted()])
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([work, broken])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
