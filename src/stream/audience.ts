import type { Observable } from 'rxjs'
import type { Clock } from '../base/clock.ts'
import { onAbort } from '../base/on-abort.ts'
import { TendonError } from '../base/problem.ts'
import type { Reading } from '../device/sensor.ts'
import type { Unsubscribe } from '../device/transport.ts'
import { GuardedObservable } from './guarded-observable.ts'
import { type DropCount, Outlet } from './outlet.ts'
import { latest, type Overflow } from './overflow.ts'
import { streamProblem } from './problems.ts'
import { ReadingStream } from './reading-stream.ts'
import { type OnFault, Topic } from './topic.ts'

/** How a subscription treats readings that its consumer has not taken; default `latest()`. */
export interface SubscribeOptions {
  readonly overflow?: Overflow | undefined
}

/** One subscription of a callback. */
export interface SensorSubscription extends Disposable {
  /** How many readings its overflow rule has dropped. */
  readonly dropped: number
  /** Ends it. Calling it again does nothing. */
  unsubscribe(): void
}

interface Waiter<T> {
  resolve(reading: Reading<T>): void
  reject(reason: unknown): void
}

/**
 * Everybody who reads one sensor: callbacks, loops, Observables, and those who wait for one reading. At most `limit` at
 * a time, and all end when it closes.
 */
export class Audience<T> {
  readonly #sensor: string
  readonly #clock: Clock
  readonly #limit: number
  readonly #onFault: OnFault
  readonly #topic: Topic<Reading<T>>
  /** How to end each subscription when the sensor closes. */
  readonly #ends = new Set<() => void>()
  readonly #waiters = new Set<Waiter<T>>()
  readonly #drops: DropCount = { count: 0 }
  #closed = false

  /** `onFault` is told what callbacks throw. */
  constructor(sensor: string, clock: Clock, limit: number, onFault: OnFault) {
    this.#sensor = sensor
    this.#clock = clock
    this.#limit = limit
    this.#onFault = onFault
    this.#topic = new Topic(onFault)
  }

  /** Subscriptions and waits: 0 when everything has ended. */
  get size(): number {
    return this.#ends.size + this.#waiters.size
  }

  /** How many readings overflow rules have dropped so far, those of ended subscriptions too. */
  get dropped(): number {
    return this.#drops.count
  }

  /** Hands a reading to all. Never throws. */
  publish(reading: Reading<T>): void {
    this.#topic.publish(reading)
    for (const waiter of this.#waiters) waiter.resolve(reading)
  }

  /** Ends all at once; what is asked for afterwards ends at once too. */
  close(): void {
    // First: a subscriber that hears of the end and asks again must find it closed.
    this.#closed = true
    for (const end of this.#ends) end()
    for (const waiter of this.#waiters) waiter.reject(this.#closedError())
  }

  #closedError(): TendonError {
    return new TendonError(streamProblem('TENDON_SENSOR_CLOSED', { sensor: this.#sensor }))
  }

  /** Calls `listener` with readings as they come; see `Sensor.subscribe`. */
  subscribe(
    listener: (reading: Reading<T>) => unknown,
    options: SubscribeOptions,
    onClose: () => void,
  ): SensorSubscription {
    const take = (reading: Reading<T>): boolean | Promise<void> => this.#deliver(listener, reading)
    const outlet = new Outlet(this.#clock, options.overflow ?? latest(), take, true, this.#drops)
    const stop = (): void => outlet.close({ discard: true })
    const leave = this.join(
      () => this.#topic.add((reading) => outlet.push(reading)),
      () => {
        stop()
        onClose()
      },
    )
    const end = (): void => {
      stop()
      leave()
    }
    return {
      get dropped() {
        return outlet.dropped
      },
      unsubscribe: end,
      [Symbol.dispose]: end,
    }
  }

  #deliver(listener: (reading: Reading<T>) => unknown, reading: Reading<T>): boolean | Promise<void> {
    try {
      const returned = listener(reading)
      return returned instanceof Promise ? returned.then(() => {}, this.#onFault) : true
    } catch (error) {
      this.#onFault(error)
      return true
    }
  }

  /** The same as an Observable: each subscriber has its own overflow rule. */
  observable(options: SubscribeOptions): Observable<Reading<T>> {
    return new GuardedObservable((subscriber) => {
      const subscription = this.subscribe(
        (reading) => subscriber.next(reading),
        options,
        () => subscriber.complete(),
      )
      return () => subscription.unsubscribe()
    }, this.#onFault)
  }

  /** Readings for `for await`, collected from now on. */
  readings(options: SubscribeOptions): ReadingStream<Reading<T>> {
    let leave: Unsubscribe = () => {}
    const overflow = options.overflow ?? latest()
    const stream = new ReadingStream<Reading<T>>(this.#clock, overflow, () => leave(), this.#drops)
    leave = this.join(
      () => this.#topic.add((reading) => stream.push(reading)),
      () => stream.end(),
    )
    return stream
  }

  /** The next reading that comes. */
  next(signal: AbortSignal | undefined): Promise<Reading<T>> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      if (this.#closed) return reject(this.#closedError())
      this.#checkRoom()
      const done = (settle: () => void): void => {
        this.#waiters.delete(waiter)
        forget?.()
        settle()
      }
      const waiter: Waiter<T> = {
        resolve: (reading) => done(() => resolve(reading)),
        reject: (reason) => done(() => reject(reason)),
      }
      this.#waiters.add(waiter)
      const forget = signal && onAbort(signal, () => waiter.reject(signal.reason))
    })
  }

  /**
   * Counts one more, which `add` adds and which is taken out when the sensor closes or the function that is returned is
   * called; `onClose` hears of the former: at once, where it is closed already. Throws `TENDON_TOO_MANY_SUBSCRIPTIONS`.
   */
  join(add: () => Unsubscribe, onClose: () => void): Unsubscribe {
    if (this.#closed) {
      onClose()
      return () => {}
    }
    this.#checkRoom()
    const off = add()
    const leave = (): void => {
      off()
      this.#ends.delete(end)
    }
    const end = (): void => {
      leave()
      onClose()
    }
    this.#ends.add(end)
    return leave
  }

  #checkRoom(): void {
    if (this.size < this.#limit) return
    const facts = { sensor: this.#sensor, limit: this.#limit }
    throw new TendonError(streamProblem('TENDON_TOO_MANY_SUBSCRIPTIONS', facts))
  }
}
