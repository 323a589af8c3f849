import { type Clock, within } from '../base/clock.ts'
import { describe } from '../base/problem.ts'
import type { Seconds } from '../base/units.ts'
import { type LinkPort, type LinkSpec, type LinkStatus, linkOf, type MessageLink } from '../device/link.ts'
import type { SensorSpec } from '../device/sensor.ts'

/** What the runtime notes of links: `link.opened`, `link.online`, `link.offline`, `link.close_failed`. */
export type LinkNote = (what: string, facts: Readonly<Record<string, unknown>>) => void

interface Opens {
  open(): Promise<void>
}

/** The links of one robot: opened before everything that speaks through them, closed after it. */
export class Links {
  /** Those that are open, by name: what sensors are lent. */
  readonly opened: Record<string, MessageLink> = {}
  /** The same for users of the robot. */
  readonly ports: Record<string, LinkPort> = {}
  readonly #specs: Readonly<Record<string, LinkSpec>>
  readonly #clock: Clock
  readonly #closeLimit: Seconds
  readonly #note: LinkNote
  /** By link, who listens through it. */
  readonly #sensors = new Map<string, Opens[]>()

  constructor(specs: Readonly<Record<string, LinkSpec>>, clock: Clock, closeLimit: Seconds, note: LinkNote) {
    this.#specs = specs
    this.#clock = clock
    this.#closeLimit = closeLimit
    this.#note = note
  }

  /** Opens all of them at the same time. Rejects with the first failure; those that opened are left to `close`. */
  async open(): Promise<void> {
    const tries = Object.entries(this.#specs).map(([name, spec]) => this.#openOne(name, spec))
    const results = await Promise.allSettled(tries)
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
  }

  async #openOne(name: string, spec: LinkSpec): Promise<void> {
    const link = await spec.open({ clock: this.#clock })
    this.opened[name] = link
    this.ports[name] = portOf(link)
    link.onStatus((status) => this.#changed(name, status))
    this.#note('link.opened', { link: name, online: link.status.online })
  }

  #changed(name: string, status: LinkStatus): void {
    if (status.online) {
      this.#note('link.online', { link: name })
      // One that cannot be opened says so itself, and tries again by itself.
      for (const sensor of this.#sensors.get(name) ?? []) sensor.open().catch(() => {})
    } else if (status.problem) this.#note('link.offline', { link: name, problem: status.problem })
  }

  /** A sensor as it is for this robot: with an optional link it is optional itself. */
  adapt<T>(sensor: SensorSpec<T>): SensorSpec<T> {
    const link = linkOf(sensor)
    return link !== undefined && this.#specs[link]?.optional ? { ...sensor, optional: true } : sensor
  }

  /** Whenever a link comes online its sensors are opened at once: they need not wait for their next try. */
  lendTo(specs: Readonly<Record<string, SensorSpec>>, sensors: Readonly<Record<string, Opens>>): void {
    for (const [name, spec] of Object.entries(specs)) {
      const link = linkOf(spec)
      const sensor = sensors[name]
      if (link === undefined || !sensor) continue
      this.#sensors.set(link, [...(this.#sensors.get(link) ?? []), sensor])
    }
  }

  /** Closes all of them, within a bound; never rejects. */
  async close(): Promise<void> {
    this.#sensors.clear()
    const links = Object.entries(this.opened)
    for (const [name] of links) delete this.opened[name]
    await Promise.all(links.map(([name, link]) => this.#closeOne(name, link)))
  }

  async #closeOne(name: string, link: MessageLink): Promise<void> {
    const failed = (reason: string): void => this.#note('link.close_failed', { link: name, reason })
    const late = (): void => failed(`it took more than ${this.#closeLimit} s`)
    const close = async (): Promise<void> => link.close()
    await within(this.#clock, this.#closeLimit, close(), late).catch((error: unknown) => failed(describe(error)))
  }
}

/** A link without what only its owner may do. */
function portOf(link: MessageLink): LinkPort {
  return {
    address: link.address,
    get status() {
      return link.status
    },
    publish: (topic, payload, options) => link.publish(topic, payload, options),
    onStatus: (listener) => link.onStatus(listener),
  }
}
