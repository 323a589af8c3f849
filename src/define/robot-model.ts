import type { FromParam } from '../base/from-param.ts'
import type { AnySchema } from '../base/schema.ts'
import type { Seconds } from '../base/units.ts'
import type { DigitalInput } from '../device/digital-input.ts'
import type { JointDefinition, JointSpec } from '../device/joint.ts'
import type { LinkedSensorSpec, LinkSpec } from '../device/link.ts'
import type { SensorSpec } from '../device/sensor.ts'
import type { ServoBusSpec, ServoCalibration } from '../device/servo-bus.ts'
import type { MoveResult } from '../motion/contract.ts'
import { haltCommand, moveToCommand, setStateCommand } from './builtin.ts'
import type { CategorySpec, StateSpec } from './categories.ts'
import type { Command, CommandSpec, CommandTypes, SettledOf, TypesOf, ValueOf } from './command.ts'
import type { JointGoal } from './context.ts'
import { type JointGoalSchema, jointGoalSchema } from './joint-goal.ts'
import type { Limits } from './limits.ts'
import type { ModelTypes } from './model-types.ts'
import type { ReservedName } from './names.ts'
import type { OpGenerator } from './operation.ts'
import { type PacedBy, pacedJoints } from './paced-joints.ts'
import type { NumericNames, ParameterMap } from './parameter.ts'
import { RobotDefinition } from './robot-definition.ts'
import type { CommandMap, OpsOf } from './script.ts'
import type { Service } from './service.ts'

/** What a robot is, before it can do anything. */
export interface RobotSpec {
  /** One sentence, for people. */
  readonly doc?: string
  /** Operational states beside `disarmed` and `idle`. */
  readonly states?: Readonly<Record<string, StateSpec>>
  /** Where arming lands; default `idle`. */
  readonly initial?: string
  /** Pools with a limit, in which commands run. `default` may be declared, to change it. */
  readonly categories?: Readonly<Record<string, CategorySpec>>
  /** Shared lines to servos, as drivers make them: `feetech({ port })`. */
  readonly buses?: Readonly<Record<string, ServoBusSpec>>
  /** What moves. */
  readonly joints?: Readonly<Record<string, JointSpec>>
  /** Things beside joints that a run can claim for itself: a lamp, a table. */
  readonly resources?: readonly string[]
  /** Ways to brokers, which sensors name. They are opened before everything else. */
  readonly links?: Readonly<Record<string, LinkSpec>>
  /** What it hears: `lines(port, { schema })`, `nmea.heading(port)`, `mqttSensor(link, topic, schema)`. */
  readonly sensors?: Readonly<Record<string, SensorSpec>>
  /**
   * Wired stop buttons: `button: gpioInput({ chip: 'gpiochip0', line: 17, pull: 'up' })`. One that becomes active stops
   * the robot and latches, as `stop` does; it is not armed while one is active or cannot be read. Not an e-stop.
   */
  readonly stopInputs?: Readonly<Record<string, DigitalInput>>
  /** Values that the owner of the robot may change while it runs: `cruise: param.number({ ... })`. */
  readonly parameters?: ParameterMap
  /** Made by `defineRobot`: the joints whose limits come from parameters; `joints` has the largest values of these. */
  readonly pacedBy?: Readonly<Record<string, PacedBy>>
  /** Parts of the world that live as long as the robot; what they need starts with them. */
  readonly services?: readonly Service[]
  /** Raw zero and range of this unit's servos, by joint: written once, checked at every arming. */
  readonly calibration?: Readonly<Record<string, ServoCalibration>>
  /** In the place of the defaults. */
  readonly limits?: Partial<Limits>
  /**
   * `'none'`: its joints may be armed although nothing would stop them if this program were killed, frozen or stuck.
   * Default: arming on real hardware is refused without a guard (`TENDON_ARM_NO_GUARD`).
   */
  readonly guard?: 'none'
}

/** A robot as it is written down: limits of joints may come from parameters. */
type GivenSpec = Omit<RobotSpec, 'joints' | 'pacedBy'> & { readonly joints?: Readonly<Record<string, JointDefinition>> }

type None = Record<never, never>

