import type { Seconds } from '../base/units.ts'
import type { JointReading } from '../motion/contract.ts'
import {
  drivenJoints,
  isOutside,
  type JointRecording,
  RECORDING_LIMITS,
  type RecordedRobot,
  type RecordingSample,
  roundAngle,
  roundTime,
} from './joint-recording.ts'

/** Collects readings of some joints into a recording. What was not read anew is missed and counted, never made up. */
export class Tape {
  readonly joints: readonly string[]
  readonly #robot: RecordedRobot
  readonly #rate: number
  readonly #samples: RecordingSample[] = []
  readonly #outside = new Set<string>()
  #startedAt = 0
  #first: Seconds = 0
  #last: Seconds = Number.NEGATIVE_INFINITY
  #missed = 0

  constructor(robot: RecordedRobot, joints: readonly string[], rate: number) {
    this.#robot = robot
    this.joints = joints
    this.#rate = rate
  }

  /** Times at which some joint had no fresh reading, or none newer than the last sample. */
  get missed(): number {
    return this.#missed
  }

  get size(): number {
    return this.#samples.length
  }

  /** Seconds from the first sample to the last. */
  get duration(): Seconds {
    return this.#samples.at(-1)?.[0] ?? 0
  }

  get isFull(): boolean {
    return this.#samples.length >= RECORDING_LIMITS.samples
  }

  /** Joints that were further outside their limits than a playback takes. */
  get outside(): readonly string[] {
    return [...this.#outside]
  }

  /** One reading for each joint, in their order; `wall` is the wall time now, `now` the time of the readings' clock. */
  take(readings: readonly JointReading[], now: Seconds, wall: number): void {
    const row = rowOf(readings)
    if (!row) {
      this.#missed++
      return
    }
    const { at, positions } = row
    if (this.#samples.length === 0) {
      this.#first = at
      this.#startedAt = Math.round(wall - (now - at) * 1000)
    }
    const t = roundTime(at - this.#first)
    if (t <= this.#last) {
      this.#missed++
      return
    }
    this.#last = t
    this.#samples.push([t, ...positions.map(roundAngle)])
    this.#look(positions)
  }

  /** What has been collected so far; later samples do not show in it. */
  recording(): JointRecording {
    return {
      format: 'tendon.joint-recording',
      version: 1,
      robot: this.#robot.name,
      joints: this.joints,
      rate: this.#rate,
      startedAt: this.#startedAt,
      samples: [...this.#samples],
    }
  }

  #look(positions: readonly number[]): void {
    const driven = drivenJoints(this.#robot)
    for (const [j, joint] of this.joints.entries()) {
      const spec = driven.get(joint)
      if (spec && isOutside(spec, positions[j] ?? 0)) this.#outside.add(joint)
    }
  }
}

/** All positions, and the time of the newest of them; undefined unless every one is fresh. */
function rowOf(readings: readonly JointReading[]): { at: Seconds; positions: number[] } | undefined {
  let newest: Seconds = Number.NEGATIVE_INFINITY
  const positions: number[] = []
  for (const reading of readings) {
    if (reading.status !== 'fresh') return undefined
    newest = Math.max(newest, reading.at)
    positions.push(reading.position)
  }
  return { at: newest, positions }
}
