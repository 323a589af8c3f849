import type { Clock, Timer } from '../base/clock.ts'
import { type Problem, TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { DigitalOutput, OutputConnection } from '../device/digital-input.ts'
import type { Unsubscribe } from '../device/transport.ts'
import { gpioProblem } from './gpio-problems.ts'
import { checkLine, findTools, type GpioLevel, type GpioLine, type GpioTools, nameOf } from './gpio-tools.ts'
import { HeldTool } from './held-tool.ts'
import { LinkListeners } from './link-listeners.ts'

export type GpioOutputOptions = GpioLine

/**
 * A pin of this computer that is driven high or low, through the tools of libgpiod (Debian package `gpiod`). It is driven
 * by a program of its own, which ends with this process however that ends: then the pin is nobody's, and a resistor
 * decides. `open` rejects with `TENDON_GPIO_TOOLS_MISSING` or `TENDON_GPIO_OPEN_FAILED`; a pin that cannot be driven is
 * lost at the first `drive`. Throws `TENDON_ARGUMENT_INVALID`.
 */
export function gpioOutput(options: GpioOutputOptions): DigitalOutput {
  checkLine('gpioOutput()', options)
  return {
    kind: 'gpio',
    address: nameOf(options),
    open: async (env) => new GpioOutputConnection(options, await findTools(options), env.clock),
  }
}

class GpioOutputConnection implements OutputConnection {
  readonly #options: GpioOutputOptions
  readonly #tools: GpioTools
  readonly #clock: Clock
  readonly #listeners = new LinkListeners()
  #open = true
  #holder: HeldTool | undefined
  /** The level that is to be driven as soon as the pin is free. */
  #next: GpioLevel | undefined
  #turn: Timer | undefined
  #freeing: Promise<void> | undefined

  constructor(options: GpioOutputOptions, tools: GpioTools, clock: Clock) {
    this.#options = options
    this.#tools = tools
    this.#clock = clock
  }

  get isOpen(): boolean {
    return this.#open
  }

  /** The pin is let go before this returns; the program that drives it anew is started in a later turn. */
  drive(level: GpioLevel): void {
    if (!this.#open) throw new TendonError(problem('TENDON_LINK_CLOSED', { port: nameOf(this.#options) }))
    this.#next = level
    this.#letGo()
    this.#turn ??= this.#clock.turn(() => {
      this.#turn = undefined
      void this.#hold()
    })
  }

  onLost(listener: (problem: Problem) => void): Unsubscribe {
    return this.#listeners.onLost(listener)
  }

  async close(): Promise<void> {
    this.#open = false
    this.#next = undefined
    this.#listeners.clear()
    this.#turn?.cancel()
    this.#letGo()
    await this.#freeing
  }

  #letGo(): void {
    const holder = this.#holder
    this.#holder = undefined
    // Its signal is on its way when `end` returns.
    if (holder) this.#freeing = holder.end()
  }

  /** Two programs cannot hold one pin: the next one begins when the last one is gone. */
  async #hold(): Promise<void> {
    await this.#freeing
    const level = this.#next
    if (!this.#open || level === undefined || this.#holder) return
    this.#next = undefined
    const call = this.#tools.set(level)
    this.#holder = new HeldTool(call, this.#clock, {
      line: () => {},
      ended: (reason) => {
        this.#open = false
        this.#holder = undefined
        this.#listeners.lost(gpioProblem('TENDON_GPIO_LOST', { line: nameOf(this.#options), tool: call.tool, reason }))
      },
    })
  }
}
