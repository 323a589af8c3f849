import type { Drive } from '../mechanics/motion.ts'
import type { Memory } from './memory.ts'
import { type ProtectionLimits, STEPS_PER_UNIT } from './protection.ts'
import { ALARM, STEPS_PER_TURN } from './registers.ts'

/** What the registers do not say, and the motor depends on. */
export interface Condition {
  /** Of the shaft itself, in raw steps with fraction. */
  readonly position: number
  /** Alarm bits that have tripped. */
  readonly tripped: number
  /** Share of its speed that the joint follows with. */
  readonly pace: number
  readonly supplied: boolean
}

/** Amperes in one unit of registers 28 and 69. */
export const CURRENT_UNIT = 0.0065
const MULTI_TURN_LIMIT = 30_719
const VELOCITY_MODE = 1
const PWM_MODE = 2
const FULL_ANGLE_FEEDBACK = 1 << 4

/** The remainder that is never negative. */
export const modulo = (value: number, by: number): number => ((value % by) + by) % by

/**
 * Several turns are counted with both limits 0 or full-angle feedback; otherwise a position is within one turn. A wheel
 * passes from 4095 to 0 whatever its limits say: that they do not matter to it is our reading.
 */
function countsTurns(memory: Memory): boolean {
  const unlimited = memory.get('minPosition') === 0 && memory.get('maxPosition') === 0
  return (unlimited && memory.get('mode') !== VELOCITY_MODE) || (memory.get('phase') & FULL_ANGLE_FEEDBACK) !== 0
}

/** What register 56 shows for a shaft that is here. */
export function presentPosition(memory: Memory, actual: number): number {
  const present = Math.round(actual - memory.get('positionOffset'))
  return countsTurns(memory) ? present : modulo(present, STEPS_PER_TURN)
}

/** The goal after the limits. */
export function goalOf(memory: Memory): number {
  const goal = memory.get('goalPosition')
  const min = memory.get('minPosition')
  const max = memory.get('maxPosition')
  if (min === 0 && max === 0) return Math.max(-MULTI_TURN_LIMIT, Math.min(MULTI_TURN_LIMIT, goal))
  return Math.max(min, Math.min(max, goal))
}

/** The goal on the shaft's own scale: in the turn in which it is now. */
function targetOf(memory: Memory, actual: number): number {
  const offset = memory.get('positionOffset')
  if (countsTurns(memory)) return goalOf(memory) + offset
  const turn = Math.floor(Math.round(actual - offset) / STEPS_PER_TURN)
  return goalOf(memory) + offset + turn * STEPS_PER_TURN
}

/** What the registers ask of the motor in this condition. */
export function driveOf(memory: Memory, { position, tripped, pace, supplied }: Condition): Drive {
  const mode = memory.get('mode')
  const fastest = memory.get('maxVelocity') * 50
  const asked = memory.get('goalVelocity')
  const acceleration = memory.get('acceleration') || memory.get('maxAcceleration')
  const limit = asked === 0 ? fastest : Math.min(Math.abs(asked), fastest)
  const velocity = mode === PWM_MODE ? (memory.get('goalTime') / 1000) * fastest : Math.sign(asked) * limit
  const turning = mode === VELOCITY_MODE || mode === PWM_MODE
  return {
    powered: memory.get('torqueEnable') !== 0 && !isUnloaded(memory, tripped) && supplied,
    kind: turning ? 'velocity' : 'position',
    target: targetOf(memory, position),
    velocity: (turning ? velocity : limit) * pace,
    acceleration: acceleration * 100,
    authority: authorityOf(memory, tripped),
  }
}

function authorityOf(memory: Memory, tripped: number): number {
  const limit = Math.min(1, memory.get('torqueLimit') / 1000)
  const weak = tripped & memory.get('unloadConditions') & ALARM.overload
  return weak === 0 ? limit : Math.min(limit, memory.get('protectionTorque') / 100)
}

function isUnloaded(memory: Memory, tripped: number): boolean {
  return (tripped & memory.get('unloadConditions') & (ALARM.current | ALARM.temperature)) !== 0
}

/** What the protection registers say. */
export function limitsOf(memory: Memory): ProtectionLimits {
  return {
    overload: memory.get('overloadTorque') / 100,
    overloadSteps: memory.get('protectionTime') * STEPS_PER_UNIT,
    current: memory.get('protectionCurrent') * CURRENT_UNIT,
    currentSteps: memory.get('overCurrentTime') * STEPS_PER_UNIT,
    temperature: memory.get('maxTemperature'),
  }
}
