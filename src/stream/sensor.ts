import type { Observable } from 'rxjs'
import { within } from '../base/clock.ts'
import { describe, type Problem, TendonError } from '../base/problem.ts'
import type { Seconds } from '../base/units.ts'
import type { Latest, Reading, SensorConnection, SensorSink, SensorSpec } from '../device/sensor.ts'
import type { DeviceEnv } from '../device/transport.ts'
import { GuardedObservable } from './guarded-observable.ts'
import { Outlet } from './outlet.ts'
import { latest, type Overflow } from './overflow.ts'
import { streamProblem } from './problems.ts'
import { ReadingStream } from './reading-stream.ts'
import { Tally } from './tally.ts'
import { Topic } from './topic.ts'

/** How long a driver may take to free its port before the sensor stops waiting for it. */
export const CLOSE_LIMIT: Seconds = 2

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

/** Counts since the sensor was made, over all its links. */
export interface SensorCounts {
  readonly readings: number
  /** Input that failed a check, by reason. */
  readonly bad: Readonly<Record<string, number>>
  /** Good input that this sensor does not decode. */
  readonly ignored: number
  /** What subscribers threw. */
  readonly faults: number
}

/** Who is told what happens to a sensor. What a hook throws is dropped. */
export interface SensorHooks {
  /**
   * `sensor.opened`, `sensor.lost`, `sensor.closed`, `sensor.close_failed`, `sensor.bad` and `sensor.fault`. The last
   * two come at the 1st, 10th, 100th, ... time, so that a broken cable does not flood a log.
   */
  note(type: string, facts: Readonly<Record<string, unknown>>): void
  /** The link is gone, once per link. `open` may be called again. */
  lost(problem: Problem): void
}

/** One opening of the device. Deliveries of a link that has ended are dropped. */
interface Link {
  live: boolean
  connection: SensorConnection | undefined
  problem: Problem | undefined
}

interface Waiter<T> {
  resolve(reading: Reading<T>): void
  reject(reason: unknown): void
}

/**
 * A sensor of a running robot: gives each value its place in the order and in time, keeps the newest, and hands it to
 * any number of subscribers, none of which can delay another, the sensor or its port.
 */
export class Sensor<T> {
  /** As the definition names it. */
  readonly name: string
  readonly #spec: SensorSpec<T>
  readonly #env: DeviceEnv
  readonly #hooks: SensorHooks
  readonly #topic: Topic<Reading<T>>
  readonly #fault = (error: unknown): void => this.#countFault(error)
  /** How to end each subscription when the sensor closes. */
  readonly #ends = new Set<() => void>()
  readonly #waiters = new Set<Waiter<T>>()
  readonly #bad = new Tally()
  #reading: Reading<T> | undefined
  #seq = 0
  #ignored = 0
  #faults = 0
  #link: Link | undefined
  #opening: Promise<void> | undefined
  #ended = false
  #closing: Promise<void> | undefined
  /** Resolves when the last link has freed its port, or had its time to. */
  #freed: Promise<void> = Promise.resolve()

  constructor(name: string, spec: SensorSpec<T>, env: DeviceEnv, hooks: SensorHooks) {
    this.name = name
    this.#spec = spec
    this.#env = env
    this.#hooks = hooks
    this.#topic = new Topic(this.#fault)
  }

  /** Whether its device is open and delivers. */
  get isOpen(): boolean {
    return this.#link?.connection !== undefined
  }

  /** How many subscriptions and waits there are: 0 when everything has ended. */
  get size(): number {
    return this.#ends.size + this.#waiters.size
  }

  /**
   * Opens the device. While one call is under way, others join it; after the link was lost it opens a new one, and
   * subscriptions and sequence go on. Rejects with a `TendonError`.
   */
  open(): Promise<void> {
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  async #connect(): Promise<void> {
    await this.#freed
    if (this.#ended) throw this.#closedError()
    if (this.#link) return
    const link: Link = { live: true, connection: undefined, problem: undefined }
    this.#link = link
    try {
      const connection = await this.#spec.open(this.#env, this.#sink(link))
      if (link.live) link.connection = connection
      else this.#free(connection)
    } catch (error) {
      this.#detach(link)
      throw this.#openError(error)
    }
    if (link.problem) throw new TendonError(link.problem)
    if (!link.live) throw this.#closedError()
    this.#note('sensor.opened', {})
  }

  #openError(error: unknown): TendonError {
    if (error instanceof TendonError) return error
    const facts = { sensor: this.name, reason: describe(error) }
    return new TendonError(streamProblem('TENDON_SENSOR_OPEN_FAILED', facts, error))
  }

  #closedError(): TendonError {
    return new TendonError(streamProblem('TENDON_SENSOR_CLOSED', { sensor: this.name }))
  }

