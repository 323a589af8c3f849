import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { MqttClient } from 'mqtt'
import { type Clock, within } from '../../base/clock.ts'
import { type Problem, TendonError } from '../../base/problem.ts'
import { problem } from '../../base/problems/index.ts'
import type { Seconds } from '../../base/units.ts'
import type { PublishOptions } from '../../device/link.ts'
import { clockTimers } from './clock-timers.ts'
import { connectProblem, signsOf, TAKEN_OVER } from './connect-fault.ts'
import { mqttProblem } from './problems.ts'
import type { MqttSettings } from './settings.ts'
import { topicFault } from './topic-filter.ts'

export type MqttLibrary = Pick<typeof import('mqtt'), 'MqttClient' | 'ReasonCodes'>

/** A message, with the numbers of the subscriptions that it came for, where the broker says them. */
export interface Delivery {
  readonly topic: string
  readonly payload: Uint8Array
  readonly retained: boolean
  readonly subscriptions: readonly number[] | undefined
}

export interface ConnectionHooks {
  message(delivery: Delivery): void
  /** Once, when the connection is gone without `close` having been called. */
  lost(problem: Problem): void
}

/** Messages that may wait for the broker or for the socket. */
const IN_FLIGHT = 256
/** How long a broker may take to hang up after a goodbye. */
const CLOSE_LIMIT: Seconds = 1

/**
 * One connection to a broker, from its socket to its end; a new object for each. The library's own reconnecting, storing
 * and resubscribing are all off: what was not sent while this connection lived is never sent.
 */
export class MqttConnection {
  readonly #settings: MqttSettings
  readonly #clock: Clock
  readonly #reasons: Readonly<Record<number, string>>
  readonly #hooks: ConnectionHooks
  readonly #socket: Socket
  readonly #client: MqttClient
  /** Rejects what waits for the broker: the library forgets some of it when the connection ends. */
  readonly #waiting = new Set<(gone: Problem) => void>()
  /** Settles `open`. */
  #answer: ((failure: Problem | undefined) => void) | undefined
  #online = false
  #ended = false
  #gone: Problem | undefined

  private constructor(library: MqttLibrary, settings: MqttSettings, clock: Clock, hooks: ConnectionHooks) {
    this.#settings = settings
    this.#clock = clock
    this.#reasons = library.ReasonCodes
    this.#hooks = hooks
    // Without Nagle's algorithm: with it, an acknowledged message takes 40 ms longer.
    this.#socket = connectTcp({ host: settings.host, port: settings.port, noDelay: true })
    this.#client = new library.MqttClient(() => this.#stream(), this.#clientOptions())
    this.#listen()
  }

  /** Connects. Rejects with a `TendonError` that names the cause, within `connectTimeout`, and leaves nothing open. */
  static async open(
    library: MqttLibrary,
    settings: MqttSettings,
    clock: Clock,
    hooks: ConnectionHooks,
    signal: AbortSignal,
  ): Promise<MqttConnection> {
    const connection = new MqttConnection(library, settings, clock, hooks)
    const answered = new Promise<Problem | undefined>((resolve) => {
      connection.#answer = resolve
    })
    const onAbort = (): void => connection.#end(connection.#closedProblem())
    signal.addEventListener('abort', onAbort, { once: true })
    const { url, connectTimeout: limit } = settings
    const failure = await within(clock, limit, answered, () => mqttProblem('TENDON_MQTT_TIMEOUT', { url, limit }))
    signal.removeEventListener('abort', onAbort)
    if (!failure) return connection
    connection.#end(failure)
    throw new TendonError(failure)
  }

  /** Why it is over, once it is, without `close` having been called. */
  get gone(): Problem | undefined {
    return this.#gone
  }

