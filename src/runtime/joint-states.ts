import type { Observable } from 'rxjs'
import type { Clock } from '../base/clock.ts'
import { describe } from '../base/problem.ts'
import type { Reading } from '../device/sensor.ts'
import type { Unsubscribe } from '../device/transport.ts'
import type { Hardware, JointReading } from '../motion/contract.ts'
import { Audience, type SensorSubscription, type SubscribeOptions } from '../stream/audience.ts'
import { isPowerOfTen } from '../stream/tally.ts'

/** All joints at one instant, each with its worth, passive ones included. */
export type JointStates<J extends string = string> = { readonly [Joint in J]: JointReading }

/**
 * The joints of a robot as a stream: one value after each joined read of a bus, which is each control tick while joints
 * are powered. Subscriptions are those of a sensor, with the same overflow rules and the same bound; they cost nothing
 * while there are none, and end when the robot closes.
 */
export interface JointStateStream<J extends string = string> {
  /** Calls `listener` with states as they come; what it throws is noted in the log. */
  subscribe(listener: (states: Reading<JointStates<J>>) => unknown, options?: SubscribeOptions): SensorSubscription
  /** The same as an Observable. */
  observable(options?: SubscribeOptions): Observable<Reading<JointStates<J>>>
  /** The same for `for await`. */
  readings(options?: SubscribeOptions): AsyncIterable<Reading<JointStates<J>>> & { readonly dropped: number }
  /** The states of the next read. Rejects with the signal's reason, or `TENDON_SENSOR_CLOSED` when the robot closes. */
  next(options?: { readonly signal?: AbortSignal | undefined }): Promise<Reading<JointStates<J>>>
}

export interface JointStateParts {
  readonly clock: Clock
  readonly hardware: Pick<Hardware, 'onRead' | 'joint' | 'jointNames'>
  /** How many may read them at a time. */
  readonly limit: number
  /** Hears what listeners throw, at the 1st, 10th, 100th, ... time. */
  readonly note: (what: string, facts: Readonly<Record<string, unknown>>) => void
}

/** Reads the joints once for all that subscribe to them. */
export class JointStateFeed implements JointStateStream {
  readonly #parts: JointStateParts
  readonly #audience: Audience<JointStates>
  readonly #off: Unsubscribe
  #seq = 0
  #faults = 0

  constructor(parts: JointStateParts) {
    this.#parts = parts
    this.#audience = new Audience<JointStates>('joints', parts.clock, parts.limit, (error) => this.#fault(error))
    this.#off = parts.hardware.onRead(() => this.#publish())
  }

  subscribe(listener: (states: Reading<JointStates>) => unknown, options: SubscribeOptions = {}): SensorSubscription {
    return this.#audience.subscribe(listener, options, () => {})
  }

  observable(options: SubscribeOptions = {}): Observable<Reading<JointStates>> {
    return this.#audience.observable(options)
  }

  readings(options: SubscribeOptions = {}): AsyncIterable<Reading<JointStates>> & { readonly dropped: number } {
    return this.#audience.readings(options)
  }

  next({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<Reading<JointStates>> {
    return this.#audience.next(signal)
  }

  /** Ends all subscriptions. */
  close(): void {
    this.#off()
    this.#audience.close()
  }

  #publish(): void {
    if (this.#audience.size === 0) return
    const { clock, hardware } = this.#parts
    const value: Record<string, JointReading> = {}
    for (const joint of hardware.jointNames) value[joint] = hardware.joint(joint)
    this.#audience.publish({ value, seq: ++this.#seq, at: clock.now(), wall: clock.wall() })
  }

  #fault(error: unknown): void {
    this.#faults++
    if (isPowerOfTen(this.#faults))
      this.#parts.note('joint_listener_threw', { error: describe(error), count: this.#faults })
  }
}
