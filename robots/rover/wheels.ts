import type { JointReading, Metres, Radians, RadiansPerSecond, Seconds } from 'tendon'

/** The joints that drive. */
export const wheels = ['left_wheel', 'right_wheel'] as const
export type Wheel = (typeof wheels)[number]

/** Radius of a wheel, and the distance between the two where they touch the ground. */
export const RADIUS: Metres = 0.04
export const TRACK: Metres = 0.18
/** The fastest that a wheel is told to turn: the velocity of the model. */
export const FASTEST: RadiansPerSecond = 4.5
/** How long an order of speeds holds when no other follows: then the wheels brake. */
export const TTL: Seconds = 0.3

/** How the rover moves: forward in metres per second, to the left in radians per second. */
export interface Motion {
  readonly linear: number
  readonly angular: RadiansPerSecond
}

/** The speeds of the wheels. What is too fast for one of them is slowed down for both, so that the curve stays. */
export function wheelSpeeds({ linear, angular }: Motion) {
  const left = (linear - (angular * TRACK) / 2) / RADIUS
  const right = (linear + (angular * TRACK) / 2) / RADIUS
  /** The share of what was asked. */
  const share = Math.min(1, FASTEST / Math.max(Math.abs(left), Math.abs(right), FASTEST))
  return { speeds: { left_wheel: left * share, right_wheel: right * share }, share }
}

/** The way that the wheels have made since now, as they were read: metres forward, radians to the left. */
export function odometer(joints: { read(wheel: Wheel): JointReading }) {
  const turned = (wheel: Wheel): Radians | undefined => {
    const reading = joints.read(wheel)
    return reading.status === 'unknown' ? undefined : reading.position
  }
  const from = wheels.map(turned)
  return (): { metres: Metres; turned: Radians } => {
    const [left = 0, right = 0] = wheels.map((wheel, i) => {
      const [begun, now] = [from[i], turned(wheel)]
      return begun === undefined || now === undefined ? 0 : (now - begun) * RADIUS
    })
    return { metres: (left + right) / 2, turned: (right - left) / TRACK }
  }
}
