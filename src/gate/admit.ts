import type { Problem } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { Limits } from '../define/limits.ts'
import type { SafetyState } from '../log/events.ts'
import type { Latch } from '../state/machine.ts'
import { judgeSeats, type SeatDecision, type SeatRequest } from './seats.ts'

/** What the gates see of the robot at the instant of the decision. */
export interface RobotView {
  readonly robot: string
  readonly closing: boolean
  readonly retiring: boolean
  readonly operational: string
  readonly safety: SafetyState
  readonly latch: Latch | undefined
  /** Why it is in fault, if it is. */
  readonly fault: string
  readonly live: number
  readonly abandoned: number
  readonly limits: Pick<Limits, 'maxRuns' | 'maxAbandoned'>
}

/** What the gates need to know of the command. */
export interface StateRequest {
  readonly command: string
  readonly allowed: ReadonlySet<string>
  /** Runs that belong to arming or retiring: the runtime's own acts, which have asked about the state themselves. */
  readonly lifecycle: boolean
}

/**
 * The path of admission after the goal was found valid: closing, safety and operational state, caps, then seats. Pure:
 * the same view gives the same decision, and nothing has happened when it is made.
 */
export function admit(view: RobotView, state: StateRequest, seats: SeatRequest): SeatDecision {
  const against = againstState(view, state) ?? againstCaps(view, state.command)
  return against ? { verdict: 'refuse', problem: against } : judgeSeats(seats)
}

/** What stands against a command in the robot's present state. Asked again when a queued run's turn comes. */
export function againstState(view: RobotView, request: StateRequest): Problem | undefined {
  const { command, allowed } = request
  if (view.closing) return problem('TENDON_CLOSED', { robot: view.robot })
  if (request.lifecycle) return undefined
  if (view.retiring) return problem('TENDON_RETIRING', { command })
  if (allowed.has(view.operational)) return undefined
  if (view.safety === 'fault') return problem('TENDON_IN_FAULT', { reason: view.fault })
  if (view.latch) return problem('TENDON_LATCHED', { by: view.latch.by, reason: view.latch.reason })
  const names = [...allowed]
  if (view.safety !== 'armed') return problem('TENDON_DISARMED', { command, safety: view.safety, allowed: names })
  return problem('TENDON_STATE_NOT_ALLOWED', { command, state: view.operational, allowed: names })
}

/** What stands against one more run of anything. */
function againstCaps(view: RobotView, command: string): Problem | undefined {
  if (view.live >= view.limits.maxRuns) return problem('TENDON_TOO_MANY_RUNS', { command, limit: view.limits.maxRuns })
  if (view.abandoned >= view.limits.maxAbandoned)
    return problem('TENDON_TOO_MANY_ABANDONED', { command, limit: view.limits.maxAbandoned })
  return undefined
}
