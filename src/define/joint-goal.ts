import { nearNames, oneOf } from '../base/problem.ts'
import type { StandardSchemaV1 } from '../base/schema.ts'
import { toDegrees } from '../base/units.ts'
import { isSpeedJoint, type JointSpec } from '../device/joint.ts'
import type { JointGoal } from './context.ts'

/**
 * The schema of a goal over joints: angles in radians by joint name, at least one, each inside its limits. Commands
 * with such a goal claim the joints that the goal names, unless they say otherwise.
 */
export interface JointGoalSchema<J extends string> extends StandardSchemaV1<JointGoal<J>, JointGoal<J>> {
  readonly jointGoal: true
}

/** Whether a schema was made by `jointGoal()`. */
export const isJointGoal = (schema: object | undefined): schema is JointGoalSchema<string> =>
  schema !== undefined && 'jointGoal' in schema

/** The joints that a goal names. */
export const jointsOf = (goal: JointGoal<string>): string[] =>
  Object.keys(goal).filter((joint) => goal[joint] !== undefined)

export function jointGoalSchema<J extends string>(joints: Readonly<Record<string, JointSpec>>): JointGoalSchema<J> {
  return {
    jointGoal: true,
    '~standard': {
      version: 1,
      vendor: 'tendon',
      validate(value) {
        const issues = issuesOf(joints, value)
        return issues.length > 0 ? { issues } : { value: value as JointGoal<J> }
      },
    },
  }
}

function issuesOf(joints: Readonly<Record<string, JointSpec>>, value: unknown): StandardSchemaV1.Issue[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return [{ message: `must be an object of joint angles in radians, such as { ${Object.keys(joints)[0]}: 0.5 }` }]
  const goal = value as Record<string, unknown>
  const named = Object.keys(goal).filter((joint) => goal[joint] !== undefined)
  if (named.length === 0) return [{ message: 'must name at least one joint' }]
  return named.flatMap((name) => {
    const message = Object.hasOwn(joints, name)
      ? angleFault(joints[name] as JointSpec, goal[name])
      : `is not a joint of this robot; did you mean ${oneOf(nearNames(name, Object.keys(joints)))}?`
    return message === undefined ? [] : [{ message, path: [name] }]
  })
}

function angleFault(joint: JointSpec, angle: unknown): string | undefined {
  const slides = joint.type === 'prismatic'
  if (isSpeedJoint(joint)) return 'turns at speeds and has no position to go to'
  if (typeof angle !== 'number' || !Number.isFinite(angle))
    return `must be a finite number of ${slides ? 'metres' : 'radians'}`
  const [min, max] = joint.position
  if (angle >= min && angle <= max) return undefined
  const shown = (x: number): string =>
    slides ? `${x.toFixed(4)} m` : `${x.toFixed(3)} rad (${toDegrees(x).toFixed(1)} deg)`
  return `${shown(angle)} is outside ${shown(min)} to ${shown(max)}`
}
