import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** How many bytes more `act` leaves in use, with garbage collected before and after. */
export function memoryGrowth(act: () => void): number {
  const collect = collector()
  collect()
  const before = inUse()
  act()
  collect()
  return inUse() - before
}

function inUse(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** The engine's own collector, which is exposed on request at run time as well. */
function collector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
