import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LinkSpec } from 'tendon'
import { type MqttOptions, mqtt } from 'tendon/mqtt'
import type { BrokerKind, TestBroker } from '../mqtt/brokers.ts'
import { systemProgram } from './programs.ts'

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
    systemProgram('mosquitto', 'mosquitto')
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
    const started = spawn(systemProgram('mosquitto', 'mosquitto'), ['-c', join(this.#folder, 'mosquitto.conf')], {
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

/** With MQTT 5, which the embedded broker does not speak. */
export const mosquitto: BrokerKind = { name: 'mosquitto', version: 5, open: () => Mosquitto.start() }
