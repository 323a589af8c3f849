import type { Observable } from 'rxjs'
import { describe, type Problem } from '../base/problem.ts'
import type { Latest, Reading, ReadingMark, SensorSpec } from '../device/sensor.ts'
import type { DeviceEnv, Unsubscribe } from '../device/transport.ts'
import { Audience, type SensorSubscription, type SubscribeOptions } from './audience.ts'
import { DeviceLink } from './device-link.ts'
import { type HealthChange, HealthWatch, type SensorHealth } from './health.ts'
import { defaultSensorLimits, type SensorLimits } from './limits.ts'
import type { ReadingStream } from './reading-stream.ts'
import { isPowerOfTen, Tally } from './tally.ts'
import { Topic } from './topic.ts'

/** Counts since the sensor was made, over all its links. */
export interface SensorCounts {
  readonly readings: number
  /** Input that failed a check, by reason. */
  readonly bad: Readonly<Record<string, number>>
  /** Good input that this sensor does not decode. */
  readonly ignored: number
  /** Readings that overflow rules have dropped, over all subscriptions, ended ones too. */
  readonly dropped: number
  /** What subscribers threw. */
  readonly faults: number
}

/** Who is told what happens to a sensor. What a hook throws is dropped. */
export interface SensorHooks {
  /**
   * `sensor.opened`, `sensor.lost`, `sensor.closed`, `sensor.close_failed`, `sensor.reopen_failed`, `sensor.bad` and
   * `sensor.fault`. The last three come at the 1st, 10th, 100th, ... time, so that a broken cable does not flood a log.
   */
  note(type: string, facts: Readonly<Record<string, unknown>>): void
  /** The link is gone, once per link. The sensor opens a new one by itself; `open` may be called to do it at once. */
  lost?(problem: Problem): void
  /** Its health has changed; called before any listener. */
  health?(change: HealthChange): void
}

/**
 * A sensor of a running robot: gives each value its place in the order and in time, keeps the newest, watches its own
 * health, and hands readings to any number of subscribers, none of which can delay another, the sensor or its port.
 * Subscriptions live on when its link is lost and opened again.
 */
export class Sensor<T> {
  /** As the definition names it. */
  readonly name: string
  readonly #spec: SensorSpec<T>
  readonly #env: DeviceEnv
  readonly #hooks: SensorHooks
  readonly #link: DeviceLink<T>
  readonly #watch: HealthWatch
  readonly #fault = (error: unknown): void => this.#countFault(error)
  readonly #audience: Audience<T>
  readonly #healthTopic = new Topic<HealthChange>(this.#fault)
  readonly #bad = new Tally()
  #reading: Reading<T> | undefined
  #seq = 0
  #ignored = 0
  #faults = 0
  #closing: Promise<void> | undefined

