import { type Clock, checkDelay, type Timer } from '../base/clock.ts'
import { onAbort } from '../base/on-abort.ts'
import type { Outcome } from '../base/outcome.ts'
import { type Problem, TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { Seconds } from '../base/units.ts'
import type { Handle, RunStatus } from '../define/handle.ts'
import { Feedback } from './feedback.ts'
import type { Run } from './run.ts'

/** What a handle asks of the runtime. */
export interface HandleHost {
  readonly clock: Clock
  cancel(run: Run): Promise<Outcome>
  send(run: Run, message: unknown): boolean
}

interface Waiting {
  readonly signal?: AbortSignal | undefined
}

/** The caller's end of a run. It holds the outcome itself: nothing is kept for it elsewhere, and nothing expires. */
class RunHandle {
  readonly #run: Run
  readonly #host: HandleHost

  constructor(run: Run, host: HandleHost) {
    this.#run = run
    this.#host = host
  }

  get id(): string {
    return this.#run.id
  }
  get command(): string {
    return this.#run.record.command
  }
  get status(): RunStatus {
    return this.#run.status
  }
  get outcome(): Outcome | undefined {
    return this.#run.outcome
  }

  result(options?: Waiting): Promise<Outcome> {
    return options?.signal ? abortable(this.#run, options.signal) : this.#run.result
  }

  async value(options?: Waiting): Promise<unknown> {
    const outcome = await this.result(options)
    if (outcome.status === 'succeeded') return outcome.value
    throw new TendonError(problemOf(this.#run.record.command, outcome))
  }

  async yield(duration: Seconds): Promise<Outcome | undefined> {
    const run = this.#run
    if (run.outcome || duration === 0) return run.outcome
    checkDelay(duration)
    return new Promise((resolve) => {
      let timer: Timer | undefined
      const forget = run.watch((outcome) => {
        timer?.cancel()
        resolve(outcome)
      })
      timer = this.#host.clock.after(duration, () => {
        forget()
        resolve(undefined)
      })
    })
  }

  get feedback(): AsyncIterable<unknown> {
    const run = this.#run
    if (!run.feedback) {
      run.feedback = new Feedback()
      if (run.ended) run.feedback.end()
    }
    return run.feedback
  }

  cancel(): Promise<Outcome> {
    return this.#host.cancel(this.#run)
  }

  send(message: unknown): boolean {
    return this.#host.send(this.#run, message)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cancel()
  }
}

/** Makes the handle of a run. That it has no `then` at run time is what its type says with one that cannot be called. */
export const handleOf = (run: Run, host: HandleHost): Handle => new RunHandle(run, host) as unknown as Handle

/** Why there is no value. */
export function problemOf(command: string, outcome: Exclude<Outcome, { status: 'succeeded' }>): Problem {
  return outcome.status === 'canceled'
    ? problem('TENDON_RUN_CANCELED', { command, reason: outcome.reason })
    : outcome.error
}

function abortable(run: Run, signal: AbortSignal): Promise<Outcome> {
  if (run.outcome) return Promise.resolve(run.outcome)
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      unwatch()
      reject(new TendonError(problem('TENDON_AWAIT_ABORTED', { run: run.id }, signal.reason)))
    }
    const unwatch = run.watch((outcome) => {
      forget()
      resolve(outcome)
    })
    const forget = onAbort(signal, aborted)
    if (signal.aborted) aborted()
  })
}
