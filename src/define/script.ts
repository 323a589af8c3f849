import type { Outcome } from '../base/outcome.ts'
import type { Command, CommandTypes } from './command.ts'
import type { Handle } from './handle.ts'
import type { Op } from './operation.ts'

/** Commands by the name under which a robot, a script or a body calls them. */
export type CommandMap = Readonly<Record<string, Command>>

export type HandleOf<T extends CommandTypes> = Handle<T['result'], T['feedback'], T['partial'], T['message']>

/** A command that a script is about to run: `yield*` it in a generator, or start it in an async script. */
export interface CommandOp<T extends CommandTypes> extends Op<T['result']> {
  /** Starts it now. */
  start(): HandleOf<T>
  /** Starts it and resolves to its value, or rejects with a `TendonError`. */
  value(): Promise<T['result']>
  /** Starts it and resolves to its outcome. */
  result(): Promise<Outcome<T['result'], T['partial']>>
  /** As an operation that gives the outcome instead of throwing. */
  outcome(): Op<Outcome<T['result'], T['partial']>>
}

/** The parameters of a typed method: the goal may be left out where its schema accepts `undefined`. */
export type GoalArgs<T extends CommandTypes> = undefined extends T['goalInput']
  ? [goal?: T['goalInput']]
  : [goal: T['goalInput']]

/** The typed methods of a robot. */
export type CommandMethods<C extends CommandMap> = {
  readonly [K in keyof C]: C[K] extends Command<infer T> ? (...args: GoalArgs<T>) => HandleOf<T> : never
}

/** What `robot` is inside a script or a body: its commands as lazy operations. */
export type OpsOf<U extends CommandMap> = {
  readonly [K in keyof U]: U[K] extends Command<infer T> ? (...args: GoalArgs<T>) => CommandOp<T> : never
}
