import type { Message } from '../../device/link.ts'
import type { Delivery } from './connection.ts'
import { FilterIndex } from './filter-index.ts'
import { isWildcard } from './topic-filter.ts'

/** One who listens to a filter. */
export interface Subscriber {
  readonly qos: 0 | 1
  readonly listener: (message: Message) => void
  /** Whether it has got a message already. */
  heard: boolean
}

/** Everybody who listens to one filter: for the broker they are one subscription. */
export interface Subscription {
  readonly filter: string
  /** The broker says this number with each message of the subscription, with MQTT 5. */
  readonly id: number
  readonly subscribers: Set<Subscriber>
}

/** Brings messages to those who subscribed, at a cost that does not grow with the number of the others. */
export class Subscriptions {
  readonly #byFilter = new Map<string, Subscription>()
  readonly #byId = new Map<number, Subscription>()
  readonly #index = new FilterIndex<Subscription>()
  #lastId = 0

  /** Adds a subscriber to those of its filter. */
  add(filter: string, subscriber: Subscriber): Subscription {
    const known = this.#byFilter.get(filter)
    const subscription = known ?? { filter, id: ++this.#lastId, subscribers: new Set() }
    subscription.subscribers.add(subscriber)
    if (!known) {
      this.#byFilter.set(filter, subscription)
      this.#byId.set(subscription.id, subscription)
      this.#index.set(filter, subscription)
    }
    return subscription
  }

  /** Takes a subscriber out. True when it was the last of its filter. */
  remove(subscription: Subscription, subscriber: Subscriber): boolean {
    const { filter, id, subscribers } = subscription
    if (!subscribers.delete(subscriber) || subscribers.size > 0) return false
    this.#byFilter.delete(filter)
    this.#byId.delete(id)
    this.#index.delete(filter)
    return true
  }

  /** The connection is gone, and all of them with it. */
  clear(): void {
    for (const { subscribers } of this.#byFilter.values()) subscribers.clear()
    this.#byFilter.clear()
    this.#byId.clear()
    this.#index.clear()
    this.#lastId = 0
  }

  deliver(delivery: Delivery): void {
    for (const { filter, subscribers } of this.#meant(delivery)) {
      const exact = !isWildcard(filter)
      for (const subscriber of subscribers) {
        // A second subscriber of the same topic makes the broker send what it retained again, to all of them.
        if (delivery.retained && exact && subscriber.heard) continue
        subscriber.heard = true
        guarded(subscriber, delivery)
      }
    }
  }

  /**
   * A broker may send a message once for each filter that matches. With the numbers of MQTT 5 each copy goes to the
   * filter that it was sent for, so nobody gets two.
   */
  #meant({ topic, subscriptions }: Delivery): Subscription[] {
    if (!subscriptions) return this.#index.match(topic)
    return subscriptions.flatMap((id) => this.#byId.get(id) ?? [])
  }
}

function guarded({ listener }: Subscriber, { topic, payload, retained }: Delivery): void {
  try {
    listener({ topic, payload, retained })
  } catch (thrown) {
    process.emitWarning(thrown instanceof Error ? thrown : new Error(String(thrown)))
  }
}
