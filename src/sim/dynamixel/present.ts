import type { Seconds } from '../../base/units.ts'
import type { Actuator } from './actuator.ts'
import { goalOf, hasGoalPosition, VELOCITY_UNIT } from './control.ts'
import type { Memory } from './memory.ts'
import type { Model } from './models.ts'
import { FULL_PWM } from './registers.ts'

const TICKS = 32_768
/** Positions from the goal at which it counts as reached (register 123). Ours. */
const IN_POSITION = 5
const STATUS = { inPosition: 0x01, onGoing: 0x02, rectangle: 0x10, trapezoid: 0x30 } as const

/** Puts what a servo senses now into its registers. The shaft must have been integrated up to `now`. */
export function sense(memory: Memory, actuator: Actuator, model: Model, now: Seconds, bootedAt: Seconds): void {
  const { load, presentPosition } = actuator
  const velocity = Math.round(actuator.velocity / VELOCITY_UNIT)
  memory.set('presentPosition', presentPosition)
  memory.set('presentVelocity', velocity)
  memory.set('presentLoad', Math.round(load * 1000))
  memory.set('presentCurrent', Math.round((load * model.stall) / (model.currentUnit ?? 1)))
  memory.set('presentPwm', Math.round(load * FULL_PWM))
  memory.set('presentVoltage', Math.round(actuator.volts * 10))
  memory.set('presentTemperature', Math.round(actuator.temperature(now)))
  memory.set('hardwareError', actuator.errorStatus(now))
  memory.set('moving', Math.abs(velocity) > memory.get('movingThreshold') ? 1 : 0)
  memory.set('movingStatus', movingStatus(memory, actuator))
  memory.set('velocityTrajectory', velocity)
  memory.set('positionTrajectory', presentPosition)
  memory.set('realtimeTick', Math.floor((now - bootedAt) * 1000) % TICKS)
}

function movingStatus(memory: Memory, { presentPosition, powered, velocity }: Actuator): number {
  if (!hasGoalPosition(memory.get('operatingMode'))) return 0
  const arrived = Math.abs(presentPosition - goalOf(memory)) <= IN_POSITION
  const onGoing = powered && !arrived && velocity !== 0
  return (arrived ? STATUS.inPosition : 0) | (onGoing ? STATUS.onGoing : 0) | profileShape(memory)
}

function profileShape(memory: Memory): number {
  if (memory.get('profileVelocity') === 0) return 0
  return memory.get('profileAcceleration') === 0 ? STATUS.rectangle : STATUS.trapezoid
}
