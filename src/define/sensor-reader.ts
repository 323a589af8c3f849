import type { Observable } from 'rxjs'
import type { Latest, Reading } from '../device/sensor.ts'
import type { Unsubscribe } from '../device/transport.ts'
import type { SensorSubscription } from '../stream/audience.ts'
import type { HealthChange, SensorHealth } from '../stream/health.ts'
import type { Overflow } from '../stream/overflow.ts'

/** What a body, a script or a program sees of one sensor. Inside a run everything made here ends with the run. */
export interface SensorReader<T> {
  /** The newest reading, with its worth. Costs nothing. */
  latest(): Latest<T>
  /** What it is worth now. Costs nothing. */
  health(): SensorHealth
  /** Calls `listener` with each change of its health from now on, until the returned function is called. */
  onHealth(listener: (change: HealthChange) => void): Unsubscribe
  /** The next reading. */
  next(options?: { readonly signal?: AbortSignal | undefined }): Promise<Reading<T>>
  /** Readings as they come; `overflow` says what happens to those that are not read in time (default: latest). */
  readings(options?: {
    readonly overflow?: Overflow | undefined
  }): AsyncIterable<Reading<T>> & { readonly dropped: number }
  subscribe(
    listener: (reading: Reading<T>) => void,
    options?: { readonly overflow?: Overflow | undefined },
  ): SensorSubscription
  observable(options?: { readonly overflow?: Overflow | undefined }): Observable<Reading<T>>
}
