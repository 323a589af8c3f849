import { defineRobot, deg, degPerSec, degPerSec2, param } from 'tendon'
import { dynamixel, xm430 } from 'tendon/dynamixel'
import { serial } from 'tendon/serial'
import calibration from './calibration.json' with { type: 'json' }
import { finger } from './poses.ts'

/** What every turning joint of this arm has in common. Why every joint parks: README, "What a stop does". */
const joint = { velocity: degPerSec(180), acceleration: degPerSec2(360), stop: 'park' } as const

/** A step before half a turn, either way: at half a turn itself, the two ends of one turn are the same place. */
const ALMOST_PI = (2047 / 2048) * Math.PI

/** What both fingers have in common: they slide, and their limits are metres. */
const sliding = { type: 'prismatic', position: [finger.closed, finger.open], velocity: 0.05 } as const

/**
 * The WidowX-200: seven XM430 on one bus, two of them on the shoulder, and a gripper whose second finger follows the
 * first. Links, origins, axes and limits are those of the table in the README.
 */
export const wx200 = defineRobot('wx200', {
  doc: 'WidowX-200, a five-axis arm with a gripper.',
  categories: { motion: { doc: 'moves joints; the newest wins', limit: 1, conflict: 'preempt' } },
  buses: { servos: dynamixel({ port: serial({ path: '/dev/ttyUSB0', baudRate: 1_000_000 }) }) },
  joints: {
    waist: {
      ...joint,
      parent: 'base_link',
      child: 'shoulder_link',
      origin: { xyz: [0, 0, 0.072] },
      axis: [0, 0, 1],
      position: [-ALMOST_PI, ALMOST_PI],
      effort: 8,
      servo: xm430('servos', 1),
    },
    shoulder: {
      ...joint,
      parent: 'shoulder_link',
      child: 'upper_arm_link',
      origin: { xyz: [0, 0, 0.03865] },
      axis: [0, -1, 0],
      position: [deg(-108), deg(113)],
      effort: 18,
      // Servo 3 faces it on the same joint and obeys its packets, by a setting of its own.
      servo: xm430('servos', 2, { shadows: [3] }),
      direction: -1,
      offset: deg(2.5),
    },
    elbow: {
      ...joint,
      parent: 'upper_arm_link',
      child: 'forearm_link',
      origin: { xyz: [0.05, 0, 0.2] },
      axis: [0, -1, 0],
      position: [deg(-108), deg(93)],
      effort: 13,
      servo: xm430('servos', 4),
    },
    wrist_angle: {
      ...joint,
      parent: 'forearm_link',
      child: 'wrist_link',
      origin: { xyz: [0.2, 0, 0] },
      axis: [0, -1, 0],
      position: [deg(-100), deg(123)],
      effort: 5,
      servo: xm430('servos', 5),
    },
    wrist_rotate: {
      ...joint,
      parent: 'wrist_link',
      child: 'gripper_link',
      origin: { xyz: [0.065, 0, 0] },
      axis: [1, 0, 0],
      position: [-ALMOST_PI, ALMOST_PI],
      effort: 1,
      servo: xm430('servos', 6),
    },
    left_finger: {
      ...sliding,
      parent: 'gripper_link',
      child: 'left_finger_link',
      origin: { xyz: [0.0415, 0, 0] },
      axis: [0, 1, 0],
      acceleration: 0.2,
      // Newtons, as it slides.
      effort: 5,
      servo: xm430('servos', 7),
      stop: 'park',
      // Radians of the servo for a metre of the finger, and where the finger is at the middle of the servo's travel.
      gear: finger.gear,
      offset: (finger.closed + finger.open) / 2,
    },
    right_finger: {
      ...sliding,
      parent: 'gripper_link',
      child: 'right_finger_link',
      origin: { xyz: [0.0415, 0, 0] },
      axis: [0, -1, 0],
      mimic: { joint: 'left_finger' },
    },
  },
  parameters: {
    cruise: param.number({
      doc: 'How fast home, sleep and circle move, as a share of each joint’s speed.',
      default: 0.4,
      min: 0.1,
      max: 1,
    }),
  },
  calibration,
})
