import type { Outcome } from '../base/outcome.ts'
import type { Command } from '../define/command.ts'
import type { Handle } from '../define/handle.ts'
import { type Op, op, RequestOp } from '../define/operation.ts'
import type { CommandMap } from '../define/script.ts'

/** Starts a command as a child of the run that holds it. */
type Start = (name: string, command: Command, goal: unknown) => Handle
/** Waits for work of a run: now and then the event loop turns first, and a rejection after the run's end is nobody's. */
type Await = <T>(work: () => Promise<T>) => Promise<T>

/** A command about to be run, by `yield*` or by one of its methods. */
class ChildOp extends RequestOp<unknown> {
  readonly #start: Start
  readonly #await: Await

  constructor(name: string, command: Command, goal: unknown, start: Start, wait: Await) {
    super('process.run', [name, command, goal, 'value'])
    this.#start = start
    this.#await = wait
  }

  start(): Handle {
    this.take()
    const [name, command, goal] = this.args as [string, Command, unknown]
    return this.#start(name, command, goal)
  }

  value(): Promise<unknown> {
    const handle = this.start()
    return this.#await(() => handle.value())
  }

  result(): Promise<Outcome> {
    const handle = this.start()
    return this.#await(() => handle.result())
  }

  outcome(): Op<Outcome> {
    this.take()
    return op('process.run', [...this.args.slice(0, 3), 'outcome'])
  }
}

/** What `robot` is inside a script or body: one function for each command in `uses`. */
export function opsOf(
  uses: CommandMap,
  start: Start,
  wait: Await,
): Readonly<Record<string, (goal?: unknown) => unknown>> {
  return Object.fromEntries(
    Object.entries(uses).map(([name, command]) => [
      name,
      (goal?: unknown) => new ChildOp(name, command, goal, start, wait),
    ]),
  )
}
