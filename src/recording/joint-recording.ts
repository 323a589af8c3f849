import type { Radians, Seconds } from '../base/units.ts'
import { isSpeedJoint, type JointDefinition, type PositionJointDefinition, toleranceOf } from '../device/joint.ts'

/** Positions of some joints over time, as they were read: one JSON document. */
export interface JointRecording {
  readonly format: 'tendon.joint-recording'
  readonly version: 1
  /** The name in the robot's definition. */
  readonly robot: string
  /** The columns of a sample, after its time. */
  readonly joints: readonly string[]
  /** Samples per second that were asked for; `samples` has fewer where readings were missing. */
  readonly rate: number
  /** Wall time of the first sample, in milliseconds since the Unix epoch. */
  readonly startedAt: number
  /** `[seconds since the first sample, ...radians]`, oldest first. Rounded to 0.1 ms and 1e-5 rad. */
  readonly samples: readonly RecordingSample[]
}

export type RecordingSample = readonly [t: Seconds, ...positions: Radians[]]

/** The bounds of one recording: what is longer is neither recorded nor played. */
export const RECORDING_LIMITS = Object.freeze({
  /** Ten minutes. */
  seconds: 600,
  samples: 30_000,
  joints: 64,
  /** Samples per second. */
  rate: 100,
  /** Characters of its JSON text. */
  text: 32_000_000,
})

/** The part of a robot's model that recordings are checked against: `defineRobot(...)` is one. */
export interface RecordedRobot {
  readonly name: string
  readonly spec: { readonly joints?: Readonly<Record<string, JointDefinition>> | undefined }
}

/** The joints whose servo goes to positions: those that can be recorded and played. */
export const drivenJoints = ({ spec }: RecordedRobot): ReadonlyMap<string, PositionJointDefinition> =>
  new Map(Object.entries(spec.joints ?? {}).filter((pair): pair is [string, PositionJointDefinition] => goes(pair[1])))

const goes = (joint: JointDefinition): joint is PositionJointDefinition =>
  joint.servo !== undefined && !isSpeedJoint(joint)

/** How far this position lies outside the joint's limits, in radians; 0 inside. */
export function beyond({ position: [min, max] }: PositionJointDefinition, at: Radians): Radians {
  return Math.max(min - at, at - max, 0)
}

/**
 * Whether it is further outside than a reading may be of a joint that stands at its limit: by more than the joint's
 * own tolerance, what counts as arrived.
 */
export const isOutside = (joint: PositionJointDefinition, at: Radians): boolean =>
  beyond(joint, at) > toleranceOf(joint)

export const roundTime = (t: Seconds): Seconds => Math.round(t * 1e4) / 1e4
export const roundAngle = (angle: Radians): Radians => Math.round(angle * 1e5) / 1e5
