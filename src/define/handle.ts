import type { Outcome } from '../base/outcome.ts'
import type { Seconds } from '../base/units.ts'

/** Where a run is. `pending` and `queued` have not started; `stopping` was told to end. */
export type RunStatus = 'queued' | 'pending' | 'starting' | 'running' | 'stopping' | 'ended'

/** What the caller holds of one run. The run goes on whether or not anyone holds or awaits it. */
export interface Handle<R = unknown, F = unknown, P = unknown, M = unknown> extends AsyncDisposable {
  readonly id: string
  readonly command: string
  readonly status: RunStatus
  /** The outcome once the run has ended. */
  readonly outcome: Outcome<R, P> | undefined
  /**
   * Resolves to the outcome; never rejects because of the run. When `signal` aborts, only this wait rejects
   * (`TENDON_AWAIT_ABORTED`): the run goes on.
   */
  result(options?: { readonly signal?: AbortSignal | undefined }): Promise<Outcome<R, P>>
  /** Resolves to the value, or rejects with a `TendonError` when there is none, a refusal included. */
  value(options?: { readonly signal?: AbortSignal | undefined }): Promise<R>
  /** Waits at most `duration` seconds (0: one microtask) and gives the outcome, or `undefined` while the run goes on. */
  yield(duration: Seconds): Promise<Outcome<R, P> | undefined>
  /** Latest-wins progress: a slow reader skips values, a late one gets the newest first; ends with the run. */
  readonly feedback: AsyncIterable<F>
  /**
   * Tells the run to end and resolves to its outcome when it has stopped (`stopConfirmed` says whether that was read
   * back). Legal at any time: before the start, twice, after the end.
   */
  cancel(): Promise<Outcome<R, P>>
  /** Puts a message in the run's inbox. False when it does not fit its schema or the run has ended. */
  send(message: M): boolean
  /**
   * Exists in the types only: a handle is not a promise, and `await robot.moveTo(goal)` does not compile.
   * Use `.result()` or `.value()`.
   */
  then(this: never, useResultOrValue: never): never
}
