import type { Clock, Timer } from '../../base/clock.ts'
import { type Problem, TendonError } from '../../base/problem.ts'
import { problem } from '../../base/problems/index.ts'
import type { Seconds } from '../../base/units.ts'
import type { LinkSpec, LinkStatus, Message, MessageLink, PublishOptions, SubscribeOptions } from '../../device/link.ts'
import type { DeviceEnv, Unsubscribe } from '../../device/transport.ts'
import { backoff } from './backoff.ts'
import { connectProblem } from './connect-fault.ts'
import { MqttConnection, type MqttLibrary } from './connection.ts'
import { type MqttOptions, type MqttSettings, settingsOf } from './settings.ts'
import { type Subscriber, Subscriptions } from './subscriptions.ts'
import { checkFilter } from './topic-filter.ts'

/**
 * A link to an MQTT broker, for `links` of a definition. Needs the optional package `mqtt`, which is loaded when the
 * link is opened. Throws `TENDON_MQTT_OPTION` for options that cannot be; opening rejects with a problem of its own for
 * each cause: `TENDON_MQTT_REFUSED`, `_HOST_UNKNOWN`, `_UNREACHABLE`, `_TIMEOUT`, `_TLS`, `_CERTIFICATE_EXPIRED`,
 * `_CERTIFICATE_HOST`, `_CERTIFICATE_UNTRUSTED`, `_NOT_AUTHORIZED`, `_VERSION`, `_MALFORMED`, `_REJECTED`.
 */
export function mqtt(options: MqttOptions): LinkSpec {
  const { url } = settingsOf(options)
  return {
    kind: 'mqtt',
    address: url,
    optional: options.optional,
    async open({ clock }: DeviceEnv) {
      const library = await loadMqtt()
      // Again, for a client name of its own: two robots of the same definition are two clients.
      const link = new MqttLink(library, settingsOf(options), clock)
      await link.start(options.optional ?? false)
      return link
    },
  }
}

async function loadMqtt(): Promise<MqttLibrary> {
  try {
    return await import('mqtt')
  } catch (thrown) {
    throw new TendonError(
      problem('TENDON_MODULE_MISSING', { module: 'mqtt', need: 'A link to an MQTT broker' }, thrown),
    )
  }
}

/** Keeps one connection to a broker, making a new one with backoff whenever it is lost. */
class MqttLink implements MessageLink {
  readonly #library: MqttLibrary
  readonly #settings: MqttSettings
  readonly #clock: Clock
  readonly #subscriptions = new Subscriptions()
  readonly #listeners = new Set<(status: LinkStatus) => void>()
  /** Aborts the try that is under way when the link is closed. */
  readonly #ending = new AbortController()
  #connection: MqttConnection | undefined
  #problem: Problem | undefined
  #connecting: Promise<void> | undefined
  #retry: Timer | undefined
  #failures = 0
  #onlineSince: Seconds = 0
  #closing: Promise<void> | undefined

  constructor(library: MqttLibrary, settings: MqttSettings, clock: Clock) {
    this.#library = library
    this.#settings = settings
    this.#clock = clock
  }

  /** The first try. When it fails, an optional link goes on trying, and any other is closed and says why. */
  async start(optional: boolean): Promise<void> {
    await this.#connect()
    if (optional || !this.#problem) return
    const why = this.#problem
    await this.close()
    throw new TendonError(why)
  }

  get address(): string {
    return this.#settings.url
  }

  get status(): LinkStatus {
    return this.#connection ? { online: true } : { online: false, problem: this.#problem }
  }

  #connect(): Promise<void> {
    this.#connecting = this.#attempt().finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  async #attempt(): Promise<void> {
    const hooks = {
      message: this.#subscriptions.deliver.bind(this.#subscriptions),
      lost: (why: Problem) => this.#lost(why),
    }
    const { signal } = this.#ending
    try {
      const connection = await MqttConnection.open(this.#library, this.#settings, this.#clock, hooks, signal)
      if (signal.aborted) return await connection.close()
      // It may be lost between its answer and this line.
      if (connection.gone) return this.#failed(connection.gone)
      this.#onlineSince = this.#clock.now()
      this.#connection = connection
      this.#problem = undefined
      this.#tell()
    } catch (thrown) {
      this.#failed(thrown instanceof TendonError ? thrown.problem : connectProblem(thrown, this.#settings))
    }
  }

  /** A try failed. Listeners hear of it only where it is another problem than before. */
  #failed(why: Problem): void {
    if (this.#closing) return
    const news = this.#problem?.code !== why.code
    this.#problem = why
    this.#again()
    if (news) this.#tell()
  }

  #lost(why: Problem): void {
    if (!this.#connection) return
    this.#connection = undefined
    this.#problem = why
    this.#subscriptions.clear()
    // A broker that takes us in and throws us out is not tried ten times a second.
    if (this.#clock.now() - this.#onlineSince >= this.#settings.reconnectLimit) this.#failures = 0
    if (why.code === 'TENDON_MQTT_TAKEN_OVER') this.#failures = Number.MAX_SAFE_INTEGER
    this.#again()
    this.#tell()
  }

  #again(): void {
    const wait = backoff(this.#failures, this.#settings.reconnectLimit, this.#settings.clientId)
    this.#failures = Math.min(this.#failures + 1, 1000)
    this.#retry = this.#clock.after(wait, () => void this.#connect())
  }

  #tell(): void {
    const { status } = this
    for (const listener of [...this.#listeners]) {
      try {
        listener(status)
      } catch (thrown) {
        process.emitWarning(thrown instanceof Error ? thrown : new Error(String(thrown)))
      }
    }
  }

  onStatus(listener: (status: LinkStatus) => void): Unsubscribe {
    const own = (status: LinkStatus): void => listener(status)
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  async subscribe(
    filter: string,
    listener: (message: Message) => void,
    { qos = 0 }: SubscribeOptions = {},
  ): Promise<Unsubscribe> {
    checkFilter(filter)
    const connection = this.#connection
    if (!connection) throw this.#offline()
    const subscriber: Subscriber = { qos, listener, heard: false }
    const subscription = this.#subscriptions.add(filter, subscriber)
    const leave = (): void => {
      if (this.#subscriptions.remove(subscription, subscriber)) connection.unsubscribe(filter)
    }
    try {
      // The others of this filter must not get less than they asked for.
      const most = [...subscription.subscribers].some((other) => other.qos === 1) ? 1 : 0
      // Also where the broker has the filter already: only this makes it send what it retains.
      await connection.subscribe(filter, most, subscription.id)
    } catch (thrown) {
      leave()
      throw thrown
    }
    return leave
  }

  async publish(topic: string, payload: Uint8Array | string, options?: PublishOptions): Promise<void> {
    if (!this.#connection) throw new TendonError(problem('TENDON_LINK_CLOSED', { port: this.address }))
    await this.#connection.publish(topic, payload, options)
  }

  /** Why there is no connection. */
  #offline(): TendonError {
    return new TendonError(this.#problem ?? problem('TENDON_LINK_CLOSED', { port: this.address }))
  }

  close(): Promise<void> {
    this.#closing ??= this.#shut()
    return this.#closing
  }

  async #shut(): Promise<void> {
    const connection = this.#connection
    this.#connection = undefined
    this.#problem = undefined
    this.#listeners.clear()
    this.#subscriptions.clear()
    this.#retry?.cancel()
    this.#ending.abort()
    await connection?.close()
    await this.#connecting
  }
}
