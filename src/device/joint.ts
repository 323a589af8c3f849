import type { FromParam } from '../base/from-param.ts'
import type { Radians, RadiansPerSecond, RadiansPerSecondSquared } from '../base/units.ts'
import type { ServoSpec } from './servo-bus.ts'

/**
 * What stop, disarm, fault, guard and close do to a joint: `cut` power off at once; `park` decelerate in place, power
 * off at standstill or after a cap; `hold` decelerate, power stays on and is reported.
 */
export type StopPolicy = 'cut' | 'park' | 'hold'

/** One joint as the definition describes it: names as in URDF, SI units, angles from the model's own zero. */
export interface JointSpec<Bus extends string = string> {
  /** Link that carries the joint. */
  readonly parent?: string
  /** Link that moves. */
  readonly child?: string
  /** Where the joint sits in its parent: translation in metres and, optionally, roll, pitch, yaw in radians. */
  readonly origin?: {
    readonly xyz: readonly [number, number, number]
    readonly rpy?: readonly [number, number, number]
  }
  /** Unit vector of the axis in the joint's frame. */
  readonly axis?: readonly [number, number, number]
  /** Lower and upper limit. */
  readonly position: readonly [min: Radians, max: Radians]
  /** Largest speed. */
  readonly velocity: RadiansPerSecond
  /** Largest acceleration; default: twice the velocity per second. */
  readonly acceleration?: RadiansPerSecondSquared
  /** Largest torque in newton metres. */
  readonly effort?: number
  /** The servo that drives it; a joint without one is passive. */
  readonly servo?: ServoSpec<Bus>
  /** 1 or -1: which way the joint turns when the servo's position grows. Default 1. */
  readonly direction?: 1 | -1
  /** Joint angle at the servo's zero, in radians. Default 0. */
  readonly offset?: Radians
  /** Servo turns per joint turn. Default 1. */
  readonly gear?: number
  /** Required for every joint with a servo. */
  readonly stop?: StopPolicy
  /** What counts as arrived, in radians; default 0.02. */
  readonly tolerance?: Radians
}

/**
 * A joint as a definition writes it. `velocity` and `acceleration` may come from a parameter: its value counts from the
 * next motion on that begins at rest, and the largest value of the parameter is what the joint can do.
 */
export interface JointDefinition<Bus extends string = string, Param extends string = string>
  extends Omit<JointSpec<Bus>, 'velocity' | 'acceleration'> {
  readonly velocity: RadiansPerSecond | FromParam<Param>
  readonly acceleration?: RadiansPerSecondSquared | FromParam<Param>
}

/** How fast a joint may move just now. */
export interface JointPace {
  readonly velocity: RadiansPerSecond
  readonly acceleration: RadiansPerSecondSquared
}

/** Joint angle to servo angle: direction, offset and gear are applied here and nowhere else. */
export function toServo(joint: JointSpec, angle: Radians): Radians {
  return (joint.direction ?? 1) * (joint.gear ?? 1) * (angle - (joint.offset ?? 0))
}

/** Servo angle to joint angle. */
export function toJoint(joint: JointSpec, servoAngle: Radians): Radians {
  return servoAngle / ((joint.direction ?? 1) * (joint.gear ?? 1)) + (joint.offset ?? 0)
}

/** Servo velocity to joint velocity. */
export function toJointVelocity(joint: JointSpec, servoVelocity: RadiansPerSecond): RadiansPerSecond {
  return servoVelocity / ((joint.direction ?? 1) * (joint.gear ?? 1))
}

export const accelerationOf = (joint: Pick<JointSpec, 'velocity' | 'acceleration'>): RadiansPerSecondSquared =>
  joint.acceleration ?? 2 * joint.velocity
export const toleranceOf = (joint: Pick<JointSpec, 'tolerance'>): Radians => joint.tolerance ?? 0.02
