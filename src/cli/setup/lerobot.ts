import type { ServoCalibration } from 'tendon/device'
import type { CalibrationIssue } from './calibration-check.ts'

/** What a motor is in a calibration file of LeRobot. The registers are the same, under other names. */
interface LeRobotMotor {
  readonly id: number
  readonly drive_mode: number
  readonly homing_offset: number
  readonly range_min: number
  readonly range_max: number
}

const FIELDS = ['id', 'drive_mode', 'homing_offset', 'range_min', 'range_max'] as const

/** A joint and the id of its servo. */
interface Named {
  readonly joint: string
  readonly id: number
}

/** Calibrations of the joints, or everything in the file that does not fit them. */
export type LeRobotFile =
  | { readonly calibrations: ReadonlyMap<string, ServoCalibration> }
  | { readonly issues: readonly CalibrationIssue[] }

/** Reads a calibration of LeRobot: JSON, joint to motor. Whatever does not fit these joints is told, all of it. Pure. */
export function fromLeRobot(text: string, joints: readonly Named[]): LeRobotFile {
  const motors = objectIn(text)
  if (!motors) return { issues: [{ joint: 'the file', reason: 'it is no JSON object of motors by joint' }] }
  const unknown = Object.keys(motors)
    .filter((name) => !joints.some(({ joint }) => joint === name))
    .map((joint) => ({ joint, reason: 'the robot has no such joint' }))
  const calibrations = new Map<string, ServoCalibration>()
  const issues = joints.flatMap((named) => {
    const motor = Object.hasOwn(motors, named.joint) ? motors[named.joint] : undefined
    const reasons = reasonsAgainst(motor, named)
    if (reasons.length === 0) calibrations.set(named.joint, calibrationOf(motor as LeRobotMotor))
    return reasons.map((reason) => ({ joint: named.joint, reason }))
  })
  return issues.length + unknown.length > 0 ? { issues: [...issues, ...unknown] } : { calibrations }
}

function reasonsAgainst(motor: unknown, { id }: Named): string[] {
  if (motor === undefined) return ['it is missing in the file']
  if (typeof motor !== 'object' || motor === null) return ['it is no object']
  const fields = motor as Partial<Record<string, unknown>>
  const strange = FIELDS.filter((field) => !Number.isInteger(fields[field]))
  if (strange.length > 0) return [`${strange.join(', ')} must be whole numbers`]
  return [
    ...(fields.id === id ? [] : [`its id is ${fields.id}, and the robot's is ${id}`]),
    // A reversed motor is the model's matter here (`direction`); applied twice it would turn the wrong way.
    ...(fields.drive_mode === 0 ? [] : [`its drive_mode is ${fields.drive_mode}, and only 0 is taken`]),
  ]
}

const calibrationOf = ({ homing_offset, range_min, range_max }: LeRobotMotor): ServoCalibration => ({
  homingOffset: homing_offset,
  rangeMin: range_min,
  rangeMax: range_max,
})

/** The same calibrations as a file of LeRobot. Joints without one are left out. */
export function toLeRobot(joints: readonly Named[], calibrations: ReadonlyMap<string, ServoCalibration>): string {
  const motors = joints.flatMap(({ joint, id }): [string, LeRobotMotor][] => {
    const calibration = calibrations.get(joint)
    if (!calibration) return []
    const { homingOffset, rangeMin, rangeMax } = calibration
    return [[joint, { id, drive_mode: 0, homing_offset: homingOffset, range_min: rangeMin, range_max: rangeMax }]]
  })
  return `${JSON.stringify(Object.fromEntries(motors), undefined, 4)}\n`
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
