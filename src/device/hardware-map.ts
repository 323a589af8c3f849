import type { DigitalInput } from './digital-input.ts'
import type { JointSpec } from './joint.ts'
import type { LinkSpec } from './link.ts'
import type { SensorSpec } from './sensor.ts'
import type { ServoBusSpec, ServoCalibration } from './servo-bus.ts'

/** The part of a robot's definition that says what is wired where: all that a simulation needs to know. */
export interface HardwareMap {
  readonly buses: Readonly<Record<string, ServoBusSpec>>
  readonly joints: Readonly<Record<string, JointSpec>>
  readonly sensors: Readonly<Record<string, SensorSpec>>
  /** Ways to brokers of messages. Default: none. */
  readonly links?: Readonly<Record<string, LinkSpec>>
  /** Wired stop buttons. Default: none. */
  readonly stopInputs?: Readonly<Record<string, DigitalInput>>
  /** By joint. */
  readonly calibration: Readonly<Record<string, ServoCalibration>>
}
