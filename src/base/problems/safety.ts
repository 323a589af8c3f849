import { entry, oneOf } from '../problem.ts'
import { toDegrees } from '../units.ts'

export interface Servo {
  joint: string
  bus: string
  servo: number
}

/** A position for a person: degrees with one decimal, or millimetres of a joint that slides. */
const shown = (position: number, unit?: 'm'): string =>
  unit === 'm' ? `${(position * 1000).toFixed(1)} mm` : `${toDegrees(position).toFixed(1)} degrees`
/** Of a joint whose positions are not radians. */
export interface Unit {
  unit?: 'm' | undefined
}
const servoOf = (f: Servo): string => `Servo ${f.servo} of joint ${f.joint} (bus ${f.bus})`
const goes = ({ unit }: Unit): string => (unit === 'm' ? 'slides' : 'turns')
/** The servo that the samples speak of. */
const servo: Servo = { joint: 'elbow_flex', bus: 'servos', servo: 3 }

/** Setpoints that were refused: nothing was written, the joint did what it did before. */
const setpointProblems = {
  TENDON_NOT_ARMED: entry<{ joints: readonly string[]; run: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `A motion of ${f.joints.join(', ')} was refused: the robot is not armed.`,
    why: () => 'Joints take setpoints only while every one of them is verified and holds.',
    fix: () => 'Look that nobody is near the robot, then arm it.',
    sample: { joints: ['shoulder_pan'], run: 'moveTo-4' },
  }),
  TENDON_JOINT_NOT_CLAIMED: entry<{ joint: string; run: string; claimed: readonly string[] }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `A motion of ${f.joint} was refused: run ${f.run} does not hold this joint.`,
    why: (f) => `A run moves only what it claimed, here: ${oneOf(f.claimed)}.`,
    fix: (f) => `Add ${f.joint} to the claims of the command, or correct the name.`,
    sample: { joint: 'gripper', run: 'wave-7', claimed: ['wrist_flex', 'wrist_roll'] },
  }),
  TENDON_JOINT_PASSIVE: entry<{ joint: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `A motion of ${f.joint} was refused: no servo drives it.`,
    why: () => 'A passive joint follows the others; it has nothing to take a setpoint.',
    fix: (f) => `Leave ${f.joint} out of the goal, or give it a servo in the definition.`,
    sample: { joint: 'finger_tip' },
  }),
  TENDON_JOINT_LIMP: entry<{ joint: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `A motion of ${f.joint} was refused: the joint has been released and is limp.`,
    why: () => 'A released joint is in somebody’s hand; it takes power again only when it is asked to.',
    fix: (f) => `Call joints.engage(['${f.joint}']) first.`,
    sample: { joint: 'elbow_flex' },
  }),
  TENDON_SETPOINT_NOT_FINITE: entry<{ joint: string; value: unknown }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `A setpoint of ${f.joint} was refused: ${String(f.value)} is not a number that a joint can go to.`,
    why: () => 'A value that is no finite number comes from an error further up, and would move the joint anywhere.',
    fix: () => 'Find where the value was computed; check divisions and missing readings.',
    sample: { joint: 'elbow_flex', value: Number.POSITIVE_INFINITY },
  }),
  TENDON_POSITION_LIMIT: entry<{ joint: string; goal: number; min: number; max: number } & Unit>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `A setpoint of ${f.joint} was refused: ${shown(f.goal, f.unit)} is outside its limits.`,
    why: (f) =>
      `${f.joint} ${goes(f)} from ${shown(f.min, f.unit)} to ${shown(f.max, f.unit)}; it is never clamped unasked.`,
    fix: () => 'Give a goal inside the limits; angles are in radians.',
    sample: { joint: 'elbow_flex', goal: 2.0, min: -1.69, max: 1.69 },
  }),
  TENDON_SETPOINT_JUMP: entry<{ joint: string; goal: number; last: number; allowed: number } & Unit>({
    severity: 'error',
    power: 'unchanged',
    what: (f) =>
      `A setpoint of ${f.joint} was refused: from ${shown(f.last, f.unit)} to ${shown(f.goal, f.unit)} is a jump.`,
    why: (f) =>
      `In the time since the last setpoint this joint may ${f.unit === 'm' ? 'slide' : 'turn'} ${shown(f.allowed, f.unit)} at most.`,
    fix: () => 'Stream setpoints closer together, or use moveTo, which plans the way.',
    sample: { joint: 'shoulder_pan', goal: 0.5, last: 0, allowed: 0.02 },
  }),
  TENDON_MOTION_OPTION: entry<{ option: string; value: unknown; want: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `A motion was refused: the option ${f.option} is ${String(f.value)}.`,
    why: (f) => `${f.option} must be ${f.want}.`,
    fix: (f) => `Give ${f.option} as ${f.want}, or leave it out.`,
    sample: { option: 'speed', value: 1.5, want: 'more than 0 and at most 1' },
  }),
  TENDON_ACCESS_REVOKED: entry<{ run: string; call: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `${f.call} of run ${f.run} was refused: the run no longer has access to its joints.`,
    why: () => 'The run has ended or the robot was stopped; what it asked for late must not move anything.',
    fix: () => 'Start a new command.',
    sample: { run: 'moveTo-4', call: 'moveTo' },
  }),
  TENDON_ACCESS_PAUSED: entry<{ run: string; call: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `${f.call} of run ${f.run} was refused: a child run has its joints now.`,
    why: () => 'Two runs never drive the same joint; the parent’s access rests until its child has ended.',
    fix: () => 'Await the child command before moving these joints.',
    sample: { run: 'pickAndPlace-2', call: 'moveTo' },
  }),
  TENDON_MOVE_REPLACED: entry<{ joints: readonly string[] }>({
    severity: 'notice',
    power: 'unchanged',
    what: (f) => `A move of ${f.joints.join(', ')} ended early: a newer motion of the same joints took its place.`,
    why: () => 'A joint follows one motion at a time, and the newer one counts.',
    fix: () => 'Await a move before starting the next one, if both should end.',
    sample: { joints: ['shoulder_pan'] },
  }),
} as const

