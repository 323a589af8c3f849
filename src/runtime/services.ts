import type { Clock } from '../base/clock.ts'
import { within } from '../base/clock.ts'
import { describe, TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { Service } from '../define/service.ts'

/** The services of one robot: each after those it needs, stopped in reverse. */
export class Services {
  readonly #clock: Clock
  readonly #timeout: number
  readonly #ordered: readonly Service[]
  readonly #started: Service[] = []
  readonly #ending = new AbortController()

  constructor(clock: Clock, timeout: number, services: readonly Service[]) {
    this.#clock = clock
    this.#timeout = timeout
    this.#ordered = inOrder(services)
  }

  /** All services, including those that are only needed by others, in the order in which they start. */
  get all(): readonly Service[] {
    return this.#ordered
  }

  /** Starts all. When one fails or takes too long, those that had started are stopped, and it rejects naming it. */
  async start(): Promise<void> {
    for (const service of this.#ordered) {
      try {
        await this.#bounded(async () => service.start({ clock: this.#clock, signal: this.#ending.signal }))
        this.#started.push(service)
      } catch (error) {
        await this.stop()
        const facts = { service: service.name, phase: 'start', reason: describe(error) } as const
        throw new TendonError(problem('TENDON_SERVICE_FAILED', facts, error))
      }
    }
  }

  /** Stops all that started. One that fails or hangs does not keep the others; all failures are returned. */
  async stop(): Promise<TendonError[]> {
    this.#ending.abort()
    const failures: TendonError[] = []
    for (const service of this.#started.splice(0).reverse()) {
      try {
        await this.#bounded(async () => service.stop())
      } catch (error) {
        const facts = { service: service.name, phase: 'stop', reason: describe(error) } as const
        failures.push(new TendonError(problem('TENDON_SERVICE_FAILED', facts, error)))
      }
    }
    return failures
  }

  async #bounded(work: () => Promise<void>): Promise<void> {
    await within(this.#clock, this.#timeout, work(), () => {
      throw new Error(`it took longer than ${this.#timeout} s`)
    })
  }
}

/** Needs are values made before their users, so there are no cycles. */
function inOrder(services: readonly Service[]): Service[] {
  const ordered = new Set<Service>()
  const visit = (service: Service): void => {
    for (const needed of service.needs) visit(needed)
    ordered.add(service)
  }
  for (const service of services) visit(service)
  return [...ordered]
}
