import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt'
import type { LinkSpec } from 'tendon'
import { type EmbeddedBroker, embeddedBroker } from 'tendon/broker'
import { type MqttOptions, mqtt } from 'tendon/mqtt'

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

const PROGRAM = '/usr/sbin/mosquitto'

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('a port was expected')
  return address.port
}

/** The real mosquitto of Debian on a free port of this machine, with settings of its own in a folder of its own. */
export class Mosquitto implements TestBroker {
  readonly port: number
  readonly #folder: string
  #process: ChildProcess | undefined
  #log = ''

  private constructor(port: number, folder: string) {
    this.port = port
    this.#folder = folder
  }

  /** `settings` are lines of its configuration; `files` are put beside it, and `{folder}` in a setting is where. */
  static async start(
    settings: readonly string[] = [],
    files: Readonly<Record<string, string>> = {},
  ): Promise<Mosquitto> {
    if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing: apt-get install mosquitto`)
    const folder = await mkdtemp(join(tmpdir(), 'tendon-mosquitto-'))
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 })
    const broker = new Mosquitto(await freePort(), folder)
    const lines = [
      `listener ${broker.port} 127.0.0.1`,
      'set_tcp_nodelay true',
      'persistence false',
      'log_dest stderr',
      // Otherwise it becomes another user, who cannot read the folder.
      'user root',
      ...(settings.length > 0 ? settings : ['allow_anonymous true']),
    ]
    await writeFile(join(folder, 'mosquitto.conf'), lines.join('\n').replaceAll('{folder}', folder))
    await broker.restart()
    return broker
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`
  }

  get pid(): number {
    const { pid } = this.#process ?? {}
    if (pid === undefined) throw new Error('it does not run')
    return pid
  }

  link(options: Omit<MqttOptions, 'url' | 'version'> = {}): LinkSpec {
    return mqtt({ ...options, url: this.url })
  }

  connections(): number {
    return this.#log.match(/ as tendon-/g)?.length ?? 0
  }

  async kill(): Promise<void> {
    const running = this.#process
    this.#process = undefined
    if (!running || running.exitCode !== null || running.signalCode !== null) return
    running.kill('SIGKILL')
    await once(running, 'exit')
  }

  async restart(): Promise<void> {
    const started = spawn(PROGRAM, ['-c', join(this.#folder, 'mosquitto.conf')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#process = started
    await new Promise<void>((resolve, reject) => {
      let said = ''
      started.stderr.on('data', (chunk: Buffer) => {
        said += chunk
        this.#log += chunk
        if (/mosquitto version \S+ running/.test(said)) resolve()
      })
      started.once('error', reject)
      started.once('exit', () => reject(new Error(`mosquitto ended: ${said}`)))
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }
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

/** The brokers on which everything must hold. */
export const brokers: readonly { name: string; version: 4 | 5; open: () => Promise<TestBroker> }[] = [
  { name: 'mosquitto', version: 5, open: () => Mosquitto.start() },
  { name: 'the embedded broker', version: 4, open: async () => new Embedded(await embeddedBroker()) },
]

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