  constructor(
    name: string,
    spec: SensorSpec<T>,
    env: DeviceEnv,
    hooks: SensorHooks,
    limits: SensorLimits = defaultSensorLimits,
  ) {
    this.name = name
    this.#spec = spec
    this.#env = env
    this.#hooks = hooks
    this.#audience = new Audience(name, env.clock, limits.sensorSubscriptions, this.#fault)
    this.#watch = new HealthWatch(env.clock, spec.maxAge, (from, to, problem) => this.#healthChanged(from, to, problem))
    const backoff = { first: limits.sensorReopenAfter, longest: limits.sensorReopenAtMost }
    this.#link = new DeviceLink(name, spec, env, backoff, {
      value: (value, mark) => this.#receive(value, mark),
      bad: (reason) => this.#countBad(reason),
      ignored: () => this.#ignored++,
      opened: () => this.#watch.opened(),
      lost: (problem) => this.#lost(problem),
      note: (type, facts) => this.#note(type, facts),
    })
  }

  /** Whether its device is open and delivers. */
  get isOpen(): boolean {
    return this.#link.isOpen
  }

  /** How many subscriptions and waits there are: 0 when everything has ended. */
  get size(): number {
    return this.#audience.size
  }

  /**
   * Opens the device. While one call is under way, others join it. After the link was lost this opens a new one at once,
   * without waiting for the sensor to do it by itself. Rejects with a `TendonError`.
   */
  open(): Promise<void> {
    return this.#link.open()
  }

  /** The same for a robot that starts: a sensor that its spec calls `optional` is `lost` instead, and heals later. */
  start(): Promise<void> {
    return this.#link.start()
  }

  #receive(value: T, mark: ReadingMark | undefined): void {
    const { clock } = this.#env
    const at = clock.now()
    const measured: Reading<T> = { value, seq: ++this.#seq, at, wall: clock.wall() }
    const reading = mark ? { ...measured, ...mark } : measured
    this.#reading = reading
    // What somebody had kept shows nothing about now, where that counts.
    if (!this.#isOld(reading) && this.#watch.reading(at)) this.#link.proven()
    this.#audience.publish(reading)
  }

  #countBad(reason: string): void {
    const count = this.#bad.add(reason)
    if (isPowerOfTen(count)) this.#note('sensor.bad', { reason, count })
  }

  #lost(problem: Problem): void {
    this.#watch.lost(problem)
    this.#quietly(() => this.#hooks.lost?.(problem))
  }

  #healthChanged(from: SensorHealth, to: SensorHealth, problem: Problem | undefined): void {
    const change: HealthChange = { sensor: this.name, from, to, problem, at: this.#env.clock.now() }
    this.#quietly(() => this.#hooks.health?.(change))
    this.#healthTopic.publish(change)
  }

  /**
   * Ends everything at once: loops end, Observables complete, `next()` rejects, no timer is left. Resolves when the
   * port is free, or after a bound; never rejects. A closed sensor does not open again.
   */
  close(): Promise<void> {
    this.#closing ??= this.#shut()
    return this.#closing
  }

  async #shut(): Promise<void> {
    this.#watch.end()
    const freed = this.#link.close()
    this.#audience.close()
    await freed
    this.#note('sensor.closed', {})
  }

  /** What it is worth now; changes are events of the robot's log. */
  health(): SensorHealth {
    return this.#watch.state
  }

  /** Calls `listener` with each change of health from now on. What it throws is counted; it stays subscribed. */
  onHealth(listener: (change: HealthChange) => unknown): Unsubscribe {
    return this.#audience.join(
      () => this.#healthTopic.add(listener),
      () => {},
    )
  }

  /** The newest reading and its worth now: `unknown` before the first, `stale` when older than the spec's `maxAge`. */
  latest(): Latest<T> {
    const reading = this.#reading
    if (!reading) return { status: 'unknown' }
    const age = this.#env.clock.now() - reading.at
    return { status: this.#isOld(reading) || age > (this.#spec.maxAge ?? Infinity) ? 'stale' : 'fresh', reading, age }
  }

  /** Whether it was too old already when it came, as far as anybody can know. */
  #isOld(reading: Reading<T>): boolean {
    return reading.ageUnknown === true && this.#spec.maxAge !== undefined
  }

  /** Counts since the sensor was made. */
  counts(): SensorCounts {
    return {
      readings: this.#seq,
      bad: this.#bad.toObject(),
      ignored: this.#ignored,
      dropped: this.#audience.dropped,
      faults: this.#faults,
    }
  }

  /**
   * Calls `listener` with readings as they come. While a promise that it returned is pending it gets no other; what
   * comes meanwhile is kept by the overflow rule. What it throws is counted and noted, and it stays subscribed.
   */
  subscribe(listener: (reading: Reading<T>) => unknown, options: SubscribeOptions = {}): SensorSubscription {
    return this.#audience.subscribe(listener, options, () => {})
  }

  /** The same as an Observable: each subscriber has its own overflow rule, and all complete when the sensor closes. */
  observable(options: SubscribeOptions = {}): Observable<Reading<T>> {
    return this.#audience.observable(options)
  }

  /** Readings for `for await`, collected from now on by the overflow rule. Ends, without throwing, with the sensor. */
  readings(options: SubscribeOptions = {}): ReadingStream<Reading<T>> {
    return this.#audience.readings(options)
  }

  /**
   * The next reading that comes. Rejects with the signal's reason when it aborts first, and with
   * `TENDON_SENSOR_CLOSED` when the sensor closes.
   */
  next({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<Reading<T>> {
    return this.#audience.next(signal)
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
