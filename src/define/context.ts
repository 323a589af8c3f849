import type { TendonError } from '../base/problem.ts'
import type { Storage } from '../base/storage.ts'
import type { Radians, RadiansPerSecond, Seconds } from '../base/units.ts'
import type { JointReading, MoveOptions, MoveResult } from '../motion/contract.ts'
import type { ModelTypes, SensorValue, ValuesOf } from './model-types.ts'
import type { CommandMap, OpsOf } from './script.ts'
import type { SensorReader } from './sensor-reader.ts'

/** Returned by a body to end with a transition: `return next('recording', value)`. */
export class Next<V = unknown> {
  readonly state: string
  readonly value: V
  constructor(state: string, value: V) {
    this.state = state
    this.value = value
  }
}

/** A partial goal over joints, in radians. */
export type JointGoal<J extends string> = { readonly [K in J]?: Radians | undefined }

/** Speeds of joints, in radians per second. */
export type JointSpeeds<J extends string> = { readonly [K in J]?: RadiansPerSecond | undefined }

export interface DriveOptions {
  /** How long the speeds hold when none follow, in seconds; then the joints brake to 0. Default 0.1. */
  readonly ttl?: Seconds | undefined
}

/**
 * The joints of one run: those it claims can be moved, all can be read. `P` are those that go to positions, `S` those that
 * turn at speeds.
 */
export interface JointsAccess<J extends string, P extends string = J, S extends string = J> {
  /** Resolves on measured arrival of all; rejects with `TENDON_JOINT_STALLED` naming the joint. */
  moveTo(goal: JointGoal<P>, options?: MoveOptions): Promise<MoveResult>
  /** Streams one setpoint; when none follows within `ttl` seconds (default 0.1) the joint halts. */
  setpoint(joint: P, position: Radians, ttl?: Seconds): void
  /**
   * Streams one setpoint of speeds to joints that turn at speeds, such as wheels. Each gets there within its acceleration
   * limit; when no other follows within `ttl` seconds (default 0.1) it brakes to 0. Refused as a whole, and then nothing
   * changes: `TENDON_SPEED_LIMIT`, `TENDON_JOINT_TAKES_POSITIONS`, and what refuses every setpoint. Throws
   * `TENDON_JOINT_NOT_TURNING`, once, when a joint that this run drove has stood still against its order and given up.
   */
  drive(speeds: JointSpeeds<S>, options?: DriveOptions): void
  /** Decelerates all claimed joints; true when they were read standing still. */
  halt(): Promise<boolean>
  /** Lets joints go limp for hand-guiding, read back. They are powered again by `engage` or by arming. */
  release(...joints: J[]): Promise<void>
  /** Ends a release: goal = where the joint is now, torque on, read back. */
  engage(...joints: J[]): Promise<void>
  /** The newest measured state of any joint. */
  read(joint: J): JointReading
}

/** The messages that were sent to a run, oldest first, bounded by `limits.inbox`. */
export interface Inbox<M> extends AsyncIterable<M> {
  /** The oldest message, or undefined. */
  take(): M | undefined
  /** Waits for a message. */
  next(): Promise<M>
  readonly size: number
  readonly dropped: number
}

/**
 * What a body is given. Take from it by destructuring what you use: what is not taken is not made. After the run has
 * ended or was cut off, every call is refused and counted.
 */
export interface RunContext<M extends ModelTypes, Goal, Feedback, Partial, Message, Uses extends CommandMap> {
  /** `wave-3`, as events and `robot.runs()` name it. */
  readonly runId: string
  /** The name under which it was called. */
  readonly command: string
  /** What the goal's schema made of the input. */
  readonly goal: Goal
  /** Those that it claims can be moved, all can be read. */
  readonly joints: JointsAccess<M['joint'], M['positionJoint'], M['speedJoint']>
  /** What is made from them here ends with the run. */
  readonly sensors: { readonly [S in keyof M['sensors']]: SensorReader<SensorValue<M['sensors'][S]>> }
  /** The parameters as they are in force at the moment when they are read. */
  readonly params: ValuesOf<M['parameters']>
  /** Runs the commands named in `uses` as children: they borrow this run's slot and claims and never outlive it. */
  readonly robot: OpsOf<Uses>
  /** Aborts when the run is told to end; in cleanup it is a fresh one, which aborts when the run is cut off. */
  readonly signal: AbortSignal
  /** Why the run was told to end, once it was. */
  readonly interrupted: boolean
  /** Sends progress; newest wins. */
  feedback(value: Feedback): void
  /** Publishes a result so far, for callers of a run that will not succeed. */
  partial(value: Partial): void
  /** What callers sent with `handle.send`. */
  readonly inbox: Inbox<Message>
  /** `return next(state, value)`: end with a transition. */
  next<V = undefined>(state: M['state'], value?: V): Next<V>
  /** Changes the operational state now. Throws `TENDON_BAD_TRANSITION`. */
  transition(state: M['state']): void
  /** The operational state. */
  readonly state: string
  /**
   * Waits; rejects when the run is told to end. As with every wait of a context you may leave it without awaiting it. A
   * promise derived from it (`sleep(1).then(...)`) is yours: await it, or end it with `.catch(...)`, or Node reports an
   * unhandled rejection when the run is canceled. A robot started with `process: true` goes on then; another program ends.
   */
  sleep(duration: Seconds): Promise<void>
  /** Monotonic time in seconds. */
  now(): Seconds
  /** Wall time in milliseconds since the Unix epoch: for records, never for control. */
  wall(): number
  /** What the robot keeps between two lives (`StartOptions.storage`). Its names begin with that of the robot. */
  readonly storage: Storage
  /** The light way to hear of the interrupt: called once, synchronously, when the run is told to end. */
  onInterrupt(listener: () => void): void
  /** Listens to a topic for as long as the run lives. */
  subscribe(topic: string, listener: (value: unknown) => void): void
  /** Tells the listeners of a topic of this robot: `ctx.subscribe`, `robot.events.on`. */
  publish(topic: string, value: unknown): void
  /** An error to throw when the body gives up on purpose. */
  fail(reason: string, facts?: Readonly<Record<string, unknown>>): TendonError
}
