import { badArgument } from '../base/argument.ts'
import { type Clock, sleep, type Timer, within } from '../base/clock.ts'
import { type Problem, TendonError } from '../base/problem.ts'
import type { Seconds } from '../base/units.ts'
import type { DigitalConnection, DigitalInput } from '../device/digital-input.ts'
import type { DeviceEnv, Unsubscribe } from '../device/transport.ts'
import { gpioProblem } from './gpio-problems.ts'
import {
  checkLine,
  findTools,
  type GpioLevel,
  type GpioLine,
  type GpioPull,
  type GpioTools,
  isMonitored,
  levelOf,
  nameOf,
  readLevel,
  type ToolCall,
} from './gpio-tools.ts'
import { HeldTool } from './held-tool.ts'
import { LinkListeners } from './link-listeners.ts'

export interface GpioInputOptions extends GpioLine {
  /**
   * Active while the line is low instead of high. Default false: a stop button whose closed contact pulls the line low
   * is active when it is pressed, and when its wire breaks.
   */
  readonly activeLow?: boolean | undefined
  /** The resistor inside the chip. Default: as it is. */
  readonly pull?: GpioPull | undefined
  /** How long the line must be inactive to count as released, in seconds. Becoming active counts at once. Default 0.05. */
  readonly debounce?: Seconds | undefined
}

/** How long a monitor may take to begin, and how often it is looked whether one has that does not say so. */
const BEGIN: Seconds = 3
const LOOK: Seconds = 0.01

/**
 * A wire at a pin of this computer, through the tools of libgpiod (Debian package `gpiod`, versions 1 and 2). `open`
 * rejects with `TENDON_GPIO_TOOLS_MISSING` or `TENDON_GPIO_OPEN_FAILED`. The line is read once and then watched; between
 * the two it is nobody's for some milliseconds, and an edge in them is seen with the next one. Throws
 * `TENDON_ARGUMENT_INVALID`.
 */
export function gpioInput(options: GpioInputOptions): DigitalInput {
  const { debounce = 0.05 } = options
  checkLine('gpioInput()', options)
  if (!(debounce >= 0 && debounce < Infinity))
    throw badArgument('gpioInput()', 'debounce', debounce, 'a finite number of seconds, 0 or more')
  return { kind: 'gpio', address: nameOf(options), open: (env) => openInput(options, debounce, env) }
}

async function openInput(options: GpioInputOptions, debounce: Seconds, env: DeviceEnv): Promise<DigitalConnection> {
  const tools = await findTools(options)
  const level = await readLevel(options, tools.get(options.pull))
  const connection = new GpioInputConnection(options, tools, env.clock, { level, debounce })
  await connection.begun
  return connection
}

class GpioInputConnection implements DigitalConnection {
  /** Resolves when the line is watched; rejects with the problem of a monitor that ended at once. */
  readonly begun: Promise<void>
  readonly #options: GpioInputOptions
  readonly #clock: Clock
  readonly #debounce: Seconds
  readonly #monitor: HeldTool
  readonly #changes = new Set<(active: boolean) => void>()
  readonly #listeners = new LinkListeners()
  #open = true
  #active: boolean
  #release: Timer | undefined
  /** While it begins: what to do when it has, or when it has failed. */
  #starting: { began(): void; failed(found: Problem): void } | undefined

  constructor(
    options: GpioInputOptions,
    tools: GpioTools,
    clock: Clock,
    { level, debounce }: { readonly level: GpioLevel; readonly debounce: Seconds },
  ) {
    this.#options = options
    this.#clock = clock
    this.#debounce = debounce
    this.#active = this.#isActive(level)
    const started = new Promise<void>((resolve, reject) => {
      this.#starting = { began: resolve, failed: (found) => reject(new TendonError(found)) }
    })
    const call = tools.monitor(options.pull)
    this.#monitor = new HeldTool(call, clock, {
      line: (text) => this.#heard(text),
      ended: (reason) => this.#ended(call.tool, reason),
    })
    this.begun = within(clock, BEGIN, started, () => this.#neverBegan(call.tool))
    if (tools.holders) void this.#lookWhether(tools.holders)
  }

  get isOpen(): boolean {
    return this.#open
  }

  get active(): boolean {
    return this.#active
  }

  onChange(listener: (active: boolean) => void): Unsubscribe {
    const own = (active: boolean): void => listener(active)
    this.#changes.add(own)
    return () => this.#changes.delete(own)
  }

  onLost(listener: (problem: Problem) => void): Unsubscribe {
    return this.#listeners.onLost(listener)
  }

  close(): Promise<void> {
    this.#end()
    this.#listeners.clear()
    return this.#monitor.end()
  }

  #isActive(level: GpioLevel): boolean {
    return (level === 'low') === (this.#options.activeLow ?? false)
  }

  #heard(text: string): void {
    this.#begin()
    const level = levelOf(text)
    if (level === undefined || !this.#open) return
    this.#release?.cancel()
    this.#release = undefined
    if (this.#isActive(level)) this.#set(true)
    else if (this.#active) this.#release = this.#clock.after(this.#debounce, () => this.#set(false))
  }

  /** Version 1 says nothing when it begins; that it holds the line can be seen. */
  async #lookWhether(holders: ToolCall): Promise<void> {
    while (this.#starting) {
      const monitored = await isMonitored(this.#options, holders).catch(() => false)
      if (monitored) this.#begin()
      else await sleep(this.#clock, LOOK)
    }
  }

  #begin(): void {
    this.#starting?.began()
    this.#starting = undefined
  }

  #neverBegan(tool: string): never {
    this.#starting = undefined
    void this.close()
    const facts = { line: nameOf(this.#options), tool, reason: `it did not begin within ${BEGIN} s` }
    throw new TendonError(gpioProblem('TENDON_GPIO_OPEN_FAILED', facts))
  }

  #set(active: boolean): void {
    this.#release = undefined
    if (active === this.#active) return
    this.#active = active
    for (const change of this.#changes) guarded(() => change(active))
  }

  #ended(tool: string, reason: string): void {
    this.#end()
    const starting = this.#starting
    this.#starting = undefined
    const facts = { line: nameOf(this.#options), tool, reason }
    if (starting) starting.failed(gpioProblem('TENDON_GPIO_OPEN_FAILED', facts))
    else this.#listeners.lost(gpioProblem('TENDON_GPIO_LOST', facts))
  }

  #end(): void {
    this.#open = false
    this.#release?.cancel()
    this.#release = undefined
    this.#changes.clear()
  }
}

/** What one listener throws must not keep a stop button from the next one. */
function guarded(tell: () => void): void {
  try {
    tell()
  } catch (thrown) {
    process.emitWarning(thrown instanceof Error ? thrown : new Error(String(thrown)))
  }
}
