import type { HardwareMap } from '../device/hardware-map.ts'
import { checkDefinition } from './check.ts'
import type { Command, CommandTypes } from './command.ts'
import type { ModelTypes } from './model-types.ts'
import type { RobotModel, RobotSpec } from './robot-model.ts'
import type { RuleMap, RuleSpecs } from './rule.ts'
import type { CommandMap } from './script.ts'

/** The names of those commands that need no goal. */
type Goalless<C extends CommandMap> = {
  [K in keyof C]: C[K] extends Command<infer T> ? (undefined extends T['goalInput'] ? C[K] : never) : never
}[keyof C]

type ModelOf<D extends RobotDefinition> = D['model'] extends RobotModel<infer M> ? M : never

interface Extras {
  readonly rest?: Command
  readonly selfCheck?: Command
  readonly hardware?: HardwareMap
  readonly rules?: RuleMap
}

/** A robot that can be started: a model with its commands. A value; starting it twice makes two robots. */
export class RobotDefinition<M extends ModelTypes = ModelTypes, C extends CommandMap = CommandMap> {
  readonly name: string
  readonly model: RobotModel<M>
  readonly commands: C
  readonly hardware: HardwareMap
  readonly restCommand: Command | undefined
  readonly selfCheckCommand: Command | undefined
  /** As the runtime reads them; `rules()` adds some. */
  readonly ruleSpecs: RuleMap

  constructor(model: RobotModel<M>, commands: C, extras: Extras) {
    this.name = model.name
    this.model = model
    this.commands = commands
    this.hardware = extras.hardware ?? hardwareOf(model.spec)
    this.restCommand = extras.rest
    this.selfCheckCommand = extras.selfCheck
    this.ruleSpecs = extras.rules ?? {}
    checkDefinition(this)
  }

  #extend(extras: Extras): RobotDefinition<M, C> {
    return new RobotDefinition(this.model, this.commands, {
      hardware: this.hardware,
      rules: this.ruleSpecs,
      ...(this.restCommand && { rest: this.restCommand }),
      ...(this.selfCheckCommand && { selfCheck: this.selfCheckCommand }),
      ...extras,
    })
  }

  /** What `retire()` runs before it disarms: fold the arm. One of the commands, without a goal. */
  rest(command: Goalless<C>): RobotDefinition<M, C> {
    return this.#extend({ rest: command as Command<CommandTypes> })
  }

  /** What `arm()` runs before it powers anything: a self-check. It gets no setpoints through. */
  selfCheck(command: Goalless<C>): RobotDefinition<M, C> {
    return this.#extend({ selfCheck: command as Command<CommandTypes> })
  }

  /**
   * Adds reactive rules: `overheated: { when: above('room', (t) => t, 40), run: 'home', cooldown: seconds(30) }`. They
   * are in force from the start of the robot to its close, armed or not; what they run goes through the same gates as
   * every command, with the rule as its cause. A rule takes the place of an earlier one of its name.
   */
  rules<
    // By way of `this`, so that a definition stays assignable to one of any robot.
    Self extends RobotDefinition,
    const R extends Readonly<Record<string, unknown>>,
    const K extends Readonly<Record<string, unknown>>,
  >(
    this: Self,
    rules: RuleSpecs<ModelOf<Self>, Self['commands'], R, K>,
  ): RobotDefinition<ModelOf<Self>, Self['commands']> {
    return this.#extend({ rules: { ...this.ruleSpecs, ...(rules as unknown as RuleMap) } })
  }

  /** The same robot on other hardware: how `simulated` and recordings take the place of the wires. */
  withHardware(hardware: HardwareMap): RobotDefinition<M, C> {
    return this.#extend({ hardware })
  }
}

/** The hardware of a model as drivers and simulators see it. */
function hardwareOf(spec: RobotSpec): HardwareMap {
  return {
    buses: spec.buses ?? {},
    joints: spec.joints ?? {},
    sensors: spec.sensors ?? {},
    links: spec.links ?? {},
    stopInputs: spec.stopInputs ?? {},
    calibration: spec.calibration ?? {},
  }
}
