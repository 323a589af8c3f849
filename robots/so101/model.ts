import { defineRobot, deg, degPerSec, degPerSec2, param } from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { nmea } from 'tendon/framing'
import { mqtt, mqttSensor } from 'tendon/mqtt'
import { serial } from 'tendon/serial'
import { z } from 'zod'
import calibration from './calibration.json' with { type: 'json' }

/** The gains that SO-101 builders run: the servo's own P of 32 makes this light arm shake. */
const gains = { p: 16, i: 0, d: 32 }

/**
 * What every joint of this arm has in common. The sheet's 300 deg/s is the servo alone, at 7.4 V; with an arm on it a
 * joint follows 120 deg/s. The firmware silently makes 439 deg/s^2 of every acceleration above it, so ours is below.
 * Why every joint parks: README, "What a stop does".
 */
const joint = {
  axis: [0, 0, 1],
  velocity: degPerSec(120),
  acceleration: degPerSec2(400),
  effort: 2.5,
  direction: 1,
  stop: 'park',
} as const

/** The SO-101 arm: six STS3215 on one bus, a compass, and a thermometer behind a broker. Links, origins, axes, zero and limits as in its URDF. */
export const so101 = defineRobot('so101', {
  doc: 'SO-101, a five-axis arm with a gripper, and an NMEA compass beside it.',
  states: {
    recording: { doc: 'joint positions are being recorded' },
    playback: { doc: 'recorded positions are being replayed' },
  },
  categories: {
    motion: { doc: 'moves joints; the newest wins', limit: 1, conflict: 'preempt' },
    sensing: { doc: 'reads sensors, beside any motion', limit: 2 },
  },
  buses: { servos: feetech({ port: serial({ path: '/dev/ttyACM0', baudRate: 1_000_000 }) }) },
  joints: {
    shoulder_pan: {
      ...joint,
      parent: 'base_link',
      child: 'shoulder_link',
      origin: { xyz: [0.0388353, 0, 0.0624], rpy: [Math.PI, 0, -Math.PI] },
      position: [-1.91986, 1.91986],
      servo: sts3215('servos', 1, { gains }),
    },
    shoulder_lift: {
      ...joint,
      parent: 'shoulder_link',
      child: 'upper_arm_link',
      origin: { xyz: [-0.0303992, -0.0182778, -0.0542], rpy: [deg(-90), deg(-90), 0] },
      position: [-1.74533, 1.74533],
      servo: sts3215('servos', 2, { gains }),
    },
    elbow_flex: {
      ...joint,
      parent: 'upper_arm_link',
      child: 'lower_arm_link',
      origin: { xyz: [-0.11257, -0.028, 0], rpy: [0, 0, deg(90)] },
      position: [-1.69, 1.69],
      servo: sts3215('servos', 3, { gains }),
    },
    wrist_flex: {
      ...joint,
      parent: 'lower_arm_link',
      child: 'wrist_link',
      origin: { xyz: [-0.1349, 0.0052, 0], rpy: [0, 0, deg(-90)] },
      position: [-1.65806, 1.65806],
      servo: sts3215('servos', 4, { gains }),
    },
    wrist_roll: {
      ...joint,
      parent: 'wrist_link',
      child: 'gripper_link',
      origin: { xyz: [0, -0.0611, 0.0181], rpy: [deg(90), 0.0486795, Math.PI] },
      position: [-2.74385, 2.84121],
      servo: sts3215('servos', 5, { gains }),
    },
    gripper: {
      ...joint,
      parent: 'gripper_link',
      child: 'moving_jaw_so101_v1_link',
      origin: { xyz: [0.0202, 0.0188, -0.0234], rpy: [deg(90), 0, 0] },
      position: [-0.174533, 1.74533],
      // Half the torque: the jaws should hold a thing, not crush it, and the servo should not burn on it.
      servo: sts3215('servos', 6, { gains, torqueLimit: 0.5 }),
    },
  },
  parameters: {
    cruise: param.number({
      doc: 'How fast home and rest move, as a share of each joint’s speed.',
      default: 0.6,
      min: 0.1,
      max: 1,
    }),
  },
  // The arm works without a broker; with one it hears how warm the room is.
  links: { lab: mqtt({ url: 'mqtt://localhost', optional: true }) },
  sensors: {
    room: mqttSensor('lab', 'room/temperature', z.number(), { maxAge: 60 }),
    heading: nmea.heading(serial({ path: '/dev/ttyUSB0', baudRate: 4800 }), { reference: 'magnetic', maxAge: 2 }),
  },
  calibration,
})