  #sink(link: Link): SensorSink<T> {
    return {
      value: (value) => {
        if (link.live) this.#receive(value)
      },
      bad: (reason) => {
        if (!link.live) return
        const count = this.#bad.add(reason)
        if (isPowerOfTen(count)) this.#note('sensor.bad', { reason, count })
      },
      ignored: () => {
        if (link.live) this.#ignored++
      },
      lost: (problem) => {
        if (!link.live) return
        link.problem = problem
        this.#detach(link)
        this.#note('sensor.lost', { code: problem.code })
        this.#quietly(() => this.#hooks.lost(problem))
      },
    }
  }

  #receive(value: T): void {
    const { clock } = this.#env
    const reading: Reading<T> = { value, seq: ++this.#seq, at: clock.now(), wall: clock.wall() }
    this.#reading = reading
    this.#topic.publish(reading)
    for (const waiter of this.#waiters) waiter.resolve(reading)
  }

  /** Ends a link: nothing it delivers counts any more, and its port is freed. */
  #detach(link: Link): void {
    link.live = false
    if (this.#link === link) this.#link = undefined
    if (link.connection) this.#free(link.connection)
    link.connection = undefined
  }

  #free(connection: SensorConnection): void {
    const failed = (reason: string): void => this.#note('sensor.close_failed', { reason })
    const close = async (): Promise<void> => connection.close()
    this.#freed = within(this.#env.clock, CLOSE_LIMIT, close(), () =>
      failed(`it took more than ${CLOSE_LIMIT} s`),
    ).catch((error: unknown) => failed(describe(error)))
  }

  /**
   * Ends everything at once: loops end, Observables complete, `next()` rejects, no timer is left. Resolves when the
   * port is free, or after `CLOSE_LIMIT`; never rejects. A closed sensor does not open again.
   */
  close(): Promise<void> {
    // Before anything else: a subscriber that hears of the end and asks again must find the sensor closed.
    this.#ended = true
    this.#closing ??= this.#shut()
    return this.#closing
  }

  async #shut(): Promise<void> {
    if (this.#link) this.#detach(this.#link)
    for (const end of this.#ends) end()
    for (const waiter of this.#waiters) waiter.reject(this.#closedError())
    await this.#freed
    this.#note('sensor.closed', {})
  }

  /** The newest reading and its worth now: `unknown` before the first, `stale` when older than the spec's `maxAge`. */
  latest(): Latest<T> {
    const reading = this.#reading
    if (!reading) return { status: 'unknown' }
    const age = this.#env.clock.now() - reading.at
    return { status: age > (this.#spec.maxAge ?? Infinity) ? 'stale' : 'fresh', reading, age }
  }

  /** Counts since the sensor was made. */
  counts(): SensorCounts {
    return { readings: this.#seq, bad: this.#bad.toObject(), ignored: this.#ignored, faults: this.#faults }
  }

  /**
   * Calls `listener` with readings as they come. While a promise that it returned is pending it gets no other; what
   * comes meanwhile is kept by the overflow rule. What it throws is counted and noted, and it stays subscribed.
   */
  subscribe(listener: (reading: Reading<T>) => unknown, options: SubscribeOptions = {}): SensorSubscription {
    return this.#attach(listener, options, () => {})
  }

  #attach(
    listener: (reading: Reading<T>) => unknown,
    options: SubscribeOptions,
    onClose: () => void,
  ): SensorSubscription {
    const take = (reading: Reading<T>): boolean | Promise<void> => this.#deliver(listener, reading)
    const outlet = new Outlet(this.#env.clock, options.overflow ?? latest(), take, true)
    let leave = (): void => {}
    const end = (): void => {
      outlet.close({ discard: true })
      leave()
    }
    leave = this.#join(
      (reading) => outlet.push(reading),
      () => {
        end()
        onClose()
      },
    )
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
      return returned instanceof Promise ? returned.then(() => {}, this.#fault) : true
    } catch (error) {
      this.#countFault(error)
      return true
    }
  }

  /** The same as an Observable: each subscriber has its own overflow rule, and all complete when the sensor closes. */
  observable(options: SubscribeOptions = {}): Observable<Reading<T>> {
    return new GuardedObservable((subscriber) => {
      const subscription = this.#attach(
        (reading) => subscriber.next(reading),
        options,
        () => subscriber.complete(),
      )
      return () => subscription.unsubscribe()
    }, this.#fault)
  }

  /** Readings for `for await`, collected from now on by the overflow rule. Ends, without throwing, with the sensor. */
  readings(options: SubscribeOptions = {}): ReadingStream<Reading<T>> {
    let leave = (): void => {}
    const stream = new ReadingStream<Reading<T>>(this.#env.clock, options.overflow ?? latest(), () => leave())
    leave = this.#join(
      (reading) => stream.push(reading),
      () => stream.end(),
    )
    return stream
  }

  /** Adds a listener that also hears of the end: at once, where the sensor is closed already. */
  #join(listener: (reading: Reading<T>) => void, onClose: () => void): () => void {
    if (this.#ended) {
      onClose()
      return () => {}
    }
    const off = this.#topic.add(listener)
    this.#ends.add(onClose)
    return () => {
      off()
      this.#ends.delete(onClose)
    }
  }

  /**
   * The next reading that comes. Rejects with the signal's reason when it aborts first, and with
   * `TENDON_SENSOR_CLOSED` when the sensor closes.
   */
  next({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<Reading<T>> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      if (this.#ended) return reject(this.#closedError())
      const done = (settle: () => void): void => {
        this.#waiters.delete(waiter)
        signal?.removeEventListener('abort', onAbort)
        settle()
      }
      const waiter: Waiter<T> = {
        resolve: (reading) => done(() => resolve(reading)),
        reject: (reason) => done(() => reject(reason)),
      }
      const onAbort = (): void => waiter.reject(signal?.reason)
      this.#waiters.add(waiter)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  #countFault(error: unknown): void {
    this.#faults++
    if (isPowerOfTen(this.#faults)) this.#note('sensor.fault', { error: describe(error), count: this.#faults })
  }

  #note(type: string, facts: Readonly<Record<string, unknown>>): void {
    this.#quietly(() => this.#hooks.note(type, { sensor: this.name, ...facts }))
  }

  #quietly(call: () => void): void {
    try {
      call()
    } catch {
      // A broken hook must not reach the port or the other subscribers.
    }
  }
}

function isPowerOfTen(count: number): boolean {
  return Number.isInteger(Math.log10(count))
}
