import { entry } from '../problem.ts'
import { toDegrees } from '../units.ts'

const shown = (speed: number): string => `${toDegrees(speed).toFixed(0)} deg/s`

/** Joints that turn at speeds: what was refused, and what does not turn. */
export const speedProblems = {
  TENDON_SPEED_LIMIT: entry<{ joint: string; speed: number; limit: number }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `A speed of ${f.joint} was refused: ${shown(f.speed)} is beyond its limit.`,
    why: (f) => `${f.joint} turns at ${shown(f.limit)} at most, either way; it is never clamped unasked.`,
    fix: () => 'Give a speed inside the limit; speeds are in radians per second.',
    sample: { joint: 'left_wheel', speed: 6, limit: 5 },
  }),
  TENDON_JOINT_TAKES_SPEEDS: entry<{ joint: string; call: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `${f.call} of ${f.joint} was refused: its servo takes speeds and has no position to go to.`,
    why: () =>
      'A servo in velocity mode turns at the speed that it is told; a position would be read as something else.',
    fix: (f) => `Call joints.drive({ ${f.joint}: radPerSec(1) }), or leave ${f.joint} out.`,
    sample: { joint: 'left_wheel', call: 'moveTo' },
  }),
  TENDON_JOINT_TAKES_POSITIONS: entry<{ joint: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `drive of ${f.joint} was refused: its servo goes to positions and keeps no speed.`,
    why: () => "Only a joint whose servo has mode: 'velocity' turns at speeds.",
    fix: (f) => `Call joints.moveTo({ ${f.joint}: ... }), or give its servo mode: 'velocity' in the definition.`,
    sample: { joint: 'shoulder_pan' },
  }),
  TENDON_JOINT_NOT_TURNING: entry<{ joint: string; told: number; measured: number }>({
    severity: 'error',
    power: 'on',
    what: (f) => `${f.joint} does not turn: it was told ${shown(f.told)} and is measured at ${shown(f.measured)}.`,
    why: () => 'Something holds it, the load is too heavy, or its servo is not in velocity mode.',
    fix: (f) => `Stop the robot, then look for what blocks ${f.joint}: it still has power.`,
    sample: { joint: 'left_wheel', told: 3, measured: 0 },
    more:
      'The joint was told speed 0 at once, so that its motor does not burn on what holds it; the run that drove it is ' +
      'told at its next call of drive. A body that means to push against something, such as a dock, catches this code.',
  }),
  TENDON_BUS_WITHOUT_SPEEDS: entry<{ bus: string; family: string; joints: readonly string[] }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `${f.joints.join(', ')} cannot turn at speeds: the driver of the bus ${f.bus} (${f.family}) has none.`,
    why: () => 'It implements no writeSpeeds, so that a wheel could not be told how fast to turn.',
    fix: () => "Use a driver that has writeSpeeds, or leave mode: 'velocity' out of the servo.",
    sample: { bus: 'servos', family: 'blip', joints: ['left_wheel'] },
  }),
} as const
