import type { JointGoal } from 'tendon'

/** The joints of this arm, from base to jaw. */
export type Joint = 'shoulder_pan' | 'shoulder_lift' | 'elbow_flex' | 'wrist_flex' | 'wrist_roll' | 'gripper'

export const joints = ['shoulder_pan', 'shoulder_lift', 'elbow_flex', 'wrist_flex', 'wrist_roll', 'gripper'] as const

/** The gripper's joint angle with the jaws together, and wide open: opening 0 and 1. */
export const jaws = { closed: -0.174533, open: 1.74533 }

/** Every joint at the zero of the URDF: the arm stretched forward, the jaws a little open. */
export const zero = {
  shoulder_pan: 0,
  shoulder_lift: 0,
  elbow_flex: 0,
  wrist_flex: 0,
  wrist_roll: 0,
  gripper: 0,
} as const satisfies JointGoal<Joint>

/** Folded onto itself, so that it stays where it is when power goes. Chosen by us, never tried on an arm. */
export const folded = {
  shoulder_pan: 0,
  shoulder_lift: -1.7,
  elbow_flex: 1.6,
  wrist_flex: 1.2,
  wrist_roll: 0,
  gripper: jaws.closed,
} as const satisfies JointGoal<Joint>
