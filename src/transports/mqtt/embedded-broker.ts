import { createServer, type Server, type Socket } from 'node:net'
import type { Aedes } from 'aedes'
import { systemClock, within } from '../../base/clock.ts'
import { TendonError } from '../../base/problem.ts'
import { problem } from '../../base/problems/index.ts'
import type { Seconds } from '../../base/units.ts'
import type { LinkSpec } from '../../device/link.ts'
import { signsOf } from './connect-fault.ts'
import { mqtt } from './mqtt-link.ts'
import { mqttProblem } from './problems.ts'
import type { MqttOptions } from './settings.ts'

export interface EmbeddedBrokerOptions {
  /** Default 0: any free port. */
  readonly port?: number | undefined
  /** Default `127.0.0.1`: this machine only. The broker asks nobody for a password. */
  readonly host?: string | undefined
}

/** A broker inside this process. */
export interface EmbeddedBroker extends AsyncDisposable {
  /** `mqtt://127.0.0.1:40123` */
  readonly url: string
  /** How many clients are connected. */
  readonly clients: number
  /** A link to it, for a definition or for `simulated(robot, { links: { lab: broker.link() } })`. */
  link(options?: Omit<MqttOptions, 'url' | 'version'>): LinkSpec
  /** Sends a message to whoever has subscribed; anything but text and bytes is sent as JSON. */
  publish(topic: string, value: unknown, options?: { readonly retain?: boolean; readonly qos?: 0 | 1 }): Promise<void>
  /** Ends all connections and frees the port. Calling it again does nothing. */
  close(): Promise<void>
}

/** A client that has not taken its bytes for this long is thrown out, or all the others would wait for it. */
const DRAIN_LIMIT: Seconds = 0.5
/** How long the broker's own end may take. */
const CLOSE_LIMIT: Seconds = 1

/**
 * Starts an MQTT broker inside this process, for demos and tests: nothing needs to be installed or configured. It speaks
 * MQTT 3.1.1, keeps retained messages in memory, and has no access control. Needs the optional package `aedes`. Rejects
 * with `TENDON_MODULE_MISSING` or `TENDON_BROKER_LISTEN_FAILED`.
 */
export async function embeddedBroker(options: EmbeddedBrokerOptions = {}): Promise<EmbeddedBroker> {
  const { host = '127.0.0.1', port = 0 } = options
  const broker = await createAedes()
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    broker.handle(socket)
  })
  try {
    await listening(server, host, port)
  } catch (thrown) {
    broker.close()
    const facts = { address: `${host}:${port}`, reason: signsOf(thrown).reason }
    throw new TendonError(mqttProblem('TENDON_BROKER_LISTEN_FAILED', facts, thrown))
  }
  return new RunningBroker(broker, server, sockets, host)
}

async function createAedes(): Promise<Aedes> {
  let library: typeof import('aedes')
  try {
    library = await import('aedes')
  } catch (thrown) {
    throw new TendonError(problem('TENDON_MODULE_MISSING', { module: 'aedes', need: 'The embedded broker' }, thrown))
  }
  return await library.Aedes.createBroker({ drainTimeout: DRAIN_LIMIT * 1000 })
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
}

class RunningBroker implements EmbeddedBroker {
  readonly url: string
  readonly #broker: Aedes
  readonly #server: Server
  readonly #sockets: ReadonlySet<Socket>
  #closing: Promise<void> | undefined

  constructor(broker: Aedes, server: Server, sockets: ReadonlySet<Socket>, host: string) {
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    this.url = `mqtt://${host.includes(':') ? `[${host}]` : host}:${port}`
    this.#broker = broker
    this.#server = server
    this.#sockets = sockets
  }

  get clients(): number {
    return this.#broker.connectedClients
  }

  link(options: Omit<MqttOptions, 'url' | 'version'> = {}): LinkSpec {
    return mqtt({ ...options, url: this.url, version: 4 })
  }

  publish(topic: string, value: unknown, { retain = false, qos = 0 as 0 | 1 } = {}): Promise<void> {
    const payload = value instanceof Uint8Array ? Buffer.from(value) : textOf(value)
    return new Promise((resolve, reject) => {
      this.#broker.publish({ cmd: 'publish', topic, payload, retain, qos, dup: false }, (error) => {
        if (error) reject(error)
        else resolve()
      })
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#shut()
    return this.#closing
  }

  async #shut(): Promise<void> {
    const freed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    const ended = new Promise<void>((resolve) => this.#broker.close(() => resolve()))
    await within(systemClock, CLOSE_LIMIT, ended, () => {})
    // Also those that never said who they are, whom the broker does not know.
    for (const socket of this.#sockets) socket.destroy()
    await freed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
