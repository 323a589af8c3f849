import { nearNames, TendonError } from '../base/problem.ts'
import { simProblem } from './problems.ts'

/** What a map holds under this name; throws a `TendonError` that proposes near names when it holds nothing. */
export function named<T>(kind: string, things: ReadonlyMap<string, T>, name: string): T {
  const found = things.get(name)
  if (found !== undefined) return found
  const near = nearNames(name, things.keys())
  throw new TendonError(simProblem('TENDON_SIM_UNKNOWN_NAME', { kind, name, near }))
}
