import type { Clock } from '../base/clock.ts'
import { describe } from '../base/problem.ts'
import { Hub } from '../stream/hub.ts'
import type { EventBody, RobotEvent } from './events.ts'

/**
 * The last events of a robot, in memory, bounded: the newest `capacity`. An event is in the log the moment it is
 * recorded; listeners hear of it in a later turn, after the callers that it concerns have been answered.
 */
export class EventLog {
  readonly #clock: Clock
  readonly #capacity: number
  readonly #ring: RobotEvent[] = []
  readonly #hub: Hub<RobotEvent>
  #seq = 0
  #published = 0
  #lost = 0

  constructor(clock: Clock, capacity: number) {
    this.#clock = clock
    this.#capacity = capacity
    // What a listener throws is a fact about the listener; recording it must not call that listener again.
    this.#hub = new Hub((error) =>
      this.record({ type: 'user_code_threw', where: 'event listener', run: undefined, message: describe(error) }),
    )
  }

  /**
   * Adds an event. O(1); never throws, never calls anyone. `seq` and `at` are filled in here; events of every command
   * bring room for them, because an object that grows costs as much as two.
   */
  record(body: EventBody & { seq?: 0; at?: 0 }): RobotEvent {
    const event = body as EventBody & { seq: number; at: number }
    event.seq = ++this.#seq
    event.at = this.#clock.now()
    this.#ring[(event.seq - 1) % this.#capacity] = event
    return event
  }

  /** The sequence number of the newest event, 0 before the first. */
  get seq(): number {
    return this.#seq
  }

  /** Events that left the log before any listener could hear of them. */
  get lost(): number {
    return this.#lost
  }

  /** The events after sequence number `after` (default: all that are kept), oldest first. */
  entries({ after = 0 }: { readonly after?: number } = {}): RobotEvent[] {
    const events: RobotEvent[] = []
    for (let seq = Math.max(after, this.#seq - this.#capacity) + 1; seq <= this.#seq; seq++) events.push(this.#at(seq))
    return events
  }

  /** Calls `listener` with each event of this type from now on. */
  on<T extends RobotEvent['type']>(type: T, listener: (event: Extract<RobotEvent, { type: T }>) => void): () => void {
    return this.#hub.on(type, listener as (event: RobotEvent) => void)
  }

  /** Calls `listener` with each event from now on. */
  onAny(listener: (event: RobotEvent) => void): () => void {
    return this.#hub.onAny(listener)
  }

  /** Live listeners. */
  get listeners(): number {
    return this.#hub.size
  }

  /** Tells listeners what was recorded since the last call. The runtime calls it in a turn of its own. */
  publish(): void {
    if (this.#hub.size === 0) {
      this.#published = this.#seq
      return
    }
    const until = this.#seq
    while (this.#published < until) {
      // Asked each time: what listeners themselves cause to be recorded may push out what they have not heard yet.
      const oldest = this.#seq - this.#capacity
      if (this.#published < oldest) {
        this.#lost += oldest - this.#published
        this.#published = oldest
        continue
      }
      const event = this.#at(++this.#published)
      this.#hub.publish(event.type, event)
    }
  }

  #at(seq: number): RobotEvent {
    return this.#ring[(seq - 1) % this.#capacity] as RobotEvent
  }
}
