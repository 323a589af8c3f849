import type { Clock, Timer } from '../base/clock.ts'
import { TendonError } from '../base/problem.ts'
import type { Unsubscribe } from '../device/transport.ts'
import { type FaultKindSpec, faultKinds } from './fault-kinds.ts'
import { type FaultPlan, formatFault, parseFault } from './fault-plan.ts'
import { named } from './named.ts'
import { simProblem } from './problems.ts'
import type { Simulation } from './simulation.ts'

/**
 * Lets faults begin and end at their times, counted on `clock` from this call; those of time 0 begin before it returns.
 * Plans are data or text (`elbow_flex=stuck@3s`). All are checked before any begins: throws a `TendonError` for a text
 * that is none and for a joint or bus that is not there. The returned function withdraws what is still to come and ends
 * what has begun. Where two plans name the same fault of the same servo, the later beginning and the earlier end count.
 */
export function scheduleFaults(
  simulation: Simulation,
  clock: Clock,
  plans: readonly (FaultPlan | string)[],
): Unsubscribe {
  const planned = plans.map((plan) => new PlannedFault(simulation, typeof plan === 'string' ? parseFault(plan) : plan))
  for (const fault of planned) fault.schedule(clock)
  return () => {
    for (const fault of planned) fault.withdraw()
  }
}

class PlannedFault {
  readonly #simulation: Simulation
  readonly #plan: FaultPlan
  readonly #kind: FaultKindSpec
  readonly #names: readonly string[]
  #timers: Timer[] = []
  #on = false

  constructor(simulation: Simulation, plan: FaultPlan) {
    this.#simulation = simulation
    this.#plan = plan
    this.#kind = faultKinds[plan.kind]
    this.#names = namesOf(simulation, plan, this.#kind)
  }

  schedule(clock: Clock): void {
    const { from = 0, until } = this.#plan
    if (from === 0) this.#begin()
    else this.#timers.push(clock.after(from, () => this.#begin()))
    if (until !== undefined) this.#timers.push(clock.after(until, () => this.#end()))
  }

  withdraw(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#timers = []
    this.#end()
  }

  #begin(): void {
    this.#on = true
    const value = this.#plan.value ?? this.#kind.value?.usual ?? 0
    for (const name of this.#names) this.#kind.begin(this.#simulation.faults, name, value)
  }

  #end(): void {
    if (!this.#on) return
    this.#on = false
    for (const name of this.#names) this.#kind.end(this.#simulation.faults, name)
  }
}

/** The joints or the buses that a plan is about. */
function namesOf(simulation: Simulation, plan: FaultPlan, { of }: FaultKindSpec): readonly string[] {
  const { subject, kind } = plan
  const { servos, busNames } = simulation
  const joints = [...new Set(servos.map(({ joint }) => joint))]
  if (subject === 'all') return of === 'bus' ? busNames : joints
  named('joint or bus', new Map([...joints, ...busNames, 'all'].map((name) => [name, name])), subject)
  if (busNames.includes(subject)) {
    if (of === 'bus') return [subject]
    return joints.filter((joint) => servos.some((servo) => servo.joint === joint && servo.bus === subject))
  }
  if (of === 'servo') return [subject]
  const [bus = 'all'] = servos.filter(({ joint }) => joint === subject).map((servo) => servo.bus)
  const facts = {
    text: formatFault(plan),
    reason: `${kind} is a fault of a bus`,
    instead: formatFault({ ...plan, subject: bus }),
  }
  throw new TendonError(simProblem('TENDON_SIM_FAULT_INVALID', facts))
}
