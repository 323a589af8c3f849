import { type JointSpec, type ServoCalibration, toServo } from 'tendon/device'
import type { Scale } from './range-tracker.ts'

/** One thing that keeps a calibration from being taken. */
export interface CalibrationIssue {
  readonly joint: string
  readonly reason: string
}

/** Of what the joint's limits span: less was not a range but a hand that brushed it. */
const LEAST_SHARE = 0.25

/** The joint's limits in raw steps, the smaller first. */
export function limitSteps(spec: JointSpec, { steps, centre }: Scale): [min: number, max: number] {
  const ends = spec.position.map((end) => Math.round(centre + (toServo(spec, end) * steps) / (2 * Math.PI)))
  return [Math.min(...ends), Math.max(...ends)]
}

/** Why this cannot be the calibration of the joint; empty where it can. Pure. */
export function calibrationIssues(
  joint: string,
  spec: JointSpec,
  { homingOffset, rangeMin, rangeMax }: ServoCalibration,
  scale: Scale,
): CalibrationIssue[] {
  const most = scale.steps / 2 - 1
  const last = scale.steps - 1
  const [lower, upper] = limitSteps(spec, scale)
  const span = rangeMax - rangeMin
  const wanted = Math.round((upper - lower) * LEAST_SHARE)
  const reasons = [
    ...(Math.abs(homingOffset) > most ? [`its offset ${homingOffset} is not within -${most} to ${most}`] : []),
    ...(rangeMin < 0 || rangeMax > last
      ? [`its range ${rangeMin} to ${rangeMax} is not within 0 to ${last}; begin nearer to the middle of its travel`]
      : []),
    ...(span <= 0 ? [`its range ends at ${rangeMax}, where it begins (${rangeMin}) or before`] : []),
    ...(span > 0 && span < wanted
      ? [`it was not moved through its range: ${span} steps, and its limits are ${upper - lower} apart`]
      : []),
  ]
  return reasons.map((reason) => ({ joint, reason }))
}

/** Where the range ends before the joint's limits do, in degrees, for a person to know; undefined where it does not. */
export function shortfall(spec: JointSpec, { rangeMin, rangeMax }: ServoCalibration, scale: Scale): string | undefined {
  const [lower, upper] = limitSteps(spec, scale)
  const missing = Math.max(rangeMin - lower, upper - rangeMax)
  if (missing <= TOLERATED) return undefined
  return `its range ends ${((missing * 360) / scale.steps).toFixed(0)} degrees before a limit of the joint`
}

/** Steps, about two degrees: ends are soft. */
const TOLERATED = 23
