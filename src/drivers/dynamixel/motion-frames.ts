import type { RadiansPerSecondSquared } from '../../base/units.ts'
import type { ServoMount, ServoSetpoint, ServoSpeed, StopPlan } from '../../device/servo-bus.ts'
import { endOf, putValue, type Register, X_SERIES } from './registers.ts'
import { type BulkEntry, broadcastWriteBytes, bulkWriteBytes, syncWriteBytes } from './requests.ts'
import { clampedPosition, type ServoLimits, speedFor } from './servo-limits.ts'
import { optionsOf } from './servos.ts'
import { rawAccelerationOf } from './settings.ts'
import { CENTRE, toRawAcceleration, toRawPace, toRawPosition, toRawSpeed } from './units.ts'

/** The packets that move, hold or free servos. */
const { torque, goal_velocity, profile_acceleration, profile_velocity, goal_position } = X_SERIES

/** The pace of a servo that is frozen or that takes up its own position: 5.5 degrees a second. */
const CRAWL = 4

/** What the frames need to know of a servo. */
export interface ServoPlace {
  readonly mount: ServoMount
  readonly limits: ServoLimits
}
type PlaceOf = (id: number) => ServoPlace

/** Registers that follow each other, as the block of memory that holds them. */
function blockOf(values: readonly (readonly [Register, number])[]): {
  readonly address: number
  readonly data: Uint8Array
} {
  const first = values[0]?.[0] as Register
  const last = values.at(-1)?.[0] as Register
  const data = new Uint8Array(endOf(last) - first.address)
  for (const [register, value] of values) putValue(data, first.address, register, value)
  return { address: first.address, data }
}

/** Acceleration, pace and goal (108..119) that make a servo's goal the place where it is. */
const stayAt = (acceleration: number, rawPosition: number): ReturnType<typeof blockOf> =>
  blockOf([
    [profile_acceleration, acceleration],
    [profile_velocity, CRAWL],
    [goal_position, rawPosition],
  ])

/** Speed and acceleration (104..111). */
const turnAt = (acceleration: number, rawSpeed: number): ReturnType<typeof blockOf> =>
  blockOf([
    [goal_velocity, rawSpeed],
    [profile_acceleration, acceleration],
  ])

/** What a servo is told before it gets power: to stay where it is, or to turn at no speed. */
export function restBlock({ mount }: ServoPlace, rawPosition: number): ReturnType<typeof blockOf> {
  const acceleration = rawAccelerationOf(optionsOf(mount.servo))
  return mount.servo.mode === 'velocity' ? turnAt(acceleration, 0) : stayAt(acceleration, rawPosition)
}

const accelerationOf = (acceleration: RadiansPerSecondSquared | undefined, { mount }: ServoPlace): number =>
  acceleration === undefined ? rawAccelerationOf(optionsOf(mount.servo)) : toRawAcceleration(acceleration)

/**
 * One joined write of pace and goal (112..119). Where a setpoint names an acceleration, that register (108) is joined for
 * all, and the others keep the usual one of their options.
 */
export function setpointFrame(setpoints: readonly ServoSetpoint[], placeOf: PlaceOf): Uint8Array {
  const accelerated = setpoints.some(({ acceleration }) => acceleration !== undefined)
  const blocks = setpoints.map(({ id, position, velocity, acceleration }) => {
    const place = placeOf(id)
    const goal = [
      [profile_velocity, toRawPace(velocity)],
      [goal_position, clampedPosition(toRawPosition(position), place.limits)],
    ] as const
    const ramp = [profile_acceleration, accelerationOf(acceleration, place)] as const
    return [id, blockOf(accelerated ? [ramp, ...goal] : goal)] as const
  })
  return joinedWrite(blocks)
}

/** One joined write of speed and acceleration (104..111). */
export function speedFrame(speeds: readonly ServoSpeed[], placeOf: PlaceOf): Uint8Array {
  const blocks = speeds.map(({ id, speed, acceleration }) => {
    const place = placeOf(id)
    return [id, turnAt(accelerationOf(acceleration, place), speedFor(toRawSpeed(speed), place.limits) ?? 0)] as const
  })
  return joinedWrite(blocks)
}

function joinedWrite(blocks: readonly (readonly [number, ReturnType<typeof blockOf>])[]): Uint8Array {
  const first = blocks[0]?.[1]
  if (!first) return new Uint8Array()
  return syncWriteBytes(first.address, first.data.length, new Map(blocks.map(([id, { data }]) => [id, data])))
}

/** `FF FF FD 00 FE 06 00 03 40 00 00 2E 16`: power off everything on the line, known or not. */
export const ALL_OFF: Uint8Array = broadcastWriteBytes(torque.address, [0])

/** Power off these, and nobody else. */
export const offFrame = (ids: readonly number[]): Uint8Array =>
  syncWriteBytes(torque.address, torque.size, new Map(ids.map((id) => [id, Uint8Array.of(0)])))

/** What a stop must know of the servos of a bus. */
export interface StopScene {
  readonly ids: readonly number[]
  readonly groupOf: (id: number) => readonly number[]
  readonly placeOf: PlaceOf
  /** The raw position that each servo last told. */
  readonly known: ReadonlyMap<number, number>
}

/**
 * The stop frame. All cut: the broadcast. Otherwise one bulk write, because what it says lies far apart in a servo's
 * memory: torque off to those that are cut and to their shadows, by their own ids; goal = present at a crawl, or speed 0,
 * to those that are frozen, whose shadows follow. It names no torque but 0, so it powers nobody. A servo that the plan does
 * not name, and one whose place is no number and was never read, is cut.
 */
export function stopFrame(scene: StopScene, plan: StopPlan): Uint8Array {
  const frozen = frozenEntries(scene, plan)
  if (frozen.size === 0) return ALL_OFF
  const cut = [...new Set([...scene.ids, ...plan.cut])].filter((id) => !frozen.has(id)).flatMap(scene.groupOf)
  const off: BulkEntry[] = cut.map((id) => ({ id, address: torque.address, data: Uint8Array.of(0) }))
  return bulkWriteBytes([...off, ...frozen.values()])
}

function frozenEntries({ ids, placeOf, known }: StopScene, plan: StopPlan): Map<number, BulkEntry> {
  const entries = new Map<number, BulkEntry>()
  for (const { id, position } of plan.freeze) {
    if (plan.cut.includes(id) || !ids.includes(id)) continue
    const place = placeOf(id)
    const goal = freezeGoal(place, position, known.get(id))
    if (goal !== undefined) entries.set(id, { id, ...restBlock(place, goal) })
  }
  return entries
}

/** Always inside what the servo takes: one that drops its goal would go on to the old one. */
function freezeGoal({ mount, limits }: ServoPlace, position: number, known: number | undefined): number | undefined {
  // A servo that is told speed 0 rests wherever it is.
  if (mount.servo.mode === 'velocity') return CENTRE
  const raw = Number.isFinite(position) ? toRawPosition(position) : known
  return raw === undefined ? undefined : clampedPosition(raw, limits)
}
