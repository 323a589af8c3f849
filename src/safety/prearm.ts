import type { Problem } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import { boundOf, type JointSpec, toJoint, unitOf } from '../device/joint.ts'
import type { ServoInspection } from '../device/servo-bus.ts'
import type { HardwareLimits } from '../motion/limits.ts'

/** A joint with the servo that drives it, as the checks need it. */
export interface PrearmJoint {
  readonly joint: string
  readonly bus: string
  readonly servo: number
  readonly spec: JointSpec
}

/** One thing that must be true before a joint is powered; undefined when it is. */
type Check = (joint: PrearmJoint, inspection: ServoInspection, limits: HardwareLimits) => Problem | undefined

const named = ({ joint, bus, servo }: PrearmJoint): { joint: string; bus: string; servo: number } => ({
  joint,
  bus,
  servo,
})

const checkModel: Check = (joint, { model }) => {
  const expected = joint.spec.servo?.model ?? model
  return model === expected ? undefined : problem('TENDON_ARM_SERVO_MODEL', { ...named(joint), expected, found: model })
}

/** What a servo does not measure is not judged. */
const checkVoltage: Check = (joint, { voltage, voltageRange }) => {
  if (voltage === undefined || voltageRange === undefined) return undefined
  const [min, max] = voltageRange
  if (voltage >= min && voltage <= max) return undefined
  return problem('TENDON_ARM_VOLTAGE', { ...named(joint), voltage, min, max })
}

const checkTemperature: Check = (joint, { temperature, temperatureLimit }, { temperatureMargin }) => {
  if (temperature === undefined || temperatureLimit === undefined) return undefined
  const limit = temperatureLimit - temperatureMargin
  return temperature < limit ? undefined : problem('TENDON_ARM_TEMPERATURE', { ...named(joint), temperature, limit })
}

const checkCalibration: Check = (joint, { mismatches }) =>
  mismatches.length === 0 ? undefined : problem('TENDON_ARM_CALIBRATION', { ...named(joint), mismatches })

const checkAlarms: Check = (joint, { alarms }) =>
  alarms.length === 0 ? undefined : problem('TENDON_ARM_ALARM', { ...named(joint), alarms })

const checkPosition: Check = ({ joint, spec }, { position }, { armMargin }) => {
  const at = toJoint(spec, position)
  const [min, max] = spec.position
  // Written so that a position that is no number fails too.
  const margin = boundOf(spec, armMargin)
  return at >= min - margin && at <= max + margin
    ? undefined
    : problem('TENDON_ARM_POSITION', { joint, at, min, max, unit: unitOf(spec) })
}

const CHECKS: readonly Check[] = [
  checkModel,
  checkVoltage,
  checkTemperature,
  checkCalibration,
  checkAlarms,
  checkPosition,
]

/** Everything that stands against powering this joint, judged from what its servo said of itself. Pure. */
export function prearmProblems(joint: PrearmJoint, inspection: ServoInspection, limits: HardwareLimits): Problem[] {
  return CHECKS.flatMap((check) => check(joint, inspection, limits) ?? [])
}
