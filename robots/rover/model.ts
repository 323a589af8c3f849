import { defineRobot, radPerSec } from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { lines } from 'tendon/framing'
import { mqtt, mqttSensor } from 'tendon/mqtt'
import { serial } from 'tendon/serial'
import { attitude, battery } from './readings.ts'

/**
 * What both wheels have in common. The servo turns at 5.2 rad/s at most, unloaded; with a rover on it 4.5 are left for
 * control. Its own ramp is 7.67 rad/s^2 at most, so ours is below. `park`: a stop brakes it and then takes its power.
 */
const wheel = { axis: [0, 1, 0], velocity: radPerSec(4.5), acceleration: 6, stop: 'park' } as const

/** A rover with two driven wheels and a ball, an IMU on a serial port, and a battery that speaks over MQTT. */
export const rover = defineRobot('rover', {
  doc: 'A rover with two wheels, an IMU and a battery.',
  categories: { motion: { doc: 'turns the wheels; the newest wins', limit: 1, conflict: 'preempt' } },
  buses: { wheels: feetech({ port: serial({ path: '/dev/ttyACM0', baudRate: 1_000_000 }) }) },
  joints: {
    left_wheel: {
      ...wheel,
      parent: 'base_link',
      child: 'left_wheel_link',
      origin: { xyz: [0, 0.09, 0.04] },
      servo: sts3215('wheels', 1, { mode: 'velocity' }),
      direction: 1,
    },
    right_wheel: {
      ...wheel,
      parent: 'base_link',
      child: 'right_wheel_link',
      origin: { xyz: [0, -0.09, 0.04] },
      // Mounted as the mirror image of the other one: both turn positive when the rover drives forward.
      servo: sts3215('wheels', 2, { mode: 'velocity' }),
      direction: -1,
    },
  },
  // The rover drives without a broker; then nobody knows its battery, and `dock` refuses.
  links: { lab: mqtt({ url: 'mqtt://localhost', optional: true }) },
  sensors: {
    imu: lines(serial({ path: '/dev/ttyUSB0', baudRate: 115_200 }), { schema: attitude, maxAge: 0.5 }),
    battery: mqttSensor('lab', 'rover/battery', battery, { maxAge: 5 }),
  },
})