  #stream(): Socket {
    const { tls, host } = this.#settings
    if (!tls) return this.#socket
    const { ca, cert, key, servername = host, rejectUnauthorized = true } = tls
    const pem = { ca: bytesOf(ca), cert: bytesOf(cert), key: bytesOf(key) }
    // An address is no name that a server could be asked for.
    const name = /^[\d.]+$|:/.test(servername) ? {} : { servername }
    try {
      const secure = connectTls({ ...pem, ...name, host, rejectUnauthorized, socket: this.#socket })
      this.#socket.on('error', (error) => secure.destroy(error))
      return secure
    } catch (thrown) {
      // A certificate or a key that is none.
      this.#socket.destroy()
      throw thrown
    }
  }

  #clientOptions(): ConstructorParameters<typeof MqttClient>[1] {
    const { clientId, username, password, version, keepalive, largestMessage } = this.#settings
    return {
      clientId,
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      protocolVersion: version,
      keepalive,
      // The broker is asked once per keepalive whatever else goes on.
      reschedulePings: false,
      timerVariant: clockTimers(this.#clock),
      queueQoSZero: false,
      clean: true,
      resubscribe: false,
      reconnectPeriod: 0,
      // Never: the limit of `open` is on the robot's clock.
      connectTimeout: 2 ** 31 - 1,
      ...(version === 5 && { properties: { sessionExpiryInterval: 0, maximumPacketSize: largestMessage } }),
    }
  }

  #listen(): void {
    const client = this.#client
    client.on('connect', () => {
      this.#online = true
      this.#answer?.(undefined)
    })
    client.on('error', (error) => this.#fail(error))
    client.on('close', () => this.#fail(undefined))
    client.on('disconnect', ({ reasonCode = 0 }) => this.#dismissed(reasonCode))
    client.on('message', (topic, payload, { retain, properties }) => {
      const ids = properties?.subscriptionIdentifier
      const subscriptions = ids === undefined ? undefined : [ids].flat()
      if (!this.#ended) this.#hooks.message({ topic, payload, retained: retain, subscriptions })
    })
    client.onKeepaliveTimeout = () => {
      const { url, keepalive } = this.#settings
      this.#end(mqttProblem('TENDON_MQTT_LOST', { url, reason: `it has not answered for ${1.5 * keepalive} s` }))
    }
  }

  #fail(thrown: Error | undefined): void {
    if (this.#ended) return
    const { url } = this.#settings
    const closed = 'the broker closed the connection'
    if (this.#online)
      this.#end(mqttProblem('TENDON_MQTT_LOST', { url, reason: thrown ? signsOf(thrown).reason : closed }, thrown))
    else if (thrown) this.#answer?.(connectProblem(thrown, this.#settings))
    else this.#answer?.(mqttProblem('TENDON_MQTT_UNREACHABLE', { url, reason: `${closed} without an answer` }))
  }

  /** The broker has said why it hangs up. */
  #dismissed(code: number): void {
    const { url, clientId } = this.#settings
    if (code === TAKEN_OVER) this.#end(mqttProblem('TENDON_MQTT_TAKEN_OVER', { url, clientId }))
    else this.#end(mqttProblem('TENDON_MQTT_LOST', { url, reason: `the broker said: ${this.#reason(code)}` }))
  }

  #reason(code: number): string {
    return this.#reasons[code] || `code ${code}`
  }

  /** The end that was not asked for. What the system has not sent yet is thrown away, or it would arrive much later. */
  #end(why: Problem): void {
    if (this.#ended) return
    const wasOnline = this.#online
    this.#gone = why
    this.#ended = true
    this.#online = false
    this.#release(why)
    this.#drop()
    if (wasOnline) this.#hooks.lost(why)
    else this.#answer?.(why)
  }

  /** Whoever waits for the broker waits in vain. */
  #release(why: Problem): void {
    for (const reject of [...this.#waiting]) reject(why)
  }

  #drop(): void {
    if (this.#socket.connecting) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
    // Its timers end too, and the TLS over the socket; after this it only forgets.
    this.#client.end(true)
  }

  /** Sends one message, or rejects: while offline, when too many wait, and when the connection ends first. */
  publish(topic: string, payload: Uint8Array | string, options: PublishOptions = {}): Promise<void> {
    const { qos = 0, retain = false } = options
    const bytes = typeof payload === 'string' ? payload : Buffer.from(payload)
    const fault =
      topicFault(topic) ?? (this.#waiting.size >= IN_FLIGHT ? `${IN_FLIGHT} messages wait already` : undefined)
    if (fault !== undefined) return Promise.reject(this.#notTaken(topic, fault))
    return this.#request(
      (done) => this.#client.publish(topic, bytes, { qos, retain }, done),
      (reason) => this.#notTaken(topic, reason),
    )
  }

  #notTaken(topic: string, reason: string): TendonError {
    return new TendonError(mqttProblem('TENDON_MQTT_PUBLISH_REFUSED', { url: this.#settings.url, topic, reason }))
  }

  /** Resolves when the broker has confirmed it; `id` comes back with its messages, with MQTT 5. */
  subscribe(filter: string, qos: 0 | 1, id: number): Promise<void> {
    const { url, version, connectTimeout: limit } = this.#settings
    const options = version === 5 ? { qos, properties: { subscriptionIdentifier: id } } : { qos }
    const confirmed = this.#request(
      (done) => this.#client.subscribe(filter, options, done),
      (reason) => new TendonError(mqttProblem('TENDON_MQTT_SUBSCRIBE_REFUSED', { url, filter, reason })),
    )
    return within(this.#clock, limit, confirmed, () => {
      throw new TendonError(mqttProblem('TENDON_MQTT_TIMEOUT', { url, limit }))
    })
  }

  /** Asks for no more messages; nobody waits for the answer. */
  unsubscribe(filter: string): void {
    if (this.#online) this.#client.unsubscribe(filter, () => {})
  }

  /** One exchange with the broker, which also ends when the connection does. */
  #request(
    send: (done: (error?: Error | null) => void) => void,
    refused: (reason: string) => TendonError,
  ): Promise<void> {
    if (!this.#online) return Promise.reject(new TendonError(this.#closedProblem()))
    return new Promise((resolve, reject) => {
      const gone = (why: Problem): void => {
        this.#waiting.delete(gone)
        reject(new TendonError(why))
      }
      this.#waiting.add(gone)
      send((error) => {
        if (!this.#waiting.delete(gone)) return
        if (!error) resolve()
        else reject(this.#ended ? new TendonError(this.#closedProblem()) : refused(this.#refusal(error)))
      })
    })
  }

  #refusal(error: Error): string {
    const { code, reason } = signsOf(error)
    return typeof code === 'number' ? this.#reason(code) : reason.replace(/^(Subscribe|Publish) error: /, '')
  }

  #closedProblem(): Problem {
    return problem('TENDON_LINK_CLOSED', { port: this.#settings.url })
  }

  /** Says goodbye and waits, within a bound, until the broker has hung up. */
  async close(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    this.#online = false
    const hungUp = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()))
    this.#client.end()
    await within(this.#clock, CLOSE_LIMIT, hungUp, () => this.#drop())
    this.#release(this.#closedProblem())
  }
}

const bytesOf = (pem: string | Uint8Array | undefined): string | Buffer | undefined =>
  typeof pem === 'object' ? Buffer.from(pem) : pem
