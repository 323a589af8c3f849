import { deg, type JointGoal } from 'tendon'

/** The joints of this arm that have a servo, from base to finger. */
export const joints = ['waist', 'shoulder', 'elbow', 'wrist_angle', 'wrist_rotate', 'left_finger'] as const
export type Joint = (typeof joints)[number]

/**
 * Where the fingers are, in metres from the middle, and how far their servo turns for a metre. The true linkage is a crank,
 * which no single number describes: 80 rad/m is ours, unchecked.
 */
export const finger = { closed: 0.005, open: 0.037, gear: 80 } as const

/** Every joint at the zero of its table, but for the finger: 0 m is outside of its limits, so that is half open. */
export const upright = {
  waist: 0,
  shoulder: 0,
  elbow: 0,
  wrist_angle: 0,
  wrist_rotate: 0,
  left_finger: (finger.closed + finger.open) / 2,
} as const satisfies JointGoal<Joint>

/** Folded back over its base, so that it stays where it is when power goes. Chosen by us, never tried on an arm. */
export const folded = {
  waist: 0,
  shoulder: deg(106),
  elbow: deg(-90),
  wrist_angle: deg(-40),
  wrist_rotate: 0,
  left_finger: finger.closed,
} as const satisfies JointGoal<Joint>
