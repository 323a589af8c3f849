import type { Cause } from '../base/cause.ts'
import type { Outcome } from '../base/outcome.ts'
import type { CancelTarget } from '../define/cancel-target.ts'
import type { Handle, RunStatus } from '../define/handle.ts'
import type { Limits } from '../define/limits.ts'
import type { ModelTypes, SensorValue } from '../define/model-types.ts'
import type { RobotDefinition } from '../define/robot-definition.ts'
import type { CommandMap, CommandMethods } from '../define/script.ts'
import type { SensorReader } from '../define/sensor-reader.ts'
import type { LinkPort } from '../device/link.ts'
import type { EventLog } from '../log/event-log.ts'
import type { JsonLines, LineSink } from '../log/json-lines.ts'
import type { BusReport, JointReading, LoopHealth, StopVerdict } from '../motion/contract.ts'
import type { RobotParameters } from '../params/robot-parameters.ts'
import type { RuleInfo } from '../rules/rule.ts'
import type { Safety } from '../state/robot-state.ts'
import type { Sensor } from '../stream/sensor.ts'
import type { JointStateStream } from './joint-states.ts'
import type { ArmVerdict } from './lifecycle.ts'

/** One live run, as `robot.runs()` shows it. */
export interface RunInfo {
  readonly id: string
  readonly command: string
  readonly status: RunStatus
  readonly category: string
  readonly claims: readonly string[]
  readonly goal: unknown
  readonly parent: string | undefined
  /** Who asked for it and why, where the caller said so. */
  readonly cause: Cause | undefined
  readonly priority: number
}

export type { CancelTarget }

/** A category at this instant, and a way to wait for room in it. */
export interface CategoryView {
  readonly limit: number
  /** Runs that hold or were promised a slot. */
  readonly taken: number
  readonly queued: number
  /** Resolves when a command of this category could start at once. Rejects with the signal's reason. */
  whenFree(options?: { readonly signal?: AbortSignal | undefined }): Promise<void>
}

/** What every running robot has, beside one method per command. */
export interface RobotCore<M extends ModelTypes> extends AsyncDisposable {
  readonly name: string
  /** The operational state: `disarmed`, `idle`, or a declared one. */
  readonly state: M['state'] | 'disarmed'
  readonly safety: Safety
  readonly commands: CommandMap
  readonly sensors: {
    readonly [S in keyof M['sensors']]: SensorReader<SensorValue<M['sensors'][S]>> & Pick<Sensor<unknown>, 'counts'>
  }
  /** Values that may be changed while it runs; they outlive it where `start` was given a storage that does. */
  readonly parameters: RobotParameters<M['parameters']>
  /** The links of the definition: whether they are online, and publishing through them. */
  readonly links: { readonly [L in M['link']]: LinkPort }
  /** The newest measured state of each joint. */
  readonly joints: { readonly [J in M['joint']]: JointReading }
  /** The same as a stream: one value after each joined read of a bus. */
  readonly jointStates: JointStateStream<M['joint']>
  /** The last events, and listeners for those to come. */
  readonly log: Pick<EventLog, 'entries' | 'on' | 'onAny' | 'seq' | 'lost'> & {
    /** Writes events as JSON lines until `end()` or `close()`. */
    to(sink: LineSink): JsonLines
  }
  /** The robot's own event space, which bodies and scripts share. */
  readonly events: {
    publish(topic: string, value: unknown): void
    on(topic: string, listener: (value: unknown) => void): () => void
  }
  readonly limits: Limits
  /** Of each bus: whether its link is open, and its counters, by servo too. */
  health(): Readonly<Record<string, BusReport>>
  /** The control loop of each bus: whether it ticks, and how often it has. */
  loops(): Readonly<Record<string, LoopHealth>>

  arm(): Promise<ArmVerdict>
  disarm(options?: Cause & { readonly cut?: boolean }): Promise<StopVerdict>
  stop(cause?: Cause): Promise<StopVerdict>
  reset(cause?: Cause): void
  retire(cause?: Cause): Promise<StopVerdict>
  acknowledge(cause?: Cause): Promise<StopVerdict>
  /**
   * Disarms if need be, ends all runs, services and links; leaves no timer or listener. Resolves to the verdict of the
   * disarm. `await using` does the same and throws when power was not confirmed off.
   */
  close(): Promise<StopVerdict>

  /**
   * Runs a command by its name: what surfaces use. The same admission as the typed methods. `cause` is shown in the log
   * with the command.
   */
  execute(name: string, goal?: unknown, cause?: Cause): Handle
  runs(): RunInfo[]
  /** The rules of the definition, with what has become of them so far. */
  rules(): RuleInfo[]
  category(name: M['category'] | 'script' | 'halt'): CategoryView
  /** Resolves, when all of them have ended, to their outcomes. */
  cancel(target: CancelTarget<M['category']>): Promise<Outcome[]>
  /** Resolves when the robot is in this state; rejects with the signal's reason. */
  whenState(state: M['state'] | 'disarmed', options?: { readonly signal?: AbortSignal | undefined }): Promise<void>
}

/** A running robot. */
export type Robot<M extends ModelTypes, C extends CommandMap> = RobotCore<M> & CommandMethods<C>

/** The robot that `start` makes of a definition: `RobotOf<typeof definition>`. */
export type RobotOf<D> = D extends RobotDefinition<infer M, infer C> ? Robot<M, C> : never
