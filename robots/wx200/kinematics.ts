import type { Metres, Radians } from 'tendon'

/** Where the tips of the fingers are, from the middle of the base: x ahead, y to the left, z up. */
export interface Point {
  readonly x: Metres
  readonly y: Metres
  readonly z: Metres
}

/** The joints that carry the hand to a point; its fingers stay level. */
export interface Reach {
  readonly waist: Radians
  readonly shoulder: Radians
  readonly elbow: Radians
  readonly wrist_angle: Radians
}

// From the origins of the model: the shoulder above the base, the upper arm (ahead and up), the forearm, and the hand from
// the wrist to the tips of the fingers.
const SHOULDER_HEIGHT: Metres = 0.072 + 0.03865
const UPPER_ARM: Metres = Math.hypot(0.05, 0.2)
const UPPER_ARM_LEANS: Radians = Math.atan2(0.2, 0.05)
const FOREARM: Metres = 0.2
const HAND: Metres = 0.065 + 0.0415 + 0.0385

/** Angles that bring the level hand there, elbow up; `undefined` where the arm is too short. Knows no joint limits. */
export function reach({ x, y, z }: Point): Reach | undefined {
  // In the plane of the arm, from the shoulder to the wrist.
  const [out, up] = [Math.hypot(x, y) - HAND, z - SHOULDER_HEIGHT]
  const bend = (out ** 2 + up ** 2 - UPPER_ARM ** 2 - FOREARM ** 2) / (2 * UPPER_ARM * FOREARM)
  if (!(Math.abs(bend) <= 1)) return undefined
  const bent = -Math.acos(bend)
  const upperArm = Math.atan2(up, out) - Math.atan2(FOREARM * Math.sin(bent), UPPER_ARM + FOREARM * Math.cos(bent))
  const shoulder = upperArm - UPPER_ARM_LEANS
  const elbow = bent + UPPER_ARM_LEANS
  return { waist: Math.atan2(y, x), shoulder, elbow, wrist_angle: -(shoulder + elbow) }
}

/** Where these angles bring the tips of the fingers. A joint turns about -y, so that a positive angle lifts what it carries. */
export function tipAt({ waist, shoulder, elbow, wrist_angle: wrist }: Reach): Point {
  const links: readonly (readonly [length: Metres, angle: Radians])[] = [
    [UPPER_ARM, UPPER_ARM_LEANS + shoulder],
    [FOREARM, shoulder + elbow],
    [HAND, shoulder + elbow + wrist],
  ]
  const out = links.reduce((sum, [length, angle]) => sum + length * Math.cos(angle), 0)
  const up = links.reduce((sum, [length, angle]) => sum + length * Math.sin(angle), SHOULDER_HEIGHT)
  return { x: out * Math.cos(waist), y: out * Math.sin(waist), z: up }
}
