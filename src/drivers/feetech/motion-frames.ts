import type { ServoMode, ServoSetpoint, ServoSpeed, StopPlan } from '../../device/servo-bus.ts'
import { bytesOf, endOf, putValue, STS3215 } from './registers.ts'
import { broadcastWriteBytes, syncWriteBytes } from './requests.ts'
import {
  CENTRE,
  isRawPosition,
  LARGEST_ACCELERATION,
  toRawAcceleration,
  toRawPosition,
  toRawSpeed,
  toRawVelocity,
} from './units.ts'

/**
 * The frames that move, hold or free servos. Position, time and velocity (42..47) always travel in one block: written
 * apart, the velocity is ignored in about one of four moves.
 */
const { torque, acceleration, goal_position, goal_time, goal_velocity } = STS3215
const END = endOf(goal_velocity)

/** What a servo is told about one motion, in raw units. */
export interface RawGoal {
  readonly position: number
  /** Steps per second; 0 = as fast as it can. */
  readonly velocity: number
  readonly acceleration?: number | undefined
  readonly torque?: 0 | 1 | undefined
}

/** The pace of a servo that is frozen or that takes up its own position, in steps per second: 8.8 degrees. */
const CRAWL = 100

/** The block from `base` (40, 41 or 42) to 47. */
function goalBlock(base: number, goal: RawGoal): Uint8Array {
  const block = new Uint8Array(END - base)
  if (base <= torque.address) putValue(block, base, torque, goal.torque ?? 0)
  if (base <= acceleration.address) putValue(block, base, acceleration, goal.acceleration ?? LARGEST_ACCELERATION)
  putValue(block, base, goal_position, goal.position)
  putValue(block, base, goal_time, 0)
  putValue(block, base, goal_velocity, goal.velocity)
  return block
}

/** The block that makes a servo's goal the place where it is; one in velocity mode stands. */
export const stayBlock = (rawPosition: number, mode: ServoMode = 'position'): Uint8Array =>
  goalBlock(goal_position.address, { position: rawPosition, velocity: paceOf(mode) })

/** What a servo that is to stay has in its velocity register: a pace in position mode, and its speed in velocity mode. */
const paceOf = (mode: ServoMode): number => (mode === 'velocity' ? 0 : CRAWL)

/**
 * One joined write of setpoints. Where one of them names an acceleration, that register is joined for all, and
 * `usualAcceleration` says what the others keep.
 */
export function setpointFrame(
  setpoints: Iterable<ServoSetpoint>,
  usualAcceleration: (id: number) => number,
): Uint8Array {
  const all = [...setpoints]
  const joined = all.some((setpoint) => setpoint.acceleration !== undefined)
  const base = joined ? acceleration.address : goal_position.address
  const blocks = new Map<number, Uint8Array>()
  for (const setpoint of all) blocks.set(setpoint.id, goalBlock(base, rawGoal(setpoint, usualAcceleration)))
  return syncWriteBytes(base, END - base, blocks)
}

function rawGoal(setpoint: ServoSetpoint, usualAcceleration: (id: number) => number): RawGoal {
  return {
    position: toRawPosition(setpoint.position),
    velocity: toRawVelocity(setpoint.velocity),
    acceleration:
      setpoint.acceleration === undefined
        ? usualAcceleration(setpoint.id)
        : Math.min(toRawAcceleration(setpoint.acceleration), LARGEST_ACCELERATION),
  }
}

/**
 * One joined write of speeds, of the velocity register alone: a servo that is in position mode by mistake gets no goal
 * from it. Where some name an acceleration, theirs is written before.
 */
export function speedFrame(speeds: Iterable<ServoSpeed>): Uint8Array {
  const velocities = new Map<number, Uint8Array>()
  const accelerations = new Map<number, Uint8Array>()
  for (const { id, speed, acceleration: wanted } of speeds) {
    velocities.set(id, bytesOf(goal_velocity, toRawSpeed(speed)))
    if (wanted === undefined) accelerations.delete(id)
    else accelerations.set(id, bytesOf(acceleration, Math.min(toRawAcceleration(wanted), LARGEST_ACCELERATION)))
  }
  const turning = syncWriteBytes(goal_velocity.address, goal_velocity.size, velocities)
  if (accelerations.size === 0) return turning
  return Buffer.concat([syncWriteBytes(acceleration.address, acceleration.size, accelerations), turning])
}

/** `FF FF FE 04 03 28 00 D2`: power off everything on the line, known or not. */
export const ALL_OFF: Uint8Array = broadcastWriteBytes(torque.address, [0])

/** Takes the power of these servos, and names no other. */
export const torqueOffFrame = (ids: readonly number[]): Uint8Array =>
  syncWriteBytes(torque.address, torque.size, new Map(ids.map((id) => [id, Uint8Array.of(0)])))

/**
 * The stop frame of these servos. All cut: the broadcast. All frozen: their goals alone, so that it can never power a
 * servo that has none. Mixed: one write of 40..47 that says torque for each. A servo that the plan does not name, and
 * one whose place is not a number and was never read, is cut. `turning`: those in velocity mode, which are told speed 0,
 * and the place where they were last read, so that even one that is in the wrong mode stays.
 */
export function stopFrame(
  ids: readonly number[],
  plan: StopPlan,
  known: ReadonlyMap<number, number>,
  turning: ReadonlySet<number> = NONE,
): Uint8Array {
  const frozen = frozenGoals(plan, known, turning)
  if (frozen.size === 0) return ALL_OFF
  const cut = new Set([...ids, ...plan.cut].filter((id) => !frozen.has(id)))
  const base = cut.size === 0 ? acceleration.address : torque.address
  const blocks = new Map<number, Uint8Array>()
  for (const id of cut)
    blocks.set(id, goalBlock(base, { torque: 0, position: known.get(id) ?? CENTRE, velocity: CRAWL }))
  for (const [id, position] of frozen) {
    const velocity = paceOf(turning.has(id) ? 'velocity' : 'position')
    blocks.set(id, goalBlock(base, { torque: 1, position, velocity }))
  }
  return syncWriteBytes(base, END - base, blocks)
}

const NONE: ReadonlySet<number> = new Set()

function frozenGoals(
  plan: StopPlan,
  known: ReadonlyMap<number, number>,
  turning: ReadonlySet<number>,
): Map<number, number> {
  const goals = new Map<number, number>()
  for (const { id, position } of plan.freeze) {
    const raw = toRawPosition(position)
    const goal = isRawPosition(raw) && !turning.has(id) ? raw : known.get(id)
    if (goal !== undefined && !plan.cut.includes(id)) goals.set(id, goal)
  }
  return goals
}
