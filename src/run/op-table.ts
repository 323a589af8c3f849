import { TendonError } from '../base/problem.ts'
import type { DefinitionFault } from '../base/problems/definition.ts'
import { problem } from '../base/problems/index.ts'
import type { Service } from '../define/service.ts'
import type { Strand } from './strand.ts'

/** One request under way: the strand that made it, and where its one result goes. */
export interface OpCall {
  readonly strand: Strand
  readonly args: readonly unknown[]
  /** Completes the request with a value. A second completion, or one after the strand went on, is counted and dropped. */
  done(value: unknown): void
  /** Completes it with something to throw. */
  fail(error: unknown): void
}

/**
 * Starts a request. Returns what withdraws it (nothing, if it cannot be), which may return a promise: the strand then
 * goes on only when that has settled, or at the end of its grace.
 */
export type OpStart = (call: OpCall) => (() => void | Promise<unknown>) | undefined

/** A row: who brought the operation, and how it starts. */
export interface OpRow {
  readonly owner: string
  readonly start: OpStart
}

export type OpTable = ReadonlyMap<string, OpRow>

/**
 * The table of everything that generators may yield, fixed when the robot starts. A name that two owners bring is an
 * error that names both.
 */
export function opTable(robot: string, core: Readonly<Record<string, OpStart>>, services: readonly Service[]): OpTable {
  const table = new Map<string, OpRow>()
  const faults: DefinitionFault[] = []
  const namespaces = new Set(Object.keys(core).map((name) => name.split('.')[0]))
  for (const [name, start] of Object.entries(core)) table.set(name, { owner: 'tendon', start })
  for (const service of services) {
    if (namespaces.has(service.name))
      faults.push({
        path: `services.${service.name}`,
        what: `the service ${service.name} and tendon both bring operations under '${service.name}.'.`,
        fix: 'Rename the service.',
      })
    for (const [key, handler] of Object.entries(service.handlers))
      add(table, `${service.name}.${key}`, `the service ${service.name}`, fromPromise(handler), faults)
  }
  if (faults.length > 0) throw new TendonError(problem('TENDON_DEFINITION_INVALID', { robot, faults }))
  return Object.freeze(table)
}

function add(table: Map<string, OpRow>, name: string, owner: string, start: OpStart, faults: DefinitionFault[]): void {
  const other = table.get(name)
  if (other) faults.push({ path: name, what: `${other.owner} and ${owner} both bring it.`, fix: 'Rename one of them.' })
  else table.set(name, { owner, start })
}

/** An operation made of a function that may be asynchronous, with a signal that aborts when it is withdrawn. */
export function fromPromise(work: (context: { signal: AbortSignal }, ...args: never[]) => unknown): OpStart {
  return (call) => {
    const controller = new AbortController()
    const run = async (): Promise<unknown> => work({ signal: controller.signal }, ...(call.args as never[]))
    const ended = run().then(call.done, call.fail)
    return () => {
      controller.abort()
      return ended
    }
  }
}
