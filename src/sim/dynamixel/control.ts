import { type Drive, FRICTION } from '../mechanics/motion.ts'
import type { Memory } from './memory.ts'
import type { Model } from './models.ts'
import { DRIVE, FULL_PWM, MODE, STEPS_PER_TURN } from './registers.ts'

/** What the registers do not say, and the motor depends on. */
export interface Condition {
  readonly powered: boolean
  /** Stopped by the bus watchdog, until a new goal. */
  readonly stopped: boolean
  /** The position of the encoder that register 132 counts from. */
  readonly origin: number
  /** Share of its speed that the joint follows with. */
  readonly pace: number
  /** Share of the largest torque that pulls at the shaft, in the direction in which positions grow. */
  readonly gravity: number
  /** In profiles by time: the pace that the last goal needs. */
  readonly timed: Profile | undefined
}

/** Step/s and step/s^2. */
export interface Profile {
  readonly velocity: number
  readonly acceleration: number
}

/** Step/s in one unit (0.229 rev/min) of velocity registers. */
export const VELOCITY_UNIT = (0.229 * STEPS_PER_TURN) / 60
/** Step/s^2 in one unit (214.577 rev/min^2) of register 108. */
const ACCELERATION_UNIT = (214.577 * STEPS_PER_TURN) / 3600
/** Step/s^2 without a profile. Ours, not measured. */
const LARGEST_ACCELERATION = 60_000
/** Offsets beyond this do not count in position mode, the maker says. */
const POSITION_MODE_OFFSET = 1024
const EXTENDED_LIMIT = 1_048_575

const clamp = (value: number, min: number, max: number): number => Math.max(min, Math.min(max, value))

/** Whether it goes to positions. */
export const hasGoalPosition = (mode: number): boolean =>
  mode === MODE.position || mode === MODE.extended || mode === MODE.currentPosition

/** 1, or -1 in reverse mode. */
export const directionOf = (memory: Memory): 1 | -1 => ((memory.get('driveMode') & DRIVE.reverse) === 0 ? 1 : -1)

/** Present = actual + offset. */
export function offsetOf(memory: Memory): number {
  const offset = memory.get('homingOffset')
  const ignored = memory.get('operatingMode') === MODE.position && Math.abs(offset) > POSITION_MODE_OFFSET
  return ignored ? 0 : offset
}

/** The values that the goals may have now, by the limits in other registers. */
export function goalLimits(memory: Memory): Partial<Record<string, readonly [number, number]>> {
  const [pwm, velocity] = [memory.get('pwmLimit'), memory.get('velocityLimit')]
  const current = memory.get('currentLimit')
  const single = memory.get('operatingMode') === MODE.position
  return {
    goalPwm: [-pwm, pwm],
    goalCurrent: [-current, current],
    goalVelocity: [-velocity, velocity],
    goalPosition: single ? [memory.get('minPosition'), memory.get('maxPosition')] : [-EXTENDED_LIMIT, EXTENDED_LIMIT],
    ...(memory.has('accelerationLimit') && { profileAcceleration: [0, memory.get('accelerationLimit')] as const }),
  }
}

/** The goal after the limits. */
export function goalOf(memory: Memory): number {
  const [min, max] = goalLimits(memory).goalPosition ?? [-EXTENDED_LIMIT, EXTENDED_LIMIT]
  return clamp(memory.get('goalPosition'), min, max)
}

/** Step/s that the motor can do. */
export const fastestOf = ({ fastest }: Model): number => (fastest * STEPS_PER_TURN) / 60

/** The profile that makes this way take as long as registers 108 and 112 say, in ms. */
export function timedProfile(memory: Memory, model: Model, way: number): Profile | undefined {
  if ((memory.get('driveMode') & DRIVE.timed) === 0) return undefined
  const whole = memory.get('profileVelocity') / 1000
  const ramp = Math.min(memory.get('profileAcceleration') / 1000, whole / 2)
  const velocity = whole === 0 ? Infinity : Math.abs(way) / (whole - ramp)
  const acceleration = ramp === 0 ? LARGEST_ACCELERATION : velocity / ramp
  return {
    velocity: Math.min(velocity, fastestOf(model)),
    acceleration: clamp(acceleration, 1, LARGEST_ACCELERATION),
  }
}

/** What the registers ask of the motor in this condition. */
export function driveOf(memory: Memory, model: Model, condition: Condition): Drive {
  const { powered, stopped, origin, pace, timed } = condition
  const mode = memory.get('operatingMode')
  const { velocity, acceleration } = timed ?? profileOf(memory, model)
  const authority = authorityOf(memory, model)
  // A current that does not even overcome friction holds nothing up.
  const limp = mode === MODE.current && authority <= FRICTION
  const base = { powered: powered && !limp, acceleration, authority, target: 0 }
  if (stopped) return { ...base, kind: 'velocity', velocity: 0, acceleration: LARGEST_ACCELERATION }
  if (hasGoalPosition(mode)) {
    const target = goalOf(memory) - offsetOf(memory) + origin
    return { ...base, kind: 'position', target, velocity: velocity * pace }
  }
  const speed = speedOf(memory, model, condition)
  const free = mode === MODE.velocity ? acceleration : LARGEST_ACCELERATION
  return { ...base, kind: 'velocity', velocity: speed * pace, acceleration: free }
}

function profileOf(memory: Memory, model: Model): Profile {
  const wanted = memory.get('profileVelocity')
  const limit = Math.min(fastestOf(model), memory.get('velocityLimit') * VELOCITY_UNIT)
  const acceleration = memory.get('profileAcceleration') * ACCELERATION_UNIT
  return {
    velocity: wanted === 0 ? fastestOf(model) : Math.min(wanted * VELOCITY_UNIT, limit),
    acceleration: acceleration === 0 ? LARGEST_ACCELERATION : acceleration,
  }
}

/** Step/s that a mode without goal position turns at. */
function speedOf(memory: Memory, model: Model, { gravity }: Condition): number {
  const fastest = fastestOf(model)
  const mode = memory.get('operatingMode')
  if (mode === MODE.pwm) return (memory.get('goalPwm') / FULL_PWM) * fastest
  if (mode === MODE.velocity) return clamp(memory.get('goalVelocity') * VELOCITY_UNIT, -fastest, fastest)
  // A torque turns the shaft as fast as drag lets it, and not at all against friction and gravity. Ours, not measured.
  const net = clamp(torqueOf(memory, model) + gravity, -1, 1)
  return Math.sign(net) * Math.max(0, Math.abs(net) - FRICTION) * fastest
}

/** Share of the largest torque that the goal current stands for. */
const torqueOf = (memory: Memory, { currentUnit = 0, stall }: Model): number =>
  (memory.get('goalCurrent') * currentUnit) / stall

/** Share of the largest torque that the registers allow. The current limit counts where there is a goal of current. */
function authorityOf(memory: Memory, model: Model): number {
  const mode = memory.get('operatingMode')
  const pwm = Math.min(memory.get('pwmLimit'), Math.abs(memory.get('goalPwm'))) / FULL_PWM
  const byCurrent = mode === MODE.current || mode === MODE.currentPosition
  return Math.min(1, pwm, byCurrent ? Math.abs(torqueOf(memory, model)) : 1)
}
