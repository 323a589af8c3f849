import { badArgument } from '../../base/argument.ts'
import type { Radians, RadiansPerSecond, Seconds } from '../../base/units.ts'
import type { ServoSpec } from '../../device/servo-bus.ts'
import { CHANNELS } from './registers.ts'

/** What a hobby servo does with its pulses. It measures nothing and says nothing, so the definition must. */
export interface HobbyServoOptions {
  /** Shortest and longest pulse that it may get, in microseconds. Default [500, 2500]. */
  readonly pulse?: readonly [shortest: number, longest: number] | undefined
  /** How far it turns between these two. Default half a turn. */
  readonly travel?: Radians | undefined
  /** How fast it turns, unloaded, by its data sheet: 0.2 s for 60 degrees is `degPerSec(300)`. */
  readonly speed: RadiansPerSecond
  /**
   * Where its shaft stands when it has had no pulses yet, as an angle of the shaft: zero is the middle of its travel.
   * Arming sends it there, at once and at its full speed, wherever it really is.
   */
  readonly assumed: Radians
}

/** A hobby servo as its driver and its simulator see it. Angles are of the shaft, 0 in the middle of its travel. */
export interface HobbyServo {
  readonly shortest: Seconds
  readonly longest: Seconds
  readonly travel: Radians
  readonly speed: RadiansPerSecond
  readonly assumed: Radians
}

/** The family name of servos behind a PCA9685. */
export const PCA9685 = 'pca9685'
/** The model name of a servo that takes pulses. */
const HOBBY_SERVO = 'hobby servo'

/**
 * A hobby servo on a channel, 0 to 15, of the PCA9685 that the definition names `bus`. Positive angles are longer pulses.
 * Throws `TENDON_ARGUMENT_INVALID` for a channel or an option that cannot be.
 */
export function hobbyServo<const Bus extends string>(
  bus: Bus,
  channel: number,
  options: HobbyServoOptions,
): ServoSpec<Bus> {
  if (!(Number.isInteger(channel) && channel >= 0 && channel < CHANNELS))
    throw badArgument('hobbyServo()', 'channel', channel, `a whole number from 0 to ${CHANNELS - 1}`)
  const servo = servoOf(options)
  checkServo(servo, options)
  const reach = servo.travel / 2
  return {
    family: PCA9685,
    model: HOBBY_SERVO,
    bus,
    id: channel,
    ids: { min: 0, max: CHANNELS - 1 },
    travel: [-reach, reach],
    options: { ...servo },
  }
}

/** The servo that `hobbyServo` put into a definition. */
export const hobbyServoOf = (spec: ServoSpec): HobbyServo => spec.options as unknown as HobbyServo

function servoOf({ pulse = [500, 2500], travel = Math.PI, speed, assumed }: HobbyServoOptions): HobbyServo {
  const [shortest, longest] = pulse
  return { shortest: shortest * 1e-6, longest: longest * 1e-6, travel, speed, assumed }
}

function checkServo({ shortest, longest, travel, speed, assumed }: HobbyServo, { pulse }: HobbyServoOptions): void {
  const call = 'hobbyServo()'
  if (!(shortest > 0 && longest > shortest && longest < Infinity))
    throw badArgument(call, 'pulse', pulse, 'two lengths in microseconds above 0, the shorter one first')
  for (const [name, value] of [
    ['travel', travel],
    ['speed', speed],
  ] as const)
    if (!(value > 0 && value < Infinity)) throw badArgument(call, name, value, 'a finite number above 0')
  if (!(Math.abs(assumed) <= travel / 2))
    throw badArgument(call, 'assumed', assumed, `an angle of the shaft within half its travel (${travel / 2} rad)`)
}

/** Rounding of angles that were computed to and fro. */
const ROUNDING: Radians = 1e-9

/** Whether a pulse for this angle is one that it may get; false for NaN. */
export const canTurnTo = ({ travel }: HobbyServo, angle: Radians): boolean => Math.abs(angle) <= travel / 2 + ROUNDING

/** The pulse for an angle. The caller has checked it. */
export function pulseAt({ shortest, longest, travel }: HobbyServo, angle: Radians): Seconds {
  return shortest + (angle / travel + 0.5) * (longest - shortest)
}

/** The angle for a pulse. */
export function angleAt({ shortest, longest, travel }: HobbyServo, pulse: Seconds): Radians {
  return ((pulse - shortest) / (longest - shortest) - 0.5) * travel
}
