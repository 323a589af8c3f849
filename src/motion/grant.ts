import { type Problem, TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { Radians, RadiansPerSecond, Seconds } from '../base/units.ts'
import type { Axis } from './axis.ts'
import type { JointGrant, MoveOptions, MoveResult } from './contract.ts'
import { Move, type MoveTarget } from './moves.ts'
import { PositionAxis } from './position-axis.ts'
import { type Power, torqueProblem } from './power.ts'
import type { Rig } from './rig.ts'
import { checkGoal, checkJump, checkSpeed } from './setpoint-check.ts'
import { SpeedAxis } from './speed-axis.ts'
import { TravelWatch } from './travel-watch.ts'
import { waitStill } from './wait-still.ts'

type Call = 'moveTo' | 'setpoint' | 'drive' | 'release' | 'engage'

/** What a grant needs of the hardware it was given by. */
export interface GrantHome {
  readonly rig: Rig
  readonly power: Power
  /** The moves under way, so that a stop can end them. */
  readonly moves: Set<Move>
}

/** One run's access to its joints. Dead from the moment of `revoke` or of the next stop, whatever comes first. */
export class RunGrant implements JointGrant {
  readonly joints: readonly string[]
  readonly #home: GrantHome
  readonly #run: string
  readonly #generation: number
  readonly #moves = new Set<Move>()
  #revoked = false
  #paused = 0
  #late = 0

  constructor(home: GrantHome, joints: readonly string[], run: string) {
    this.#home = home
    this.#run = run
    this.joints = [...joints]
    this.#generation = home.rig.env.gate.generation
  }

  async moveTo(
    goal: Readonly<Record<string, Radians | undefined>>,
    options: MoveOptions = {},
    signal?: AbortSignal,
  ): Promise<MoveResult> {
    const wanted = Object.entries(goal).filter(([, value]) => value !== undefined)
    const names = wanted.map(([name]) => name)
    const axes = this.#admit('moveTo', names)
    this.#refuseIf(checkShare(options.speed))
    const targets = wanted.map(([name, value]) => this.#target('moveTo', axes, name, value))
    signal?.throwIfAborted()
    const [first, ...rest] = targets
    if (!first) return { position: {}, duration: 0 }
    const { rig, moves } = this.#home
    const onEnd = (ended: Move): void => {
      moves.delete(ended)
      this.#moves.delete(ended)
    }
    const move = new Move(rig, { run: this.#run, targets: [first, ...rest], options, signal, onEnd })
    moves.add(move)
    this.#moves.add(move)
    return move.result
  }

  setpoint(joint: string, position: Radians, ttl?: Seconds): void {
    const { clock, limits } = this.#home.rig.env
    const axes = this.#admit('setpoint', [joint])
    this.#refuseIf(checkTtl(ttl))
    const { axis } = this.#target('setpoint', axes, joint, position)
    const [now, tick] = [clock.now(), 1 / limits.rate]
    axis.takeLimits()
    this.#refuseIf(checkJump(axis, position, axis.streamElapsed(now, limits.streamTtl), tick))
    axis.owner?.replaced(axis)
    axis.feeder = this
    axis.stream(position, now, tick, ttl ?? limits.streamTtl, limits.streamTtl)
  }

  drive(speeds: Readonly<Record<string, RadiansPerSecond | undefined>>, ttl?: Seconds): void {
    const { clock, limits } = this.#home.rig.env
    const wanted = Object.entries(speeds).filter(([, speed]) => speed !== undefined)
    const names = wanted.map(([name]) => name)
    const axes = this.#admit('drive', names)
    this.#refuseIf(checkTtl(ttl))
    // All are checked before one is told: a rover with one wheel refused must not turn on the other.
    const orders = wanted.map(([name, speed]) => this.#order(axes, name, speed))
    for (const { axis, speed } of orders) {
      axis.feeder = this
      axis.drive(speed, clock.now(), ttl ?? limits.streamTtl)
    }
  }

  async release(joints: readonly string[]): Promise<void> {
    const { rig, power } = this.#home
    const axes = [...this.#admit('release', joints, { limp: true }).values()]
    for (const axis of axes) {
      axis.owner?.replaced(axis)
      axis.brake()
    }
    const moving = await waitStill(rig, axes, { cap: rig.env.limits.haltTimeout })
    this.#admit('release', joints, { limp: true })
    if (moving.length > 0) throw new TendonError(problem('TENDON_STANDSTILL_NOT_CONFIRMED', { joints: names(moving) }))
    const [left] = await power.off(axes)
    if (left) throw new TendonError(torqueProblem(left, 'off'))
  }

  async engage(joints: readonly string[]): Promise<void> {
    const limp = [...this.#admit('engage', joints, { limp: true }).values()].filter(({ mode }) => mode === 'limp')
    await this.#home.power.track(this.#powerUp(limp, joints))
  }

  pause(): void {
    if (this.#paused++ === 0) this.#endMotion('TENDON_ACCESS_PAUSED')
  }

  resume(): void {
    if (this.#paused > 0) this.#paused--
  }

  revoke(): void {
    if (this.#revoked) return
    this.#revoked = true
    if (this.#isCurrent) this.#endMotion('TENDON_ACCESS_REVOKED')
  }

  /** The same order as in arming: at rest, goal = present, torque on, read back, nothing moved. */
  async #powerUp(axes: readonly Axis[], joints: readonly string[]): Promise<void> {
    const { rig, power } = this.#home
    // Read anew: since the last readings a hand may have moved them.
    for (const axis of axes) axis.still.reset()
    const moving = await waitStill(rig, axes, { cap: rig.env.limits.armStill })
    this.#admit('engage', joints, { limp: true })
    if (moving.length > 0) throw new TendonError(problem('TENDON_STANDSTILL_NOT_CONFIRMED', { joints: names(moving) }))
    const found = await this.#switchOn(axes)
    if (found === undefined && this.#isAlive) return power.confirm(axes)
    // A stop takes the power as well; here it goes because the joint does not hold as it should.
    const [left] = await power.off(axes)
    if (left) throw new TendonError(torqueProblem(left, 'off'))
    this.#admit('engage', joints, { limp: true })
    if (found) throw new TendonError(found)
  }

  async #switchOn(axes: readonly Axis[]): Promise<Problem | undefined> {
    const { rig, power } = this.#home
    const travel = new TravelWatch(rig, axes)
    try {
      const [failed] = await power.on(axes, () => this.#isAlive)
      if (failed) return torqueProblem(failed, 'on')
      for (const axis of axes) axis.still.reset()
      const moving = this.#isAlive ? await waitStill(rig, axes, { cap: rig.env.limits.armStill }) : []
      if (moving.length > 0) return problem('TENDON_STANDSTILL_NOT_CONFIRMED', { joints: names(moving) })
      return travel.problems()[0]
    } finally {
      travel.end()
    }
  }

  get #isCurrent(): boolean {
    return this.#home.rig.env.gate.generation === this.#generation
  }

  get #isAlive(): boolean {
    return !this.#revoked && this.#isCurrent
  }

  /** The joints of a call that may act now; throws the reason when it may not. */
  #admit(call: Call, joints: readonly string[], { limp = false } = {}): ReadonlyMap<string, Axis> {
    const run = this.#run
    if (!this.#isAlive) this.#refuseLate(call, joints)
    if (this.#paused > 0) throw new TendonError(problem('TENDON_ACCESS_PAUSED', { run, call }))
    const axes = new Map(joints.map((name) => [name, this.#axisOf(name)]))
    if (!this.#home.rig.env.gate.isOpen) throw new TendonError(problem('TENDON_NOT_ARMED', { joints, run }))
    for (const axis of axes.values()) if (!limp) this.#refuseIf(checkHolds(axis))
    return axes
  }

  #axisOf(name: string): Axis {
    if (!this.joints.includes(name))
      throw new TendonError(problem('TENDON_JOINT_NOT_CLAIMED', { joint: name, run: this.#run, claimed: this.joints }))
    const axis = this.#home.rig.axes.get(name)
    if (!axis) throw new TendonError(problem('TENDON_JOINT_PASSIVE', { joint: name }))
    return axis
  }

  #target(call: Call, axes: ReadonlyMap<string, Axis>, name: string, goal: unknown): MoveTarget {
    const axis = axes.get(name) ?? this.#axisOf(name)
    if (!(axis instanceof PositionAxis))
      throw new TendonError(problem('TENDON_JOINT_TAKES_SPEEDS', { joint: name, call }))
    this.#refuseIf(checkGoal(axis, goal))
    return { axis, goal: goal as Radians }
  }

  #order(axes: ReadonlyMap<string, Axis>, name: string, speed: unknown): { axis: SpeedAxis; speed: RadiansPerSecond } {
    const axis = axes.get(name) ?? this.#axisOf(name)
    if (!(axis instanceof SpeedAxis)) throw new TendonError(problem('TENDON_JOINT_TAKES_POSITIONS', { joint: name }))
    axis.takeLimits()
    this.#refuseIf(checkSpeed(axis, speed))
    const stall = axis.takeStall()
    // What stalled under another run is nothing that this one did.
    if (stall && axis.feeder === this)
      throw new TendonError(problem('TENDON_JOINT_NOT_TURNING', { joint: name, ...stall }))
    return { axis, speed: speed as RadiansPerSecond }
  }

  #refuseLate(call: Call, joints: readonly string[]): never {
    const run = this.#run
    this.#late++
    this.#home.rig.env.hooks.note('late_write', { run, call, joints, count: this.#late })
    throw new TendonError(problem('TENDON_ACCESS_REVOKED', { run, call }))
  }

  #refuseIf(found: Problem | undefined): void {
    if (found) throw new TendonError(found)
  }

  /** Whatever it has set in motion comes to rest. */
  #endMotion(code: 'TENDON_ACCESS_PAUSED' | 'TENDON_ACCESS_REVOKED'): void {
    const reason = new TendonError(problem(code, { run: this.#run, call: 'moveTo' }))
    for (const move of [...this.#moves]) move.fail(reason)
    // Only its own stream: after a late revoke the joint may follow another run already.
    for (const axis of this.#home.rig.axesOf(this.joints))
      if (axis.mode === 'streaming' && axis.feeder === this) axis.brake()
  }
}

const names = (axes: readonly Axis[]): string[] => axes.map((axis) => axis.name)

const checkHolds = (axis: Axis): Problem | undefined =>
  axis.mode === 'limp' || axis.mode === 'frozen' ? problem('TENDON_JOINT_LIMP', { joint: axis.name }) : undefined

function checkShare(speed: number | undefined): Problem | undefined {
  if (speed === undefined || (speed > 0 && speed <= 1)) return undefined
  return problem('TENDON_MOTION_OPTION', { option: 'speed', value: speed, want: 'a share above 0, at most 1' })
}

function checkTtl(ttl: Seconds | undefined): Problem | undefined {
  if (ttl === undefined || (ttl > 0 && ttl < Infinity)) return undefined
  return problem('TENDON_MOTION_OPTION', { option: 'ttl', value: ttl, want: 'a finite number of seconds above 0' })
}
