import type { Problem } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { Radians, Seconds } from '../base/units.ts'
import { unitOf } from '../device/joint.ts'
import type { PositionAxis } from './position-axis.ts'
import type { SpeedAxis } from './speed-axis.ts'

/** Goals that were computed from the limits themselves may miss them by rounding. */
const ROUNDING: Radians = 1e-9

/** Why this joint may not be sent there; undefined when it may. */
export function checkGoal(axis: PositionAxis, goal: unknown): Problem | undefined {
  const joint = axis.name
  if (typeof goal !== 'number' || !Number.isFinite(goal))
    return problem('TENDON_SETPOINT_NOT_FINITE', { joint, value: goal })
  const [min, max] = axis.spec.position
  if (goal >= min - ROUNDING && goal <= max + ROUNDING) return undefined
  return problem('TENDON_POSITION_LIMIT', { joint, goal, min, max, unit: unitOf(axis.spec) })
}

/**
 * Why this streamed setpoint is a jump: further from the last one than the joint can turn in `elapsed`, with one tick
 * of tolerance because the last one was written on the grid of ticks.
 */
export function checkJump(axis: PositionAxis, goal: Radians, elapsed: Seconds, tick: Seconds): Problem | undefined {
  const last = axis.setpoint
  if (last === undefined) return problem('TENDON_JOINT_LIMP', { joint: axis.name })
  const allowed = axis.velocityLimit * (elapsed + tick) + ROUNDING
  if (Math.abs(goal - last) <= allowed) return undefined
  return problem('TENDON_SETPOINT_JUMP', { joint: axis.name, goal, last, allowed, unit: unitOf(axis.spec) })
}

/** Why this joint may not be told this speed; undefined when it may. How it gets there is the axis' matter. */
export function checkSpeed(axis: SpeedAxis, speed: unknown): Problem | undefined {
  const joint = axis.name
  if (typeof speed !== 'number' || !Number.isFinite(speed))
    return problem('TENDON_SETPOINT_NOT_FINITE', { joint, value: speed })
  const limit = axis.velocityLimit
  return Math.abs(speed) <= limit + ROUNDING ? undefined : problem('TENDON_SPEED_LIMIT', { joint, speed, limit })
}