/** What happens while joints are powered. */
const motionProblems = {
  TENDON_JOINT_STALLED: entry<{ joint: string; at: number; goal: number } & Unit>({
    severity: 'error',
    power: 'on',
    what: (f) => `${f.joint} stalled at ${shown(f.at, f.unit)} on its way to ${shown(f.goal, f.unit)}.`,
    why: () => 'Something holds it, the load is too heavy, or the servo has switched itself off.',
    fix: (f) => `Stop the robot, then look for what blocks ${f.joint}: it still has power.`,
    sample: { joint: 'elbow_flex', at: 0.21, goal: 0.87 },
    more:
      'The motor goes on pushing against what holds it, and gets hot. Stop first; pull nothing out while the ' +
      'joint has power.',
  }),
  TENDON_STANDSTILL_NOT_CONFIRMED: entry<{ joints: readonly string[] }>({
    severity: 'error',
    power: 'on',
    what: (f) => `${f.joints.join(', ')} could not be read standing still.`,
    why: () => 'The joints go on moving, or their servos do not answer.',
    fix: () => 'Keep clear and stop the robot: the joints still have power.',
    sample: { joints: ['shoulder_lift'] },
    more:
      'A joint counts as standing still only when its readings say so, and these did not within the time that a ' +
      'halt may take. The command for it to halt was sent; nobody knows yet whether it did.',
  }),
  TENDON_SERVO_LOST: entry<Servo & { silent: number }>({
    severity: 'danger',
    power: 'unknown',
    what: (f) => `${servoOf(f)} has not answered for ${Math.round(f.silent * 1000)} ms.`,
    why: () => 'Its cable is loose, it lost power, or it has switched itself off; it may still hold or move.',
    fix: (f) => `Keep clear, then check the plugs of servo ${f.servo} and of the one before it.`,
    sample: { ...servo, silent: 0.25 },
    more:
      'The robot is in fault, and the stop frame went out to every servo of the bus. One that gets no bytes keeps ' +
      'its last goal for ever: a Feetech servo has no watchdog of its own.',
  }),
  TENDON_SERVO_ALARM: entry<Servo & { alarms: readonly string[] }>({
    severity: 'danger',
    power: 'unknown',
    what: (f) => `${servoOf(f)} raised an alarm: ${f.alarms.join(', ')}.`,
    why: () => 'The servo protects itself (too much load, too hot, or a bad supply) and may have switched itself off.',
    fix: (f) => `Keep clear, take the load off ${f.joint}, let it cool down, check the supply.`,
    sample: { ...servo, alarms: ['overload'] },
    more:
      'A servo with an overload or heat alarm usually takes its own torque off, and then the joint drops; it can ' +
      'also go on holding. The robot is in fault and the stop frame went out. Support the joint before you touch ' +
      'the supply.',
  }),
  TENDON_SERVO_POWER_LOST: entry<Servo>({
    severity: 'danger',
    power: 'unknown',
    what: (f) => `${servoOf(f)} has lost its torque while the robot was armed.`,
    why: () => 'Its supply broke down for an instant, so that it restarted, or it protected itself.',
    fix: (f) => `Keep clear of what ${f.joint} carries, then check the supply and the plugs of servo ${f.servo}.`,
    sample: servo,
    more:
      'The servo answers, but its torque register says off: the joint drops or has dropped, and what the servo was ' +
      'told since arming is forgotten. The robot is in fault, and the stop frame went out to every other servo.',
  }),
  TENDON_HARDWARE_LOST: entry<{ bus: string; joints: readonly string[]; reason: string }>({
    severity: 'danger',
    power: 'unknown',
    what: (f) => `The bus ${f.bus} was lost while joints were powered (${f.joints.join(', ')}): ${f.reason}`,
    why: () => 'Servos keep their last goal when nobody talks to them, so power may still be on.',
    fix: () => 'Keep clear, switch off the motor supply if there is any doubt, then check the cable.',
    sample: { bus: 'servos', joints: ['shoulder_pan', 'shoulder_lift'], reason: 'the adapter is disconnected.' },
    more:
      'The runs that used the bus have failed and the robot is in fault. The stop frame was tried, but a cable ' +
      'that is out carries nothing: the servos keep their last goal. The plug of the motor supply is the only ' +
      'stop that is left. When the cable is back the bus is opened by itself, the stop goes out anew, and every ' +
      'servo is read back; the robot stays in fault until somebody acknowledges.',
  }),
  TENDON_TORQUE_NOT_CONFIRMED: entry<Servo & { want: 'on' | 'off' }>({
    severity: 'danger',
    power: 'unknown',
    what: (f) => `${servoOf(f)} could not be read back with torque ${f.want}.`,
    why: () => 'The servo did not answer, or its register does not hold what was written.',
    fix: (f) => `Keep clear, for ${f.joint} may have power, and check servo ${f.servo} and its plug.`,
    sample: { ...servo, want: 'on' },
    more:
      'What could not be read back counts as powered. A joint that is loose to the hand has no torque; try it ' +
      'only with the supply off.',
  }),
} as const

