import type { Cause } from '../base/cause.ts'
import type { Outcome } from '../base/outcome.ts'
import type { Seconds } from '../base/units.ts'
import type { StopVerdict } from '../motion/contract.ts'
import type { CancelTarget } from './cancel-target.ts'
import type { Command } from './command.ts'
import type { Condition } from './condition.ts'
import type { Handle } from './handle.ts'
import type { ModelTypes, SensorValue } from './model-types.ts'
import type { CommandMap, CommandMethods } from './script.ts'
import type { SensorReader } from './sensor-reader.ts'

/** The values of a robot's sensors, by name. */
export type SensorValues<M extends ModelTypes> = {
  readonly [S in keyof M['sensors']]: SensorValue<M['sensors'][S]>
}

/** What a rule's robot has beside one method per command. */
export interface RuleRobotCore<M extends ModelTypes> {
  readonly name: string
  readonly state: M['state'] | 'disarmed'
  readonly sensors: { readonly [S in keyof M['sensors']]: SensorReader<SensorValue<M['sensors'][S]>> }
  readonly events: { publish(topic: string, value: unknown): void }
  execute(name: string, goal?: unknown, cause?: Cause): Handle
  cancel(target: CancelTarget<M['category']>): Promise<Outcome[]>
  stop(cause?: Cause): Promise<StopVerdict>
  disarm(options?: Cause & { readonly cut?: boolean }): Promise<StopVerdict>
}

/**
 * The robot as a rule's callback has it: everything that runs, cancels and stops; nothing that arms, resets or
 * acknowledges, which takes a human. What is done through it has the rule as its cause.
 */
export type RuleRobot<M extends ModelTypes, C extends CommandMap> = RuleRobotCore<M> & CommandMethods<C>

/** Why a rule fires. */
export interface Occasion<R> {
  readonly rule: string
  /** `room is 41.2, above 40 for 2 s`: what the log says. */
  readonly reason: string
  /** The reading that counted; of a rule on a sensor's health the newest, if there was one. */
  readonly reading: R
}

type GoalOf<C> = C extends Command<infer T> ? T['goalInput'] : never

/** The goal of a rule's command: a value, or made from the reading. It may be left out where the command needs none. */
type GoalPart<G, R> = undefined extends G
  ? { readonly goal?: G | ((occasion: Occasion<R>) => G) }
  : { readonly goal: G | ((occasion: Occasion<R>) => G) }

/**
 * One reactive rule: when its condition becomes true it runs a command or calls a function. It fires once and again only
 * after the condition was over; never within `cooldown` of its last firing, nor while what it started has not ended.
 */
export type RuleSpec<M extends ModelTypes, C extends CommandMap, R, K> = {
  readonly doc?: string
  readonly when: Condition<SensorValues<M>, R>
  /** Seconds from one firing to the next, at least. What comes meanwhile is counted, and fires then if it still holds. */
  readonly cooldown?: Seconds
} & (
  | ({ readonly run: K extends keyof C ? K : keyof C; readonly call?: never } & GoalPart<GoalOf<C[K & keyof C]>, R>)
  | {
      /**
       * Called in the turn of the reading. While a promise that it returned is pending, the rule does not fire again.
       * What it throws is counted and in the log, and the rule goes on.
       */
      call(occasion: Occasion<R> & { readonly robot: RuleRobot<M, C> }): unknown
      readonly run?: never
      readonly goal?: never
    }
)

/**
 * The rules of a robot by name. `R` are the readings that their conditions give, `K` the commands that they run: both
 * are inferred rule by rule.
 */
export type RuleSpecs<M extends ModelTypes, C extends CommandMap, R, K> = {
  readonly [N in keyof R]: RuleSpec<M, C, R[N], N extends keyof K ? K[N] : unknown>
} & {
  // Only here is `K` inferred. What is not a command is shown against those that there are.
  readonly [N in keyof K]: { readonly run?: K[N] extends keyof C ? K[N] : keyof C }
}

/** A rule as the runtime reads it: its types erased. */
export interface RuleData {
  readonly doc?: string | undefined
  readonly when: Condition
  readonly run?: string | undefined
  readonly goal?: unknown
  readonly call?: ((occasion: never) => unknown) | undefined
  readonly cooldown?: Seconds | undefined
}

export type RuleMap = Readonly<Record<string, RuleData>>
