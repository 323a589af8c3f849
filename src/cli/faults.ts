import type { Simulation } from 'tendon/sim'
import { UsageError } from './usage-error.ts'

/** Faults that can be asked for, and what each does to the simulated servo of a joint. */
const kinds: Readonly<Record<string, (sim: Simulation, joint: string) => void>> = {
  stuck: (sim, joint) => sim.faults.jam(joint),
  silent: (sim, joint) => sim.faults.silence(joint),
  hot: (sim, joint) => sim.faults.heat(joint, 75),
  low: (sim, joint) => sim.faults.supply(4.5, joint),
}

/** Reads `elbow_flex=stuck`; gives what sets the fault. Throws a `UsageError` with the near names. */
export function parseFault(text: string, joints: readonly string[]): (sim: Simulation) => void {
  const [joint = '', kind = ''] = text.split('=')
  if (!joints.includes(joint)) throw UsageError.unknown('joint', joint, joints)
  const fault = kinds[kind]
  if (!fault) throw UsageError.unknown('fault', kind, Object.keys(kinds))
  return (sim) => fault(sim, joint)
}
