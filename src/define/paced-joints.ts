import { type FromParam, isFromParam } from '../base/from-param.ts'
import { isSpeedJoint, type JointDefinition, type JointSpec } from '../device/joint.ts'
import { isNumeric, type ParameterMap } from './parameter.ts'

/** Which limits of a joint come from parameters. */
export interface PacedBy {
  readonly velocity?: FromParam | undefined
  readonly acceleration?: FromParam | undefined
}

/** Joints as the hardware sees them, and which of their limits parameters give. */
export interface PacedJoints {
  readonly joints: Readonly<Record<string, JointSpec>>
  readonly pacedBy: Readonly<Record<string, PacedBy>>
}

/** Where a parameter gives a limit, its largest value is what the joint can do. A bad one is left to the check. */
export function pacedJoints(
  declared: Readonly<Record<string, JointDefinition>>,
  parameters: ParameterMap,
): PacedJoints {
  const joints: Record<string, JointSpec> = {}
  const pacedBy: Record<string, PacedBy> = {}
  for (const [name, joint] of Object.entries(declared)) {
    const { velocity, acceleration, ...rest } = joint
    const given = { velocity: paramOf(velocity), acceleration: paramOf(acceleration) }
    if (given.velocity || given.acceleration) pacedBy[name] = given
    const largest = { ...rest, ...kindOf(joint), velocity: largestOf(velocity, parameters) }
    joints[name] =
      acceleration === undefined ? largest : { ...largest, acceleration: largestOf(acceleration, parameters) }
  }
  return { joints, pacedBy }
}

/** A joint that turns at speeds has no limits of position; what somebody wrote all the same is left to the check. */
function kindOf(joint: JointDefinition): Pick<JointSpec, 'position' | 'type'> {
  const { position = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY], type = 'continuous' } = joint
  return isSpeedJoint(joint) ? { position, type } : { position }
}

const paramOf = (option: number | FromParam | undefined): FromParam | undefined =>
  isFromParam(option) ? option : undefined

function largestOf(option: number | FromParam, parameters: ParameterMap): number {
  if (!isFromParam(option)) return option
  const spec = Object.hasOwn(parameters, option.parameter) ? parameters[option.parameter] : undefined
  const max = spec && isNumeric(spec) ? spec.max : undefined
  return max !== undefined && max > 0 ? max : 1
}
