import { type Clock, TendonError } from 'tendon'
import { type FaultPlan, parseFault, type Simulation, scheduleFaults } from 'tendon/sim'
import { UsageError } from './usage-error.ts'

/** Reads what stands behind each `--fault`. Throws a `UsageError` that says what to write instead. */
export function faultsOf(texts: string | readonly string[] | undefined): readonly FaultPlan[] {
  return asUsage(() => [texts ?? []].flat().map(parseFault))
}

/** Begins the faults of the command line, on the robot's clock; a joint or bus that is not there is a `UsageError`. */
export function beginFaults(world: Simulation, clock: Clock, plans: readonly FaultPlan[]): () => void {
  return asUsage(() => scheduleFaults(world, clock, plans))
}

function asUsage<T>(read: () => T): T {
  try {
    return read()
  } catch (thrown) {
    if (!(thrown instanceof TendonError)) throw thrown
    const { what, why, fix } = thrown.problem
    throw new UsageError(`${what} ${why}`, fix)
  }
}
