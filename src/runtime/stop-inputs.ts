import type { Cause } from '../base/cause.ts'
import { type Clock, type Timer, within } from '../base/clock.ts'
import { describe, type Problem } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { Seconds } from '../base/units.ts'
import type { DigitalConnection, DigitalInput } from '../device/digital-input.ts'

/** What the stop inputs need of the robot. */
export interface StopInputEnv {
  readonly clock: Clock
  /** How long closing one may take. */
  readonly closeLimit: Seconds
  /** Whether joints may have power or get it: then an input that cannot be read is a stop. */
  readonly isLive: () => boolean
  /** Never refused; its bytes are out when it returns. */
  readonly stop: (cause: Cause) => void
  /** `stop_input.lost`, `stop_input.back`, `stop_input.not_closed`. */
  readonly note: (what: string, facts: Readonly<Record<string, unknown>>) => void
}

/** Seconds until a lost input is opened again, doubled with each failure up to the most. */
const FIRST_WAIT: Seconds = 1
const LONGEST_WAIT: Seconds = 5

/** The wired stop buttons of one robot. Each stops it, in the turn in which it becomes active, and latches. */
export class StopInputs {
  readonly #inputs: readonly StopInput[]

  constructor(specs: Readonly<Record<string, DigitalInput>>, env: StopInputEnv) {
    this.#inputs = Object.entries(specs).map(([name, spec]) => new StopInput(name, spec, env))
  }

  /** Opens all. Rejects with the first failure; those that opened are left to `close`. */
  async open(): Promise<void> {
    for (const input of this.#inputs) await input.open()
  }

  /** From now on they stop the robot; one that is active already does so at once. The buses are open. */
  begin(): void {
    for (const input of this.#inputs) input.begin()
  }

  /** What stands against arming: one that is active, or that nobody can read. */
  against(): Problem | undefined {
    for (const input of this.#inputs) {
      const found = input.against()
      if (found) return found
    }
    return undefined
  }

  /** Closes all, within a bound; never rejects. Nothing stops the robot by them any more. */
  async close(): Promise<void> {
    await Promise.all(this.#inputs.map((input) => input.close()))
  }
}

class StopInput {
  readonly #name: string
  readonly #spec: DigitalInput
  readonly #env: StopInputEnv
  #connection: DigitalConnection | undefined
  #begun = false
  #closed = false
  #retry: Timer | undefined
  #wait = FIRST_WAIT

  constructor(name: string, spec: DigitalInput, env: StopInputEnv) {
    this.#name = name
    this.#spec = spec
    this.#env = env
  }

  async open(): Promise<void> {
    const connection = await this.#spec.open({ clock: this.#env.clock })
    if (this.#closed) return connection.close()
    this.#connection = connection
    this.#wait = FIRST_WAIT
    connection.onChange((active) => {
      if (active) this.#stop('it was pressed, or its wire is broken')
    })
    connection.onLost((lost) => this.#lost(lost))
  }

  begin(): void {
    this.#begun = true
    if (this.#connection?.active) this.#stop('it is pressed, or its wire is broken')
  }

  against(): Problem | undefined {
    const readable = this.#connection?.isOpen ?? false
    if (readable && !this.#connection?.active) return undefined
    const state = readable ? 'active' : 'unreadable'
    return problem('TENDON_ARM_STOP_INPUT', { input: this.#name, address: this.#spec.address, state })
  }

  async close(): Promise<void> {
    this.#begun = false
    this.#closed = true
    this.#retry?.cancel()
    const { clock, closeLimit, note } = this.#env
    const failed = (reason: string): void => note('stop_input.not_closed', { input: this.#name, reason })
    const close = async (): Promise<void> => this.#connection?.close()
    await within(clock, closeLimit, close(), () => failed(`it took more than ${closeLimit} s`)).catch(
      (error: unknown) => failed(describe(error)),
    )
  }

  #stop(reason: string): void {
    if (this.#begun) this.#env.stop({ by: this.#name, reason })
  }

  #lost(lost: Problem): void {
    const { isLive, note } = this.#env
    // Nobody can see the button any more, so that it counts as pressed while that matters.
    if (isLive()) this.#stop(`it cannot be read any more: ${lost.what}`)
    note('stop_input.lost', { input: this.#name, problem: lost })
    this.#reopenLater()
  }

  #reopenLater(): void {
    if (this.#closed) return
    const wait = this.#wait
    this.#wait = Math.min(2 * wait, LONGEST_WAIT)
    this.#retry = this.#env.clock.after(wait, () => void this.#reopen())
  }

  async #reopen(): Promise<void> {
    try {
      await this.open()
    } catch {
      // It was said that it is lost; arming says so again.
      this.#reopenLater()
      return
    }
    if (this.#closed) return
    this.#env.note('stop_input.back', { input: this.#name })
    if (this.#connection?.active) this.#stop('it is pressed, or its wire is broken')
  }
}
