import { within } from '../base/clock.ts'
import { describe, type Problem, TendonError } from '../base/problem.ts'
import { type Backoff, Reopening } from '../base/reopening.ts'
import type { Seconds } from '../base/units.ts'
import type { ReadingMark, SensorConnection, SensorSink, SensorSpec } from '../device/sensor.ts'
import type { DeviceEnv } from '../device/transport.ts'
import { streamProblem } from './problems.ts'
import { isPowerOfTen } from './tally.ts'

/** How long a driver may take to free its port before the sensor stops waiting for it. */
const CLOSE_LIMIT: Seconds = 2

/** Where a link delivers. None of these throws. */
export interface LinkEvents<T> {
  value(value: T, mark?: ReadingMark): void
  bad(reason: string): void
  ignored(): void
  opened(): void
  /** The link is gone, or could not be had at the start of a robot. A new one is tried for. */
  lost(problem: Problem): void
  note(type: string, facts: Readonly<Record<string, unknown>>): void
}

/** One opening of the device. Deliveries of one that has ended are dropped. */
interface Opening {
  live: boolean
  connection: SensorConnection | undefined
  problem: Problem | undefined
}

/**
 * The link of a sensor to its device. When it is lost it opens a new one by itself, one attempt at a time and with
 * growing waits, until `close`; nothing of an older one is heard any more.
 */
export class DeviceLink<T> {
  readonly #sensor: string
  readonly #spec: SensorSpec<T>
  readonly #env: DeviceEnv
  readonly #events: LinkEvents<T>
  readonly #reopening: Reopening
  #current: Opening | undefined
  #connecting: Promise<void> | undefined
  #ended = false
  /** Resolves when the last opening has freed its port, or had its time to. */
  #freed: Promise<void> = Promise.resolve()

  constructor(sensor: string, spec: SensorSpec<T>, env: DeviceEnv, backoff: Backoff, events: LinkEvents<T>) {
    this.#sensor = sensor
    this.#spec = spec
    this.#env = env
    this.#events = events
    this.#reopening = new Reopening(
      env.clock,
      backoff,
      () => this.open(),
      (error, count) => {
        const { code, what } = this.#openError(error).problem
        if (isPowerOfTen(count)) events.note('sensor.reopen_failed', { code, what, count })
      },
    )
  }

  get isOpen(): boolean {
    return this.#current?.connection !== undefined
  }

  /** Opens it; calls join one that is under way. Rejects with a `TendonError`, and then does not try again by itself. */
  open(): Promise<void> {
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  /** Opens it for a robot that starts: one that the spec calls optional counts as lost instead of rejecting. */
  async start(): Promise<void> {
    try {
      await this.open()
    } catch (error) {
      if (!this.#spec.optional || this.#ended) throw error
      this.#reopening.begin()
      this.#events.lost(this.#openError(error).problem)
    }
  }

  async #connect(): Promise<void> {
    await this.#freed
    if (this.#ended) throw this.#closedError()
    if (this.#current) return
    const opening: Opening = { live: true, connection: undefined, problem: undefined }
    this.#current = opening
    try {
      const connection = await this.#spec.open(this.#env, this.#sink(opening))
      if (opening.live) opening.connection = connection
      else this.#free(connection)
    } catch (error) {
      this.#detach(opening)
      throw this.#openError(error)
    }
    if (opening.problem) throw new TendonError(opening.problem)
    if (!opening.live) throw this.#closedError()
    this.#reopening.satisfied()
    this.#events.note('sensor.opened', {})
    this.#events.opened()
  }

  /** A reading came for the first time since it was lost: the link is good. */
  proven(): void {
    this.#reopening.reset()
  }

  #openError(error: unknown): TendonError {
    if (error instanceof TendonError) return error
    const facts = { sensor: this.#sensor, reason: describe(error) }
    return new TendonError(streamProblem('TENDON_SENSOR_OPEN_FAILED', facts, error))
  }

  #closedError(): TendonError {
    return new TendonError(streamProblem('TENDON_SENSOR_CLOSED', { sensor: this.#sensor }))
  }

  #sink(opening: Opening): SensorSink<T> {
    const events = this.#events
    return {
      value: (value, mark) => {
        if (opening.live) events.value(value, mark)
      },
      bad: (reason) => {
        if (opening.live) events.bad(reason)
      },
      ignored: () => {
        if (opening.live) events.ignored()
      },
      lost: (problem) => {
        if (opening.live) this.#lose(opening, problem)
      },
    }
  }

  #lose(opening: Opening, problem: Problem): void {
    opening.problem = problem
    // Lost while it opened: that is a failed `open`, whose caller hears of it.
    if (opening.connection) this.#reopening.begin()
    this.#detach(opening)
    this.#events.note('sensor.lost', { code: problem.code })
    this.#events.lost(problem)
  }

  /** Ends an opening: nothing it delivers counts any more, and its port is freed. */
  #detach(opening: Opening): void {
    opening.live = false
    if (this.#current === opening) this.#current = undefined
    if (opening.connection) this.#free(opening.connection)
    opening.connection = undefined
  }

  #free(connection: SensorConnection): void {
    const failed = (reason: string): void => this.#events.note('sensor.close_failed', { reason })
    const close = async (): Promise<void> => connection.close()
    this.#freed = within(this.#env.clock, CLOSE_LIMIT, close(), () =>
      failed(`it took more than ${CLOSE_LIMIT} s`),
    ).catch((error: unknown) => failed(describe(error)))
  }

  /** Ends it at once. Resolves when the port is free, or after `CLOSE_LIMIT`; never rejects. */
  async close(): Promise<void> {
    this.#ended = true
    this.#reopening.end()
    if (this.#current) this.#detach(this.#current)
    await this.#freed
  }
}
