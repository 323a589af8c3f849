import type { Axis } from '../motion/axis.ts'
import type { JointVerdict, StopVerdict } from '../motion/contract.ts'

/** What was read of one servo at the end of a stop. */
export interface StopFinding {
  /** Its torque register: undefined = it did not answer. */
  readonly powered: boolean | undefined
  readonly still: boolean
  /** What went wrong on the way, in the order in which it happened. */
  readonly troubles: readonly string[]
}

/** The verdict on one joint. Pure: off is off whatever its policy was; power is right only where a hold was wanted. */
export function judge(axis: Axis, cut: boolean, { powered, still, troubles }: StopFinding): JointVerdict {
  const base = { joint: axis.name, bus: axis.bus, servo: axis.id, policy: axis.policy }
  const unsure = (what: string): JointVerdict => ({
    ...base,
    verdict: 'not_confirmed',
    reason: [what, ...troubles].join('; '),
  })
  if (powered === undefined) return unsure(`${servosOf(axis)} did not answer when its torque was read back`)
  if (!powered) return { ...base, verdict: 'off' }
  if (axis.policy !== 'hold' || cut) return unsure(`servo ${axis.id} still has power`)
  return still ? { ...base, verdict: 'holding' } : unsure(`servo ${axis.id} holds but was not read standing still`)
}

/** With the servos that follow it: of all of them one thing is said, or nothing. */
function servosOf({ id, spec }: Axis): string {
  const shadows = spec.servo?.shadows ?? []
  return shadows.length > 0 ? `servo ${id} with its shadow ${shadows.join(', ')}` : `servo ${id}`
}

/** The verdict on the robot: confirmed only when every joint is. */
export const verdictOf = (joints: readonly JointVerdict[]): StopVerdict => ({
  confirmed: joints.every(({ verdict }) => verdict !== 'not_confirmed'),
  joints,
})
