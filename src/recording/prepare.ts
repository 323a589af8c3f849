import { type FromParam, isFromParam } from '../base/from-param.ts'
import { deg, type Radians } from '../base/units.ts'
import { accelerationOf, type JointDefinition, type JointPace } from '../device/joint.ts'
import { beyond, drivenJoints, type JointRecording, type RecordedRobot } from './joint-recording.ts'
import { retime, type TimedMotion } from './retime.ts'
import { smooth } from './smooth.ts'

/** A little more than one step of a 12-bit encoder, and what a busy host or a slow adapter makes of the time. */
const KNOWN = { position: deg(0.1), time: 0.005 }
/** Share of a joint's limits that a playback uses: what is left is for catching up after a late tick. */
const SHARE = 0.9

/** A recording that can be played, and what was changed for it. */
export interface Prepared {
  readonly motion: TimedMotion
  /** By joint: the largest correction of positions outside of its limits. */
  readonly adjusted: Readonly<Record<string, Radians>>
}

/**
 * Makes a checked recording playable on its robot: the steps of the encoder and the jitter of the bus are smoothed, by no
 * more than a reading is known to; readings past a limit, by no more than the joint's tolerance, are brought to the limit; then it is retimed.
 * Limits that come from parameters are those of now: `params` are the values in force.
 */
export function prepare(recording: JointRecording, robot: RecordedRobot, speed: number, params: object): Prepared {
  const driven = drivenJoints(robot)
  const specs = recording.joints.map((joint) => driven.get(joint))
  const furthest: Record<string, Radians> = {}
  const samples = smooth(recording.samples, KNOWN).map(([t, ...positions]) => {
    const inside = positions.map((at, j) => {
      const [joint, spec] = [recording.joints[j], specs[j]]
      const off = spec ? beyond(spec, at) : 0
      if (!joint || !spec || off === 0) return at
      furthest[joint] = Math.max(furthest[joint] ?? 0, off)
      const [min, max] = spec.position
      return Math.min(Math.max(at, min), max)
    })
    return [t, ...inside] as const
  })
  const limits = Object.fromEntries([...driven].map(([joint, spec]) => [joint, limitsOf(spec, params)]))
  return { motion: retime({ joints: recording.joints, samples }, limits, { speed }), adjusted: furthest }
}

function limitsOf({ velocity, acceleration }: JointDefinition, params: object): JointPace {
  const numberOf = (option: number | FromParam): number =>
    isFromParam(option) ? ((params as Readonly<Record<string, number>>)[option.parameter] ?? Number.NaN) : option
  const fastest = numberOf(velocity)
  const hardest = acceleration === undefined ? accelerationOf({ velocity: fastest }) : numberOf(acceleration)
  return { velocity: SHARE * fastest, acceleration: SHARE * hardest }
}
