import type { FromParam } from '../base/from-param.ts'
import type { AnySchema, InputOf, OutputOf } from '../base/schema.ts'
import type { Seconds } from '../base/units.ts'
import type { Next, RunContext } from './context.ts'
import type { AllowedState, ClaimOf, ModelTypes } from './model-types.ts'
import type { CommandMap } from './script.ts'

/** The types of one command, from its schemas and its body. */
export interface CommandTypes {
  readonly goalInput: unknown
  readonly result: unknown
  readonly feedback: unknown
  readonly partial: unknown
  readonly message: unknown
}

declare const types: unique symbol

/** A declared operation of a robot. A value: pass it to `.with`, name it in `uses`. */
export interface Command<T extends CommandTypes = CommandTypes> {
  readonly kind: 'command' | 'script'
  readonly spec: CommandData
  readonly [types]?: T
}

/** A command as the runtime reads it: the spec with its types erased. */
export interface CommandData {
  readonly doc?: string | undefined
  readonly goal?: AnySchema | undefined
  readonly feedback?: AnySchema | undefined
  readonly result?: AnySchema | undefined
  readonly partial?: AnySchema | undefined
  readonly message?: AnySchema | undefined
  readonly allowed?: readonly string[] | undefined
  readonly category?: string | undefined
  readonly claims?: readonly string[] | ((goal: never) => readonly string[]) | undefined
  readonly cancels?: readonly string[] | '*' | undefined
  readonly priority?: number | FromParam | undefined
  readonly deadline?: Seconds | 'none' | FromParam | undefined
  readonly grace?: Seconds | FromParam | undefined
  /** Of the built-in moveTo. */
  readonly speed?: number | FromParam | undefined
  readonly during?: string | undefined
  readonly onSafety?: 'cancel' | 'continue' | undefined
  readonly onCrash?: 'halt' | 'disarm' | undefined
  readonly uses?: CommandMap | undefined
  run(ctx: never): unknown
}

type OutputOr<S, Otherwise> = S extends AnySchema ? OutputOf<S> : Otherwise
type InputOr<S, Otherwise> = S extends AnySchema ? InputOf<S> : Otherwise

/** What a body returns, whichever kind of body it is. */
export type SettledOf<Out> = Out extends Generator<unknown, infer R, unknown> ? R : Awaited<Out>
/** The value without the transition that may carry it. */
export type ValueOf<R> = R extends Next<infer V> ? V : R

/**
 * A command with everything that is not said defaulted: allowed in `idle`, category `default`, deadline 30 s,
 * claims = the joints named in a `jointGoal()`.
 */
export interface CommandSpec<
  M extends ModelTypes,
  G extends AnySchema | undefined,
  F extends AnySchema | undefined,
  RS extends AnySchema | undefined,
  P extends AnySchema | undefined,
  Msg extends AnySchema | undefined,
  U extends CommandMap,
  Out,
> {
  /** One sentence, for people. */
  readonly doc?: string
  /** The input; any Standard Schema that validates synchronously. */
  readonly goal?: G
  /** Progress values: declared because their type cannot be inferred from their use. */
  readonly feedback?: F
  /** Checked before the caller sees the value. */
  readonly result?: RS
  /** A result so far, for callers of a run that does not succeed. */
  readonly partial?: P
  /** What `handle.send` accepts. */
  readonly message?: Msg
  /** Operational states in which it may start. Default `['idle']`. In `disarmed` actuators refuse. */
  readonly allowed?: readonly AllowedState<M>[]
  /** The pool in which it runs. Default `default`, which has one slot. */
  readonly category?: M['category']
  /** Joints and resources for exclusive use. Default: the joints named in a `jointGoal()`, otherwise none. */
  readonly claims?: readonly ClaimOf<M>[] | ((goal: OutputOr<G, undefined>) => readonly ClaimOf<M>[])
  /** Categories whose runs end when this one starts; `'*'` all but its ancestors. */
  readonly cancels?: readonly M['category'][] | '*'
  /** Higher is never displaced by lower. Default 0. */
  readonly priority?: number | FromParam<M['numeric']>
  /** Counted from the start. Default `limits.deadline`. `'none'` must be written out. */
  readonly deadline?: Seconds | 'none' | FromParam<M['numeric']>
  /** How long the body may take to end when told to. Default `limits.grace`. */
  readonly grace?: Seconds | FromParam<M['numeric']>
  /** The robot is held in this state while it runs, and leaves it on any end. */
  readonly during?: M['state']
  /** Whether a stop or disarm ends it. `continue` is for runs without joints. Default `cancel`. */
  readonly onSafety?: 'cancel' | 'continue'
  /** What the robot does when the body throws. Default `halt`. */
  readonly onCrash?: 'halt' | 'disarm'
  /** Commands that the body may run as children. */
  readonly uses?: U
  /** The body: an async function, or a generator that yields operations. XState logic enters through `fromLogic`. */
  run(ctx: RunContext<M, OutputOr<G, undefined>, InputOr<F, never>, InputOr<P, never>, OutputOr<Msg, never>, U>): Out
}

/** The types of the command that a spec makes. */
export interface TypesOf<
  G extends AnySchema | undefined,
  F extends AnySchema | undefined,
  RS extends AnySchema | undefined,
  P extends AnySchema | undefined,
  Msg extends AnySchema | undefined,
  Out,
> extends CommandTypes {
  readonly goalInput: InputOr<G, undefined>
  readonly result: OutputOr<RS, ValueOf<SettledOf<Out>>>
  readonly feedback: OutputOr<F, never>
  readonly partial: OutputOr<P, undefined>
  readonly message: InputOr<Msg, never>
}
