import type { Clock } from '../base/clock.ts'
import { type Op, op } from './operation.ts'

/** A piece of the world beside the arm (a camera, a database) that lives as long as the robot and adds operations. */
export interface Service<Name extends string = string, Ops extends OpHandlers = OpHandlers> {
  readonly name: Name
  /** Services that must have started before this one; it stops before them. */
  readonly needs: readonly Service[]
  start(env: ServiceEnv): Promise<void> | void
  stop(): Promise<void> | void
  /** Rows of the operation table, under `<name>.<op>`. */
  readonly handlers: Ops
  /** The same as lazy operations for generators: `yield* camera.ops.take(0.1)`. */
  readonly ops: OpMakers<Ops>
}

/** What a service is lent. */
export interface ServiceEnv {
  readonly clock: Clock
  /** Aborts when the robot closes, or when starting took too long. */
  readonly signal: AbortSignal
}

/** One operation of a service: gets its arguments and a signal that aborts when the script is cut. */
// biome-ignore lint/suspicious/noExplicitAny: the only type to which functions of any arguments are assignable; it never reaches a caller
export type OpHandler = (context: { readonly signal: AbortSignal }, ...args: any[]) => unknown
export type OpHandlers = Readonly<Record<string, OpHandler>>

export type OpMakers<Ops extends OpHandlers> = {
  readonly [K in keyof Ops]: Ops[K] extends (context: never, ...args: infer A) => infer R
    ? (...args: A) => Op<Awaited<R>>
    : never
}

export interface ServiceSpec<Ops extends OpHandlers> {
  /** Services that must have started before this one; it stops before them. */
  readonly needs?: readonly Service[]
  /** What it throws keeps the robot from starting. Bounded by `limits.serviceTimeout`. */
  start?(env: ServiceEnv): Promise<void> | void
  /** Ends all that it has begun. Bounded by `limits.serviceTimeout`. */
  stop?(): Promise<void> | void
  /** Operations for scripts, under `<service>.<operation>`. The first argument is the runtime's. */
  readonly ops?: Ops & OpHandlers
}

/** Declares a service. It is started by the robots whose definition names it in `services`. */
export function service<const Name extends string, Ops extends OpHandlers = Record<never, OpHandler>>(
  name: Name,
  spec: ServiceSpec<Ops>,
): Service<Name, Ops> {
  const handlers = spec.ops ?? ({} as Ops)
  const makers = Object.fromEntries(
    Object.keys(handlers).map((key) => [key, (...args: unknown[]) => op(`${name}.${key}`, args)]),
  )
  return {
    name,
    needs: spec.needs ?? [],
    start: (env) => spec.start?.(env),
    stop: () => spec.stop?.(),
    handlers,
    ops: makers as OpMakers<Ops>,
  }
}
