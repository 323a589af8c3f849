import { nearNames, type Problem, TendonError } from '../base/problem.ts'
import {
  drivenJoints,
  isOutside,
  type JointRecording,
  RECORDING_LIMITS,
  type RecordedRobot,
  type RecordingSample,
} from './joint-recording.ts'
import { recordingProblem } from './problems.ts'

/** What a text is checked against. */
export interface ParseOptions {
  /** The robot that it is to be played on. */
  readonly robot: RecordedRobot
  /** What messages call it. Default: `recording`. */
  readonly name?: string
}

/**
 * Reads the JSON text of a recording and checks all of it against the robot that is to play it. Throws a `TendonError`
 * (`TENDON_RECORDING_...`) for the first thing that is wrong: format, robot, joints, length, times, position limits. A
 * position may lie outside a limit by the joint's tolerance, as readings of a joint at its limit do.
 */
export function parseRecording(text: string, { robot, name = 'recording' }: ParseOptions): JointRecording {
  if (text.length > RECORDING_LIMITS.text) throw tooLong(name, 'characters', text.length, RECORDING_LIMITS.text)
  const document = parseJson(name, text)
  const reason = faultOfHeader(document)
  if (reason !== undefined) throw format(name, reason)
  const recording = document as JointRecording
  checkRobot(name, recording, robot)
  checkLength(name, recording)
  for (const [i, sample] of recording.samples.entries()) checkSample(name, recording, i, sample)
  checkLimits(name, recording, robot)
  const { format: of, version, joints, rate, startedAt, samples } = recording
  return { format: of, version, robot: recording.robot, joints, rate, startedAt, samples }
}

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new TendonError(recordingProblem('TENDON_RECORDING_FORMAT', { name, reason: 'it is no JSON' }, error))
  }
}

/** What is wrong with everything but the samples; undefined when nothing is. */
function faultOfHeader(document: unknown): string | undefined {
  if (typeof document !== 'object' || document === null) return 'it is no object'
  const { format, version, robot, joints, rate, startedAt, samples } = document as Record<string, unknown>
  if (format !== 'tendon.joint-recording') return `its format is ${JSON.stringify(format)}`
  if (version !== 1) return `its version is ${JSON.stringify(version)}, and 1 is known`
  if (typeof robot !== 'string') return 'robot is no name'
  const areNames = Array.isArray(joints) && joints.length > 0 && joints.every((joint) => typeof joint === 'string')
  if (!areNames || new Set(joints).size !== joints.length) return 'joints is no list of different names'
  if (!isNumber(rate) || rate <= 0) return 'rate is no number above 0'
  if (!isNumber(startedAt)) return 'startedAt is no time'
  return Array.isArray(samples) ? undefined : 'samples is no list'
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

function checkRobot(name: string, { robot: of, joints }: JointRecording, robot: RecordedRobot): void {
  if (of !== robot.name)
    throw fault(recordingProblem('TENDON_RECORDING_OTHER_ROBOT', { name, robot: of, expected: robot.name }))
  const driven = drivenJoints(robot)
  const joint = joints.find((known) => !driven.has(known))
  if (joint !== undefined) {
    const near = nearNames(joint, driven.keys())
    throw fault(recordingProblem('TENDON_RECORDING_UNKNOWN_JOINT', { name, joint, near }))
  }
}

function checkLength(name: string, { joints, samples }: JointRecording): void {
  if (joints.length > RECORDING_LIMITS.joints) throw tooLong(name, 'joints', joints.length, RECORDING_LIMITS.joints)
  if (samples.length > RECORDING_LIMITS.samples)
    throw tooLong(name, 'samples', samples.length, RECORDING_LIMITS.samples)
  if (samples.length < 2)
    throw fault(recordingProblem('TENDON_RECORDING_EMPTY', { name, samples: samples.length, missed: 0 }))
}

function checkSample(name: string, { joints, samples }: JointRecording, sample: number, row: RecordingSample): void {
  if (!Array.isArray(row) || row.length !== joints.length + 1 || !row.every(isNumber))
    throw format(name, `samples[${sample}] is not [seconds, ...one angle for each of ${joints.length} joints]`)
  const [at] = row
  const before = samples[sample - 1]?.[0]
  if (before === undefined ? at !== 0 : at <= before)
    throw fault(recordingProblem('TENDON_RECORDING_TIME', { name, sample, at, before: before ?? 0 }))
  if (at > RECORDING_LIMITS.seconds) throw tooLong(name, 'seconds', at, RECORDING_LIMITS.seconds)
}

function checkLimits(name: string, { joints, samples }: JointRecording, robot: RecordedRobot): void {
  const driven = drivenJoints(robot)
  for (const [column, joint] of joints.entries()) {
    const spec = driven.get(joint)
    const row = spec && samples.find((sample) => isOutside(spec, sample[column + 1] ?? Number.NaN))
    if (!row) continue
    const [min, max] = spec.position
    const facts = { name, joint, position: row[column + 1] ?? Number.NaN, at: row[0], min, max }
    throw fault(recordingProblem('TENDON_RECORDING_LIMIT', facts))
  }
}

const fault = (found: Problem): TendonError => new TendonError(found)

const format = (name: string, reason: string): TendonError =>
  fault(recordingProblem('TENDON_RECORDING_FORMAT', { name, reason }))

const tooLong = (name: string, what: string, value: number, most: number): TendonError =>
  fault(recordingProblem('TENDON_RECORDING_TOO_LONG', { name, what, value, most }))
