import type { Observable } from 'rxjs'
import type { Unsubscribe } from '../device/transport.ts'
import { GuardedObservable } from './guarded-observable.ts'
import { type Listener, type OnFault, Topic } from './topic.ts'
import { TopicIndex } from './topic-index.ts'

/** A topic that knows where it is in its hub. */
class KeyedTopic<T, K> extends Topic<T> {
  readonly key: K

  constructor(key: K, onFault: OnFault, onEnd: (topic: Topic<T>) => void) {
    super(onFault, onEnd)
    this.key = key
  }
}

/**
 * Fan-out by topic: a publish touches the listeners of its own key and nobody else, however many others there are.
 * Plain callbacks inside, called in the order in which they subscribed and before `publish` returns; Observables are
 * made at the edge. Listeners that end during a publish are not called any more, listeners that join during one are
 * called from the next on, and one that throws disturbs neither the others nor the publisher.
 */
export class Hub<T, K = string> {
  readonly #topics = new TopicIndex<K, KeyedTopic<T, K>>()
  readonly #any: Topic<{ readonly key: K; readonly value: T }>
  readonly #onFault: OnFault
  #size = 0

  /** `onFault` is told what listeners throw; what it throws itself is dropped. */
  constructor(onFault: OnFault) {
    this.#onFault = (error) => {
      try {
        onFault(error)
      } catch {
        // There is nobody left to tell.
      }
    }
    this.#any = new Topic(this.#onFault)
  }

  /** How many listeners there are, on all keys together: 0 when everything that subscribed has ended. */
  get size(): number {
    return this.#size + this.#any.size
  }

  /** How many keys have listeners. */
  get keys(): number {
    return this.#topics.size
  }

  /** Calls `listener` with every value published under `key`, until the returned function is called. */
  on(key: K, listener: Listener<T>): Unsubscribe {
    const topic = this.#topic(key)
    this.#size++
    return topic.add(listener)
  }

  /** One function for all listeners: a closure for each would be a fifth of what a subscription holds. */
  readonly #onEnd = (topic: Topic<T>): void => {
    this.#size--
    if (topic.size === 0) this.#topics.delete((topic as KeyedTopic<T, K>).key)
  }

  #topic(key: K): KeyedTopic<T, K> {
    const known = this.#topics.get(key)
    if (known) return known
    const made = new KeyedTopic<T, K>(key, this.#onFault, this.#onEnd)
    this.#topics.add(key, made)
    return made
  }

  /** Calls `listener` with every value of every key, after the listeners of that key. */
  onAny(listener: (value: T, key: K) => unknown): Unsubscribe {
    return this.#any.add(({ key, value }) => listener(value, key))
  }

  /** Delivers `value` to the listeners of `key` and to those of any key. Never throws. */
  publish(key: K, value: T): void {
    // What this publish reaches is settled before the first listener runs: also those of any key.
    const reachable = this.#any.newest
    this.#topics.get(key)?.publish(value)
    if (this.#any.size > 0) this.#any.publish({ key, value }, reachable)
  }

  /** The values of `key` as an Observable, which never completes by itself. Each subscriber costs one listener. */
  observe(key: K): Observable<T> {
    return new GuardedObservable((subscriber) => this.on(key, (value) => subscriber.next(value)), this.#onFault)
  }
}
