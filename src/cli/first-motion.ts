import type { RobotDefinition, Storage } from 'tendon'
import { type Problem, problem, TendonError } from 'tendon/device'
import type { PortInfo } from 'tendon/serial'
import { deviceOf } from './setup/adapter.ts'
import { chainOf } from './setup/missing.ts'
import { Person, somebodyIsThere } from './setup/person.ts'

/** Ports behind which nothing can hurt anybody. */
const HARMLESS = new Set(['simulated', 'memory'])

/**
 * Whether a robot has ever moved on the hardware that it is on, from this machine: remembered in the state folder by the
 * serial numbers of its adapters, or the paths of its ports where they have none.
 */
export class FirstMotion {
  readonly #definition: RobotDefinition
  readonly #storage: Storage
  readonly #ports: () => Promise<readonly PortInfo[]>

  /** `ports`: those of this machine. */
  constructor(definition: RobotDefinition, storage: Storage, ports = portsHere) {
    this.#definition = definition
    this.#storage = storage
    this.#ports = ports
  }

  /** What must be agreed to before it is armed: `TENDON_FIRST_MOTION`; undefined where it has moved there before. */
  async question(): Promise<Problem | undefined> {
    const [adapters, known] = await Promise.all([this.#adapters(), this.#known()])
    const strange = adapters.filter((adapter) => !known.includes(adapter))
    return strange.length === 0
      ? undefined
      : problem('TENDON_FIRST_MOTION', { robot: this.#definition.name, adapters: strange })
  }

  /** It was armed here: from now on nobody is asked. Rejects with `TENDON_STORAGE_FAILED`. */
  async remember(): Promise<void> {
    const [adapters, known] = await Promise.all([this.#adapters(), this.#known()])
    const all = [...new Set([...known, ...adapters])]
    if (all.length > known.length) await this.#storage.write(this.#name, JSON.stringify(all))
  }

  get #name(): string {
    return `${this.#definition.name}/first-motion`
  }

  async #known(): Promise<readonly string[]> {
    try {
      const value: unknown = JSON.parse((await this.#storage.read(this.#name)) ?? '[]')
      return Array.isArray(value) ? value.map(String) : []
    } catch {
      // What cannot be read is not known: it is asked once more.
      return []
    }
  }

  /** What stands between this machine and its motors. */
  async #adapters(): Promise<string[]> {
    const { hardware } = this.#definition
    const ports = Object.entries(hardware.buses)
      .filter(([bus, { port }]) => chainOf(hardware, bus).length > 0 && !HARMLESS.has(port.kind))
      .map(([, { port }]) => port.address)
    if (ports.length === 0) return []
    const known = await this.#ports()
    const devices = await Promise.all(ports.map((port) => deviceOf(port, async () => known)))
    return ports.map((port, at) => {
      const { manufacturer, product, serialNumber } = known.find(({ path }) => path === devices[at]) ?? {}
      return serialNumber === undefined ? port : `${manufacturer ?? product ?? 'adapter'} ${serialNumber}`
    })
  }
}

async function portsHere(): Promise<readonly PortInfo[]> {
  return (await import('tendon/serial')).listPorts()
}

const isFirstMotion = (error: unknown): error is TendonError =>
  error instanceof TendonError && error.code === 'TENDON_FIRST_MOTION'

/**
 * Does what may be a first motion; where it is one, asks whoever is there and does it again. Rejects with
 * `TENDON_FIRST_MOTION` where nobody is there, and where they do not agree. `yes`: they have agreed already.
 */
export async function askingFirst<R>(yes: boolean, act: (confirmed: boolean) => Promise<R>): Promise<R> {
  try {
    return await act(yes)
  } catch (error) {
    if (!isFirstMotion(error) || !somebodyIsThere()) throw error
    if (!(await everybodyIsClear(error.problem))) throw error
    return act(true)
  }
}

async function everybodyIsClear({ facts }: Problem): Promise<boolean> {
  // Ctrl-C is whoever's matter that asked for this: it ends the program before anything has moved.
  const person = new Person(new AbortController().signal)
  try {
    const where = (facts.adapters as readonly string[]).join(', ')
    return await person.agrees(
      `${facts.robot} on ${where} will move for the first time from this machine.\nIs everybody clear, is a stop within reach?`,
    )
  } finally {
    person.close()
  }
}
