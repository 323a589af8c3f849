import { nearNames, TendonError } from '../base/problem.ts'
import { simProblem } from './problems.ts'
import type { SimulatedServo } from './simulated-servo.ts'

/** How a test names a servo: by its joint, or by its id where that is used once. */
export type ServoRef = string | number

/** The simulated servos of a robot, found by joint name or id. */
export class Roster {
  readonly all: readonly SimulatedServo[]

  constructor(servos: readonly SimulatedServo[]) {
    this.all = servos
  }

  /** The servo of a joint, not its shadows. Throws a `TendonError` when there is none, or for an id of two buses. */
  find(ref: ServoRef): SimulatedServo {
    return this.group(ref)[0]
  }

  /** The servo of this id, or that of a joint with its shadows. Throws a `TendonError` as `find` does. */
  group(ref: ServoRef): readonly [SimulatedServo, ...SimulatedServo[]] {
    const found = this.all.filter((servo) => (typeof ref === 'string' ? servo.joint === ref : servo.id === ref))
    const [first, second] = found
    if (!first) throw this.#unknown(ref)
    if (second && typeof ref === 'number') {
      const joints = found.map((servo) => servo.joint)
      throw new TendonError(simProblem('TENDON_SIM_AMBIGUOUS_ID', { id: ref, joints }))
    }
    return [first, ...found.slice(1)]
  }

  #unknown(ref: ServoRef): TendonError {
    const near = typeof ref === 'string' ? nearNames(ref, new Set(this.all.map((servo) => servo.joint))) : []
    const kind = typeof ref === 'string' ? 'joint with a servo' : 'servo id'
    return new TendonError(simProblem('TENDON_SIM_UNKNOWN_NAME', { kind, name: String(ref), near }))
  }
}
