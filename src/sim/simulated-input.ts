import { type Problem, TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { DigitalConnection, DigitalInput } from '../device/digital-input.ts'
import type { DeviceEnv } from '../device/transport.ts'
import { Listeners } from './listeners.ts'

/** A stop button of the simulation, which a test presses. Released until somebody does. */
export class SimulatedInput implements DigitalInput {
  readonly kind = 'simulated'
  readonly address: string
  #active = false
  #whole = true
  #connection: InputConnection | undefined

  constructor(name: string) {
    this.address = `simulated ${name}`
  }

  /** Whether it is pressed. */
  get isPressed(): boolean {
    return this.#active
  }

  /** Rejects with `TENDON_PORT_OPEN_FAILED` while its wire is out. */
  async open(env: DeviceEnv): Promise<DigitalConnection> {
    if (!this.#whole) {
      const facts = { port: this.address, reason: 'nothing is plugged in', kind: 'missing' }
      throw new TendonError(problem('TENDON_PORT_OPEN_FAILED', facts))
    }
    this.#connection = new InputConnection(this.#active, this.address, env)
    return this.#connection
  }

  /** Presses it: whoever listens is told before this returns, as by an edge on a wire. */
  press(): void {
    this.#set(true)
  }

  release(): void {
    this.#set(false)
  }

  /** Nobody can read it any more, as when the program that watches the pin has died, until `plug`. */
  unplug(): void {
    this.#whole = false
    this.#connection?.lose()
  }

  plug(): void {
    this.#whole = true
  }

  #set(active: boolean): void {
    this.#active = active
    this.#connection?.set(active)
  }
}

class InputConnection implements DigitalConnection {
  readonly #address: string
  readonly #env: DeviceEnv
  readonly #changes = new Listeners<boolean>()
  readonly #losses = new Listeners<Problem>()
  #active: boolean
  #open = true

  constructor(active: boolean, address: string, env: DeviceEnv) {
    this.#active = active
    this.#address = address
    this.#env = env
  }

  get isOpen(): boolean {
    return this.#open
  }

  get active(): boolean {
    return this.#active
  }

  onChange(listener: (active: boolean) => void): () => void {
    return this.#changes.add(listener)
  }

  onLost(listener: (problem: Problem) => void): () => void {
    return this.#losses.add(listener)
  }

  set(active: boolean): void {
    if (!this.#open || active === this.#active) return
    this.#active = active
    this.#changes.tell(active)
  }

  lose(): void {
    if (!this.#open) return
    this.#open = false
    this.#changes.clear()
    const lost = problem('TENDON_LINK_LOST', { port: this.#address, reason: 'its wire is out' })
    this.#env.clock.turn(() => {
      this.#losses.tell(lost)
      this.#losses.clear()
    })
  }

  async close(): Promise<void> {
    this.#open = false
    this.#changes.clear()
    this.#losses.clear()
  }
}