/** The options that commands made by the model itself can take. */
export interface BuiltinOptions<M extends ModelTypes> {
  /** One sentence, for people. */
  readonly doc?: string
  /** States in which it may start. */
  readonly allowed?: readonly (M['state'] | 'disarmed')[]
  /** The pool in which it runs. */
  readonly category?: M['category']
  /** Higher is never displaced by lower. Default 0. */
  readonly priority?: number | FromParam<M['numeric']>
  /** Counted from the start. Default `limits.deadline`. */
  readonly deadline?: Seconds | 'none' | FromParam<M['numeric']>
}

export interface MoveToTypes<J extends string> extends CommandTypes {
  readonly goalInput: JointGoal<J>
  readonly result: MoveResult
  readonly feedback: { readonly fraction: number }
  readonly partial: undefined
  readonly message: never
}

export interface PlainTypes extends CommandTypes {
  readonly goalInput: undefined
  readonly result: undefined
  readonly feedback: never
  readonly partial: undefined
  readonly message: never
}

export interface ScriptTypes<G extends AnySchema | undefined, Out> extends CommandTypes {
  readonly goalInput: TypesOf<G, undefined, undefined, undefined, undefined, Out>['goalInput']
  readonly result: ValueOf<SettledOf<Out>>
  readonly feedback: never
  readonly partial: undefined
  readonly message: never
}

/** A body that commands the robot. It has no claims and no deadline of its own; its commands have theirs. */
export interface ScriptSpec<U extends CommandMap, G extends AnySchema | undefined, Out, Param extends string = never> {
  /** One sentence, for people. */
  readonly doc?: string
  /** The commands that it may run, by the names under which it calls them. */
  readonly uses: U
  /** The input, as of a command. */
  readonly goal?: G
  /** Default: every state, `disarmed` included; the commands it runs are judged by themselves. */
  readonly allowed?: readonly string[]
  /** Default `'none'`. */
  readonly deadline?: Seconds | 'none' | FromParam<Param>
  /** The body. `robot.x(goal)` is lazy: `yield*` it, or call `.start()`, `.value()`, `.result()` or `.outcome()`. */
  run(robot: OpsOf<U>, goal: TypesOf<G, undefined, undefined, undefined, undefined, Out>['goalInput']): Out
}

/** Makes a reserved name a compile error. A map made at run time has no names to check here; `with` checks them too. */
type NoReservedNames<C> = string extends keyof C ? unknown : { readonly [K in keyof C & ReservedName]: never }

/** A model: makes commands and scripts whose states, categories, joints and sensors are checked as they are typed. */
export class RobotModel<M extends ModelTypes> {
  readonly name: string
  readonly spec: RobotSpec

  constructor(name: string, spec: GivenSpec) {
    const { joints, pacedBy } = pacedJoints(spec.joints ?? {}, spec.parameters ?? {})
    this.name = name
    this.spec = { ...spec, joints, pacedBy }
  }

  /** Declares a command of this model. */
  command<
    Out,
    const G extends AnySchema | undefined = undefined,
    const F extends AnySchema | undefined = undefined,
    const RS extends AnySchema | undefined = undefined,
    const P extends AnySchema | undefined = undefined,
    const Msg extends AnySchema | undefined = undefined,
    const U extends CommandMap = None,
  >(spec: CommandSpec<M, G, F, RS, P, Msg, U, Out>): Command<TypesOf<G, F, RS, P, Msg, Out>> {
    return { kind: 'command', spec }
  }

  /** Declares a script: an async function, or a generator that can be cut at any `yield`. */
  script<
    const U extends CommandMap,
    Out extends Promise<unknown> | OpGenerator<unknown>,
    const G extends AnySchema | undefined = undefined,
  >(spec: ScriptSpec<U, G, Out, M['numeric']>): Command<ScriptTypes<G, Out>> {
    const { run, ...rest } = spec
    return {
      kind: 'script',
      spec: {
        deadline: 'none',
        ...rest,
        category: 'script',
        claims: [],
        run: (ctx: { robot: OpsOf<U>; goal: never }) => run(ctx.robot, ctx.goal),
      },
    }
  }

  /** A schema for goals over those joints of this model that go to positions, in radians. */
  jointGoal(): JointGoalSchema<M['positionJoint']> {
    return jointGoalSchema(this.spec.joints ?? {})
  }

