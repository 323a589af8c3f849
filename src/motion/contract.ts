import type { Problem } from '../base/problem.ts'
import type { Radians, RadiansPerSecond, Seconds } from '../base/units.ts'
import type { StopPolicy } from '../device/joint.ts'
import type { BusHealth } from '../device/servo-bus.ts'

/**
 * What the rest of the runtime sees of the moving parts. `safety/hardware.ts` implements it over the declared buses; a
 * robot without joints has one that is always ready and moves nothing.
 */
export interface Hardware {
  /** Opens all buses and starts reading. Rejects with a `TendonError`; what had been opened is closed again. */
  open(): Promise<void>
  /** Ends every loop, timer and port. The caller has disarmed before. */
  close(): Promise<void>

  /**
   * Prearm checks, goal = present, torque on, read back. Resolves to the problems that stand against arming; none means
   * that every joint holds, verified, and setpoints pass once `openGate` is called. With problems, whatever was
   * powered on the way is off again. An abort of `signal` (a stop) makes it resolve at once with `TENDON_ARM_ABORTED`.
   */
  arm(signal: AbortSignal): Promise<readonly Problem[]>
  /** Lets setpoints through: the state is `armed` now. */
  openGate(): void

  /**
   * The first two steps of every safety act: closes the gate (generation + 1: all grants are dead) and hands the stop
   * frames to the ports. Returns when that is done; never throws, never waits. What failed is in the verdict later.
   */
  stopNow(): void
  /**
   * The rest: waits for standstill within the park cap, powers off what is `cut` or `park` (and `hold` too with `cut`),
   * reads every servo back, one failing never keeps another powered. Always resolves. A later call joins the first,
   * a `cut` wish is added to it. The inventory comes from the definition, so a bus that never opened is not confirmed.
   */
  finishStop(options: { readonly cut: boolean }): Promise<StopVerdict>

  /** Joint access for one run. All of it ends with `revoke`, or with the next `stopNow`. */
  grant(joints: readonly string[], runId: string): JointGrant
  /** Decelerates these joints and resolves when they have been read standing still, or could not be confirmed. */
  halt(joints: readonly string[]): Promise<HaltReport>

  /** Newest known state of each joint; joints that were never read are `unknown`. */
  joint(name: string): JointReading
  readonly jointNames: readonly string[]
  /** Calls `fn` after each joined read of a bus, until the returned function is called. It must not throw. */
  onRead(fn: () => void): () => void
  health(): Readonly<Record<string, BusReport>>
  /** The control loop of each bus. */
  loops(): Readonly<Record<string, LoopHealth>>
}

/** The control loop of one bus, with its counts since the robot was started. */
export interface LoopHealth {
  /** Whether it ticks. It does not before its bus is open, nor while that is lost. */
  readonly isRunning: boolean
  readonly ticks: number
  /** Ticks that fell due while the host did not run. They are not made up for. */
  readonly skipped: number
  /** Ticks at which the last setpoints had not been written yet, so that none were computed. */
  readonly heldBack: number
  /** Answers that did not come. */
  readonly misses: number
}

/** The counters of a bus, and whether its link is open now; a lost one is opened again by itself. */
export interface BusReport extends BusHealth {
  readonly isOpen: boolean
}

/** What the hardware tells the runtime without being asked. */
export interface HardwareHooks {
  /** A link or a servo was lost while powered, a servo raised an alarm...: safety must act. */
  fault(problem: Problem): void
  /** A bus is open again after a loss, and its servos may have power: the stop is sent and verified anew, at once. */
  returned(bus: string): void
  /** Something to record: late writes refused, clamps, retries above budget. */
  note(type: string, facts: Readonly<Record<string, unknown>>): void
}

/** The outcome of a stop for one joint. */
export interface JointVerdict {
  readonly joint: string
  readonly bus: string
  readonly servo: number
  readonly policy: StopPolicy
  readonly verdict: 'off' | 'holding' | 'not_confirmed'
  /** Why it is not confirmed. */
  readonly reason?: string
}

/** Whether every servo is as its policy says, each read back. */
export interface StopVerdict {
  readonly confirmed: boolean
  readonly joints: readonly JointVerdict[]
}

export interface HaltReport {
  readonly confirmed: boolean
  /** Joints that were not read standing still. */
  readonly moving: readonly string[]
}

export type JointReading =
  | { readonly status: 'unknown' }
  | {
      readonly status: 'fresh' | 'stale'
      readonly position: Radians
      readonly velocity: RadiansPerSecond
      readonly load: number
      readonly at: Seconds
      /** Nothing measures it: position and velocity are what the servo was told, by time. */
      readonly estimated?: true
    }

/** The options of a joint-space move. */
export interface MoveOptions {
  /** Share of each joint's velocity limit, 0 < speed <= 1; default 1. */
  readonly speed?: number | undefined
  /** Called at each control tick with the share of the path done, 0..1. What it throws fails the move. */
  readonly onProgress?: ((progress: { readonly fraction: number }) => void) | undefined
}

export interface MoveResult {
  /** Measured on arrival. */
  readonly position: Readonly<Record<string, Radians>>
  readonly duration: Seconds
  /** At least one of these joints has a servo that measures nothing: that it arrived is told by time alone. */
  readonly estimated?: true
}

/** A run's hold on its joints (internal: `ctx.joints` is typed by the definition). */
export interface JointGrant {
  readonly joints: readonly string[]
  /**
   * All named joints leave together and arrive together. Resolves when each has been read within its tolerance for the
   * settle time; rejects with a `TendonError`: `TENDON_JOINT_STALLED` names the joint; refused when not armed, not in
   * this grant, not finite or outside the limits. An abort of `signal` decelerates and rejects with its reason.
   */
  moveTo(
    goal: Readonly<Record<string, Radians | undefined>>,
    options: MoveOptions,
    signal?: AbortSignal,
  ): Promise<MoveResult>
  /** One streamed setpoint, checked against limits and jumps; it dries up after `ttl` (default 0.1 s): the joint halts. */
  setpoint(joint: string, position: Radians, ttl?: Seconds): void
  /**
   * One streamed setpoint of speeds, of joints that turn at speeds: each gets there within its acceleration limit, keeps
   * it, and brakes to 0 when no other follows within `ttl` (default 0.1 s). Refused as a whole when not armed, not in this
   * grant, not finite or beyond the limit; rejected with `TENDON_JOINT_NOT_TURNING`, once, when one of them has stalled.
   */
  drive(speeds: Readonly<Record<string, RadiansPerSecond | undefined>>, ttl?: Seconds): void
  /** Lets joints go limp for hand-guiding; resolves when each was read back without power. */
  release(joints: readonly string[]): Promise<void>
  /** Ends a release: goal = present, torque on, read back. */
  engage(joints: readonly string[]): Promise<void>
  /** While paused (a child run has the joints) every setpoint is refused. */
  pause(): void
  resume(): void
  /** No call on this grant has any effect from now on; each is refused and counted. */
  revoke(): void
}