/** What stands against arming. Nothing was powered because of these, or it is off again, verified. */
const prearmProblems = {
  TENDON_ARM_ABORTED: entry<{ reason: string }>({
    severity: 'error',
    power: 'unknown',
    what: (f) => `Arming was broken off: ${f.reason}.`,
    why: () => 'A stop goes before everything; what had power already is being switched off.',
    fix: () => 'Wait for the verdict of the stop, then arm again.',
    sample: { reason: 'the robot was stopped' },
  }),
  TENDON_ARM_NOT_COMPLETED: entry<{ reason: string }>({
    severity: 'error',
    power: 'off',
    what: (f) => `Arming failed: ${f.reason}.`,
    why: () => 'An error that no check foresaw ended the sequence; what had been powered was switched off again.',
    fix: () => 'Read the cause, correct it, arm again.',
    sample: { reason: 'the driver threw while it configured servo 3' },
  }),
  TENDON_ARM_BUS_CLOSED: entry<{ bus: string; joints: readonly string[] }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The robot was not armed: the bus ${f.bus} is not open.`,
    why: (f) => `Without it ${f.joints.join(', ')} can be neither read nor stopped.`,
    fix: () => 'Check cable and supply of the bus, wait until it has opened again by itself, then arm again.',
    sample: { bus: 'servos', joints: ['shoulder_pan', 'shoulder_lift'] },
  }),
  TENDON_ARM_SERVO_SILENT: entry<Servo & { reason: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The robot was not armed: ${servoOf(f)} does not answer: ${f.reason}`,
    why: () => 'A servo that cannot be read cannot be stopped with certainty.',
    fix: (f) => `Check the supply and the plugs of servo ${f.servo}, and that its id is ${f.servo}.`,
    sample: { ...servo, reason: 'no reply in 3 tries.' },
  }),
  TENDON_ARM_SERVO_MODEL: entry<Servo & { expected: string; found: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The robot was not armed: ${servoOf(f)} is a ${f.found}, not a ${f.expected}.`,
    why: () => 'Another model has other units, limits and registers.',
    fix: (f) => `Mount a ${f.expected}, or correct the definition of ${f.joint}.`,
    sample: { ...servo, expected: 'sts3215', found: 'model 1029' },
  }),
  TENDON_ARM_VOLTAGE: entry<Servo & { voltage: number; min: number; max: number }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The robot was not armed: ${servoOf(f)} has ${f.voltage.toFixed(1)} V.`,
    why: (f) => `It works from ${f.min.toFixed(1)} V to ${f.max.toFixed(1)} V.`,
    fix: () => 'Check the supply: its switch, its voltage, and its battery.',
    sample: { ...servo, voltage: 3.7, min: 4, max: 8 },
  }),
  TENDON_ARM_TEMPERATURE: entry<Servo & { temperature: number; limit: number }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The robot was not armed: ${servoOf(f)} is ${f.temperature} degrees Celsius hot.`,
    why: (f) => `Arming is refused from ${f.limit} degrees on, so that it does not switch itself off in mid-motion.`,
    fix: (f) => `Let servo ${f.servo} cool down; look for what loads ${f.joint}.`,
    sample: { ...servo, temperature: 66, limit: 60 },
  }),
  TENDON_ARM_CALIBRATION: entry<
    Servo & { mismatches: readonly { register: string; expected: number; actual: number }[] }
  >({
    severity: 'error',
    power: 'unchanged',
    what: (f) =>
      `The robot was not armed: ${servoOf(f)} does not hold its calibration: ${f.mismatches
        .map((m) => `${m.register} is ${m.actual}, not ${m.expected}`)
        .join('; ')}.`,
    why: () => 'With another zero or range every angle of this joint would be wrong.',
    fix: (f) => `Check that this is the servo that ${f.joint} was calibrated with, or calibrate again.`,
    sample: { ...servo, mismatches: [{ register: 'homingOffset', expected: 12, actual: 0 }] },
  }),
  TENDON_ARM_ALARM: entry<Servo & { alarms: readonly string[] }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The robot was not armed: ${servoOf(f)} reports an alarm: ${f.alarms.join(', ')}.`,
    why: () => 'A servo with an alarm may refuse to hold.',
    fix: () => 'Remove the cause, switch the motor supply off and on again.',
    sample: { ...servo, alarms: ['overheat'] },
  }),
  TENDON_ARM_POSITION: entry<{ joint: string; at: number; min: number; max: number } & Unit>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The robot was not armed: ${f.joint} stands at ${shown(f.at, f.unit)}.`,
    why: (f) =>
      `Its limits are ${shown(f.min, f.unit)} and ${shown(f.max, f.unit)}; so far outside, its zero or its mount is wrong.`,
    fix: (f) => `Move ${f.joint} inside its limits by hand; if it already is, calibrate it again.`,
    sample: { joint: 'elbow_flex', at: 2.4, min: -1.69, max: 1.69 },
  }),
  TENDON_ARM_MOVING: entry<{ joints: readonly string[] }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The robot was not armed: ${f.joints.join(', ')} could not be read standing still.`,
    why: () => 'A joint that is being moved would be caught by its motor in mid-motion.',
    fix: () => 'Let go of the robot, wait until it rests, arm again.',
    sample: { joints: ['shoulder_lift', 'elbow_flex'] },
  }),
  TENDON_ARM_CONFIGURE: entry<Servo & { reason: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The robot was not armed: ${servoOf(f)} did not take its settings: ${f.reason}`,
    why: () => 'With other settings than the tested ones it would move otherwise than planned.',
    fix: (f) => `Check servo ${f.servo}; the reason names the register.`,
    sample: { ...servo, reason: 'register acceleration was written 50 and reads 0.' },
  }),
  TENDON_ARM_TORQUE: entry<Servo>({
    severity: 'error',
    power: 'off',
    what: (f) => `The robot was not armed: ${servoOf(f)} did not take torque on.`,
    why: () => 'Its register, read back, does not say that it holds; what had been powered is off again.',
    fix: (f) => `Check the supply and servo ${f.servo}, then arm again.`,
    sample: servo,
  }),
  TENDON_ARM_UNSTEADY: entry<{ joints: readonly string[] }>({
    severity: 'error',
    power: 'off',
    what: (f) => `The robot was not armed: ${f.joints.join(', ')} did not come to rest when powered.`,
    why: () => 'A joint that shakes or creeps under power would not be where it says; it is off again.',
    fix: () => 'Check the gains in the servo options, the load, and that nobody holds the arm.',
    sample: { joints: ['wrist_flex'] },
  }),
  TENDON_ARM_MOVED: entry<{ joint: string; by: number; limit: number } & Unit>({
    severity: 'error',
    power: 'off',
    what: (f) => `Powering up was broken off: ${f.joint} moved by ${shown(f.by, f.unit)} when it got torque.`,
    why: (f) =>
      `Powering up must move nothing (${shown(f.limit, f.unit)} is the most), so what had been powered is off again.`,
    fix: (f) => `Support ${f.joint} meanwhile; check its calibration and its gains.`,
    sample: { joint: 'shoulder_lift', by: 0.03, limit: 0.0175 },
  }),
} as const

/** Motion, arming and stopping: what was refused, what went wrong, and what a person must believe about power. */
export const safetyProblems = { ...setpointProblems, ...motionProblems, ...prearmProblems } as const
