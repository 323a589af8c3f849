import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt'
import type { LinkSpec } from 'tendon'
import { type EmbeddedBroker, embeddedBroker } from 'tendon/broker'
import type { MqttOptions } from 'tendon/mqtt'

/** A broker that a test can end and start again at the same place. */
export interface TestBroker extends AsyncDisposable {
  readonly url: string
  link(options?: Omit<MqttOptions, 'url' | 'version'>): LinkSpec
  /** How many clients of ours have ever connected. */
  connections(): number
  /** Ends it at once, without a word to its clients. */
  kill(): Promise<void>
  /** Starts it again, without anything it had retained. */
  restart(): Promise<void>
}

/** Our own broker, behind the same face. */
class Embedded implements TestBroker {
  #broker: EmbeddedBroker
  readonly url: string
  #connections = 0

  constructor(broker: EmbeddedBroker) {
    this.#broker = broker
    this.url = broker.url
  }

  link(options?: Omit<MqttOptions, 'url' | 'version'>): LinkSpec {
    return this.#broker.link(options)
  }

  connections(): number {
    return this.#connections + this.#broker.clients
  }

  async kill(): Promise<void> {
    this.#connections = this.connections()
    await this.#broker.close()
  }

  async restart(): Promise<void> {
    this.#broker = await embeddedBroker({ port: Number(new URL(this.url).port) })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#broker.close()
  }
}

/** A kind of broker on which everything must hold. */
export interface BrokerKind {
  readonly name: string
  readonly version: 4 | 5
  open(): Promise<TestBroker>
}

/** The one that needs nothing installed: everything is done on it here, and on mosquitto in `test/system`. */
export const embedded: BrokerKind = {
  name: 'the embedded broker',
  version: 4,
  open: async () => new Embedded(await embeddedBroker()),
}

/** Somebody else at the broker: a client of the plain library, which shares no code with ours. */
export class Stranger implements AsyncDisposable {
  readonly #client: MqttClient
  readonly heard: string[] = []
  readonly #waiting = new Set<() => void>()

  private constructor(client: MqttClient) {
    this.#client = client
    client.on('message', (topic, payload) => {
      this.heard.push(`${topic} ${payload}`)
      for (const look of this.#waiting) look()
    })
  }

  static async at(url: string, options: IClientOptions = {}): Promise<Stranger> {
    return new Stranger(await connectAsync(url, { reconnectPeriod: 0, ...options }))
  }

  /** Resolves when the broker has it. */
  async say(topic: string, payload: string | Uint8Array, retain = false): Promise<void> {
    await this.#client.publishAsync(topic, Buffer.from(payload), { qos: 1, retain })
  }

  async listen(filter: string): Promise<void> {
    await this.#client.subscribeAsync(filter, { qos: 1 })
  }

  /** Resolves when it has heard this. */
  hears(line: string): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!this.heard.includes(line)) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      look()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.endAsync(true)
  }
}
