import type { DigitalOutput, OutputConnection } from '../../device/digital-input.ts'
import type { DeviceEnv } from '../../device/transport.ts'

/** The OE pin: low lets the outputs through, high keeps all of them low, whatever the chip's registers say. */
export class OutputEnable {
  readonly #wire: DigitalOutput
  readonly #env: DeviceEnv
  #connection: OutputConnection | undefined
  #lost = false

  constructor(wire: DigitalOutput, env: DeviceEnv) {
    this.#wire = wire
    this.#env = env
  }

  /** The wire is not in our hands any more: nobody knows what the outputs do. */
  get isLost(): boolean {
    return this.#lost
  }

  /** Takes the wire, with the outputs off. Rejects with a `TendonError`. */
  async open(): Promise<void> {
    if (this.#connection?.isOpen) return
    const connection = await this.#wire.open(this.#env)
    this.#connection = connection
    this.#lost = false
    connection.onLost(() => {
      this.#lost = true
    })
    connection.drive('high')
  }

  /** Throws when the wire is lost: nothing may be powered then. */
  enable(): void {
    this.#connection?.drive('low')
  }

  /** Never throws: a stop has other ways, and a lost wire shows as an alarm. */
  disable(): void {
    if (this.#connection?.isOpen) this.#connection.drive('high')
  }

  async close(): Promise<void> {
    const connection = this.#connection
    this.#connection = undefined
    await connection?.close()
  }
}
