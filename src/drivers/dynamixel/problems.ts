import { entry, problemsOf } from '../../base/problem.ts'

interface Servo {
  joint: string
  servo: number
  port: string
}

const servo: Servo = { joint: 'shoulder', servo: 2, port: '/dev/ttyUSB0' }
const servoOf = (f: Servo): string => `The servo of ${f.joint} (id ${f.servo} on ${f.port})`

/** What only Dynamixel servos say, or need. */
export const dynamixelProblems = {
  TENDON_DYNAMIXEL_REFUSED: entry<Servo & { request: string; reason: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `${servoOf(f)} refused "${f.request}": ${f.reason}.`,
    why: () =>
      'It checks each write: a value outside of its limits, a register that is locked while it has torque, or a goal ' +
      'that its mode does not take.',
    fix: (f) =>
      `Write a value to ${f.joint} that its control table allows, with its torque off for a register below 64.`,
    sample: { ...servo, request: 'write homing_offset', reason: 'access error' },
    more: 'Registers below 64 are written only while the torque is off. Nothing of a refused write was taken.',
  }),
  TENDON_DYNAMIXEL_WATCHDOG: entry<Servo>({
    severity: 'danger',
    power: 'on',
    what: (f) => `${servoOf(f)} has stopped by its bus watchdog and takes no goals.`,
    why: () =>
      'It had torque and heard no packet for longer than its watchdog allows: the host hung, or the line was cut.',
    fix: () => 'Find what held the host up, then disarm and arm again: arming clears the watchdog.',
    sample: servo,
    more:
      'A servo that its watchdog has stopped keeps its torque and holds where it stands. Its goal registers are locked ' +
      'until 0 is written to the watchdog, which arming does before it gives power.',
  }),
  TENDON_DYNAMIXEL_SHUTDOWN: entry<Servo & { alarms: readonly string[] }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `${servoOf(f)} has shut itself down: ${f.alarms.join(', ')}.`,
    why: () => 'After a hardware error its torque stays off, and only a reboot clears it.',
    fix: (f) => `Remove the cause, hold ${f.joint} by hand, then reboot the servo: bus.reboot(${f.servo}).`,
    sample: { ...servo, alarms: ['overload'] },
    more:
      'Switching the motor supply off and on is a reboot too. A joint without torque falls, and a servo that has been ' +
      'rebooted has no torque until the robot is armed again.',
  }),
  TENDON_DYNAMIXEL_NOT_REBOOTED: entry<Servo & { reason: string }>({
    severity: 'danger',
    power: 'unknown',
    what: (f) => `${servoOf(f)} was told to reboot, and did not come up well: ${f.reason}.`,
    why: () => 'It has not heard the order, takes longer than it should, or the error is there again at once.',
    fix: (f) => `Keep clear, switch the motor supply off and on, and look for what troubles ${f.joint}.`,
    sample: { ...servo, reason: 'it did not answer for 2 s' },
  }),
  TENDON_DYNAMIXEL_OFFSET: entry<Servo & { offset: number; most: number }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `${servoOf(f)} was not calibrated: it would need a homing offset of ${f.offset} steps.`,
    why: (f) => `In position mode the firmware ignores offsets beyond ${f.most} steps either way, without a word.`,
    fix: (f) => `Mount the horn of ${f.joint} so that the servo stands near its middle where the joint does.`,
    sample: { ...servo, offset: -1900, most: 1024 },
  }),
} as const

/** Makes a problem of this driver. */
export const dynamixelProblem = problemsOf(dynamixelProblems)
