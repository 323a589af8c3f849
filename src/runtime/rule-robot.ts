import type { Cause } from '../base/cause.ts'
import type { ModelTypes } from '../define/model-types.ts'
import type { RuleRobot, RuleRobotCore } from '../define/rule.ts'
import type { CommandMap } from '../define/script.ts'
import type { RobotCore } from './robot.ts'

/** The robot for a rule's callback. It has no `arm`, and everything done through it has the rule as its cause. */
export function ruleRobot(
  core: RobotCore<ModelTypes>,
  commands: Iterable<string>,
  cause: Cause,
): RuleRobot<ModelTypes, CommandMap> {
  const robot: RuleRobotCore<ModelTypes> = {
    name: core.name,
    get state() {
      return core.state
    },
    sensors: core.sensors,
    events: { publish: core.events.publish },
    execute: (name: string, goal?: unknown, by = cause) => core.execute(name, goal, by),
    cancel: core.cancel,
    stop: (by = cause) => core.stop(by),
    disarm: (options = {}) => core.disarm({ ...cause, ...options }),
  }
  for (const name of commands)
    Object.defineProperty(robot, name, {
      enumerable: true,
      value: (goal?: unknown) => core.execute(name, goal, cause),
    })
  return robot as RuleRobot<ModelTypes, CommandMap>
}