  /** Built in: moves joints to angles; all arrive together; ends on measured arrival. */
  moveTo(
    options: BuiltinOptions<M> & { readonly speed?: number | FromParam<M['numeric']> } = {},
  ): Command<MoveToTypes<M['positionJoint']>> {
    return moveToCommand(this.jointGoal(), options) as Command<MoveToTypes<M['positionJoint']>>
  }

  /** Built in: decelerates every joint, preempting whatever moves them, and stays powered. */
  halt(options: BuiltinOptions<M> = {}): Command<PlainTypes> {
    return haltCommand(Object.keys(this.spec.joints ?? {}), { allowed: this.#states(), ...options })
  }

  /** Built in: changes the operational state. Default: allowed in every state but `disarmed`. */
  setState(state: M['state'], options: BuiltinOptions<M> = {}): Command<PlainTypes> {
    return setStateCommand(state, { allowed: this.#states(), ...options })
  }

  #states(): string[] {
    return ['idle', ...Object.keys(this.spec.states ?? {})]
  }

  /** Gives the model its commands, by the names under which they are called. */
  with<const C extends CommandMap>(commands: C & NoReservedNames<C>): RobotDefinition<M, C> {
    return new RobotDefinition<M, C>(this, commands, {})
  }
}

/** The names of those joints whose servo is in velocity mode. */
type SpeedJointsOf<Joints> = {
  [J in keyof Joints & string]: Joints[J] extends { readonly servo: { readonly mode: 'velocity' } } ? J : never
}[keyof Joints & string]

/** Makes limits of position a compile error where a servo turns at speeds. */
type NoPositionOfSpeedJoints<Joints> = { readonly [J in SpeedJointsOf<Joints>]: { readonly position?: never } }

/** A sensor that names one of these links, or none. */
type SensorOver<Link extends string> = SensorSpec & Partial<Pick<LinkedSensorSpec<unknown, Link>, 'link'>>

/**
 * Describes a robot. Everything in it is checked: names by the compiler, the rest when it is called, and all that is
 * wrong is reported at once in a `TendonError` of code `TENDON_DEFINITION_INVALID`.
 */
export function defineRobot<
  const States extends Readonly<Record<string, StateSpec>> = None,
  const Categories extends Readonly<Record<string, CategorySpec>> = None,
  const Buses extends Readonly<Record<string, ServoBusSpec>> = None,
  const Parameters extends ParameterMap = None,
  const Joints extends Readonly<
    Record<string, JointDefinition<keyof NoInfer<Buses> & string, NumericNames<NoInfer<Parameters>>>>
  > = None,
  const Links extends Readonly<Record<string, LinkSpec>> = None,
  const Sensors extends Readonly<Record<string, SensorOver<keyof NoInfer<Links> & string>>> = None,
  const Resource extends string = never,
>(
  name: string,
  spec: Omit<
    RobotSpec,
    | 'states'
    | 'initial'
    | 'categories'
    | 'buses'
    | 'parameters'
    | 'joints'
    | 'links'
    | 'sensors'
    | 'resources'
    | 'calibration'
    | 'pacedBy'
  > & {
    readonly states?: States
    readonly initial?: NoInfer<(keyof States & string) | 'idle'>
    readonly categories?: Categories
    readonly buses?: Buses
    readonly parameters?: Parameters
    readonly joints?: Joints & NoPositionOfSpeedJoints<Joints>
    readonly links?: Links
    readonly sensors?: Sensors
    readonly resources?: readonly Resource[]
    readonly calibration?: { readonly [J in keyof NoInfer<Joints>]?: ServoCalibration }
  },
): RobotModel<{
  readonly state: (keyof States & string) | 'idle'
  readonly category: (keyof Categories & string) | 'default'
  readonly joint: keyof Joints & string
  readonly positionJoint: Exclude<keyof Joints & string, SpeedJointsOf<Joints>>
  readonly speedJoint: SpeedJointsOf<Joints>
  readonly resource: Resource
  readonly sensors: Sensors
  readonly link: keyof Links & string
  readonly parameters: Parameters
  readonly numeric: NumericNames<Parameters>
}> {
  return new RobotModel(name, spec as GivenSpec)
}
