import { badArgument } from '../../base/argument.ts'
import type { ServoMount } from '../../device/servo-bus.ts'
import { canTurnTo, hobbyServoOf, PCA9685, pulseAt } from './hobby-servo.ts'
import { periodOf, pulseBytes, type Timing } from './registers.ts'
import { Whereabouts } from './whereabouts.ts'

/** A servo on its channel, and where it is by the clock. */
export interface Channel {
  readonly mount: ServoMount
  readonly whereabouts: Whereabouts
}

/** By number. */
export type Channels = ReadonlyMap<number, Channel>

/** A servo that is this close to its last pulse gets there before anybody could take it back. In seconds of its speed. */
const ON_THE_WAY = 0.05

/** Throws `TENDON_ARGUMENT_INVALID` for servos that this chip cannot serve at this frequency. */
export function channelsOf(mounts: readonly ServoMount[], timing: Timing): Channels {
  return new Map(
    mounts.map((mount) => {
      checkMount(mount, timing)
      const { assumed, speed } = hobbyServoOf(mount.servo)
      return [mount.servo.id, { mount, whereabouts: new Whereabouts(assumed, speed) }]
    }),
  )
}

function checkMount({ joint, servo }: ServoMount, timing: Timing): void {
  if (servo.family !== PCA9685)
    throw badArgument('pca9685()', `servo of ${joint}`, servo.family, `of the family ${PCA9685}`)
  const { longest } = hobbyServoOf(servo)
  const period = periodOf(timing)
  if (longest < period) return
  const most = `shorter than the period of ${Math.floor(period * 1e6)} us`
  throw badArgument('pca9685()', `longest pulse of ${joint}`, `${Math.round(longest * 1e6)} us`, most)
}

/** The registers of a channel that holds its servo at this angle. */
export function pulseFor({ mount }: Channel, angle: number, timing: Timing): Uint8Array {
  return pulseBytes(pulseAt(hobbyServoOf(mount.servo), angle), timing)
}

/**
 * The angle that a frozen servo is told: that of its last pulse while it is about to be there, so that it does not jerk
 * back; else where the plan has it. A place that is none leaves the last pulse.
 */
export function freezeAngle({ mount, whereabouts }: Channel, position: number): number {
  const servo = hobbyServoOf(mount.servo)
  const { target } = whereabouts
  if (!canTurnTo(servo, position) || Math.abs(target - position) <= servo.speed * ON_THE_WAY) return target
  return position
}
