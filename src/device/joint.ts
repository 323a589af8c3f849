import type { FromParam } from '../base/from-param.ts'
import type { Radians, RadiansPerSecond, RadiansPerSecondSquared } from '../base/units.ts'
import type { ServoSpec } from './servo-bus.ts'

/**
 * What stop, disarm, fault, guard and close do to a joint: `cut` power off at once; `park` decelerate in place, power
 * off at standstill or after a cap; `hold` decelerate, power stays on and is reported.
 */
export type StopPolicy = 'cut' | 'park' | 'hold'

/**
 * What moves, in URDF's words: `revolute` turns between limits; `continuous` turns without any; `prismatic` slides, and
 * its positions are metres, its speeds metres per second, its `gear` the radians that its servo turns for a metre.
 */
export type JointType = 'revolute' | 'continuous' | 'prismatic'

/** A passive joint that follows another, URDF's word: position = multiplier x the other's + offset. */
export interface Mimic {
  readonly joint: string
  /** Default 1. */
  readonly multiplier?: number
  /** Default 0. */
  readonly offset?: Radians
}

/**
 * One joint as the definition describes it: names as in URDF, SI units, angles from the model's own zero. Where this says
 * radians, a prismatic joint has metres.
 */
export interface JointSpec<Bus extends string = string> {
  /** Default `revolute`, and `continuous` where its servo turns at speeds. */
  readonly type?: JointType
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
  /** Lower and upper limit; infinite for a joint that turns at speeds. */
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
  /** Servo turns per joint turn; of a prismatic joint, radians of the servo per metre. Default 1. */
  readonly gear?: number
  /** Required for every joint with a servo. */
  readonly stop?: StopPolicy
  /** What counts as arrived; default 0.02 rad, of a prismatic joint what that is in metres behind its gear. */
  readonly tolerance?: Radians
  /** A joint without a servo that is where another one says. */
  readonly mimic?: Mimic
}

/** What a limit of speed may be written as. */
interface PaceDefinition<Param extends string> {
  readonly velocity: RadiansPerSecond | FromParam<Param>
  readonly acceleration?: RadiansPerSecondSquared | FromParam<Param>
}

/** A joint that goes to positions and holds them, or a passive one. */
export interface PositionJointDefinition<Bus extends string = string, Param extends string = string>
  extends Omit<JointSpec<Bus>, 'velocity' | 'acceleration'>,
    PaceDefinition<Param> {}

/** A joint that turns at speeds, such as a wheel: its servo has `mode: 'velocity'`. It has no limits of position. */
export interface SpeedJointDefinition<Bus extends string = string, Param extends string = string>
  extends Omit<JointSpec<Bus>, 'velocity' | 'acceleration' | 'position' | 'tolerance' | 'mimic' | 'servo'>,
    PaceDefinition<Param> {
  readonly servo: ServoSpec<Bus> & { readonly mode: 'velocity' }
  readonly position?: never
  readonly tolerance?: never
  readonly mimic?: never
}

/**
 * A joint as a definition writes it. `velocity` and `acceleration` may come from a parameter: its value counts from the
 * next motion on that begins at rest, and the largest value of the parameter is what the joint can do.
 */
export type JointDefinition<Bus extends string = string, Param extends string = string> =
  | PositionJointDefinition<Bus, Param>
  | SpeedJointDefinition<Bus, Param>

/** Whether it turns at speeds and has no positions to go to. */
export const isSpeedJoint = (joint: Pick<JointSpec, 'servo'>): boolean => joint.servo?.mode === 'velocity'

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

/** Joint velocity to servo velocity. */
export function toServoVelocity(joint: JointSpec, velocity: RadiansPerSecond): RadiansPerSecond {
  return velocity * (joint.direction ?? 1) * (joint.gear ?? 1)
}

export const accelerationOf = (joint: Pick<JointSpec, 'velocity' | 'acceleration'>): RadiansPerSecondSquared =>
  joint.acceleration ?? 2 * joint.velocity

/** The unit of its positions, where that is not radians. */
export const unitOf = (joint: Pick<JointSpec, 'type'>): 'm' | undefined =>
  joint.type === 'prismatic' ? 'm' : undefined

/**
 * An angle that the runtime has as a bound for every joint, in the unit of this one: a prismatic joint has moved that far
 * when its servo has turned by it.
 */
export const boundOf = (joint: Pick<JointSpec, 'type' | 'gear'>, angle: Radians): number =>
  joint.type === 'prismatic' ? angle / (joint.gear ?? 1) : angle

export const toleranceOf = (joint: Pick<JointSpec, 'tolerance' | 'type' | 'gear'>): Radians =>
  joint.tolerance ?? boundOf(joint, 0.02)
