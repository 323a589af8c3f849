import type { Seconds } from '../../base/units.ts'

// From the NXP PCA9685 data sheet, rev. 4; written apart from the driver's own table.
const MODE1 = 0x00
const MODE2 = 0x01
const LED0 = 0x06
const LAST_LED = 0x45
const ALL_LED = 0xfa
const PRE_SCALE = 0xfe
const ALL_CALL_ADDRESS = 0x05
const RESTART_BIT = 0x80
const EXTCLK_BIT = 0x40
const AI_BIT = 0x20
const SLEEP_BIT = 0x10
const ALLCALL_BIT = 0x01
const FULL_BIT = 0x10
const OUTNE_BITS = 0x03
const TICKS = 4096
const CHANNELS = 16
/** From waking to a stable oscillator. */
const STABLE: Seconds = 0.0005
const SOFTWARE_RESET = 0x06

/** A PCA9685 at register level: what it answers on the bus, and which pulses it sends. */
export class Pca9685Chip {
  readonly #address: number
  /** Hertz: what this chip's oscillator really does. */
  readonly #oscillator: number
  readonly #registers = new Uint8Array(256)
  /** The register that the next byte is written to or read from. */
  #pointer = 0
  #awakeSince: Seconds = 0
  /** Channels that were pulsing when it was put to sleep: they go on with RESTART, or with new values. */
  readonly #held = new Set<number>()
  #outputsOff = false

  constructor(address: number, oscillator: number) {
    this.#address = address
    this.#oscillator = oscillator
    this.reset()
  }

  /** As after power-on: asleep, every channel fully off, 200 Hz. */
  reset(): void {
    this.#registers.fill(0)
    this.#registers.set([SLEEP_BIT | ALLCALL_BIT, 0x04, 0xe2, 0xe4, 0xe8, 0xe0])
    for (let channel = 0; channel < CHANNELS; channel++) this.#registers[LED0 + 4 * channel + 3] = FULL_BIT
    this.#registers[PRE_SCALE] = 0x1e
    this.#pointer = 0
    this.#held.clear()
  }

  /** Whether it acknowledges this 7-bit address. */
  answersTo(address: number): boolean {
    const allCall = (this.#get(MODE1) & ALLCALL_BIT) !== 0 && address === this.#get(ALL_CALL_ADDRESS) >> 1
    return address === this.#address || address === 0 || allCall
  }

  /** The OE pin: high keeps every output in the state that MODE2 says. */
  set outputsOff(off: boolean) {
    this.#outputsOff = off
  }

  /** One transaction: bytes written, then bytes read. */
  transact(address: number, write: Uint8Array, read: number, now: Seconds): Uint8Array {
    if (address === 0) {
      if (write[0] === SOFTWARE_RESET && write.length === 1) this.reset()
      return new Uint8Array()
    }
    const [register, ...data] = write
    if (register !== undefined) this.#pointer = register
    for (const value of data) {
      this.#set(this.#pointer, value, now)
      this.#advance()
    }
    return Uint8Array.from({ length: read }, () => {
      const value = this.#visible(this.#pointer)
      this.#advance()
      return value
    })
  }

  /** A register as a host would read it. */
  register(address: number): number {
    return this.#visible(address)
  }

  /** Whether this channel's register says that there are pulses, asleep or not. */
  isOn(channel: number): boolean {
    return this.#ticks(channel) !== undefined
  }

  /** How long the pulses of a channel are on its pin; `undefined`: there are none. */
  pulse(channel: number): Seconds | undefined {
    const ticks = this.#ticks(channel)
    const asleep = (this.#get(MODE1) & SLEEP_BIT) !== 0
    const disabled = this.#outputsOff && (this.#get(MODE2) & OUTNE_BITS) === 0
    if (ticks === undefined || asleep || disabled || this.#held.has(channel)) return undefined
    return (ticks * (this.#get(PRE_SCALE) + 1)) / this.#oscillator
  }

  #ticks(channel: number): number | undefined {
    const at = LED0 + 4 * channel
    const [onHigh, offHigh] = [this.#get(at + 1), this.#get(at + 3)]
    // Full on is a level, which no servo takes for a pulse; full off wins over it.
    if (((onHigh | offHigh) & FULL_BIT) !== 0) return undefined
    const on = this.#get(at) | ((onHigh & 0x0f) << 8)
    const off = this.#get(at + 2) | ((offHigh & 0x0f) << 8)
    return on === off ? undefined : (off - on + TICKS) % TICKS
  }

  #get(register: number): number {
    return this.#registers[register] as number
  }

  /** The registers that stand for all channels read as 0. */
  #visible(register: number): number {
    return register >= ALL_LED && register < PRE_SCALE ? 0 : this.#get(register)
  }

  #advance(): void {
    if ((this.#get(MODE1) & AI_BIT) === 0) return
    this.#pointer = this.#pointer === LAST_LED || this.#pointer === 0xff ? 0 : this.#pointer + 1
  }

  #set(register: number, value: number, now: Seconds): void {
    if (register === MODE1) this.#setMode(value, now)
    else if (register === PRE_SCALE) this.#setPrescale(value)
    else if (register >= ALL_LED && register < PRE_SCALE) {
      for (let channel = 0; channel < CHANNELS; channel++)
        this.#setChannel(LED0 + 4 * channel + (register - ALL_LED), value)
    } else if (register >= LED0 && register <= LAST_LED) this.#setChannel(register, value)
    else if (register < LED0) this.#registers[register] = value
  }

  #setChannel(register: number, value: number): void {
    this.#registers[register] = value
    this.#held.delete((register - LED0) >> 2)
  }

  #setPrescale(value: number): void {
    if ((this.#get(MODE1) & SLEEP_BIT) !== 0) this.#registers[PRE_SCALE] = Math.max(3, value)
  }

  #setMode(value: number, now: Seconds): void {
    const before = this.#get(MODE1)
    const [slept, sleeps] = [(before & SLEEP_BIT) !== 0, (value & SLEEP_BIT) !== 0]
    if (!slept && sleeps)
      for (let channel = 0; channel < CHANNELS; channel++) if (this.isOn(channel)) this.#held.add(channel)
    if (slept && !sleeps) this.#awakeSince = now
    const restarts = (value & RESTART_BIT) !== 0 && !slept && !sleeps && now - this.#awakeSince >= STABLE - 1e-9
    if (restarts) this.#held.clear()
    const kept = value & ~(RESTART_BIT | EXTCLK_BIT)
    // The external clock stays chosen until the supply goes; it can be chosen only asleep.
    const external = before & EXTCLK_BIT || (sleeps && slept ? value & EXTCLK_BIT : 0)
    this.#registers[MODE1] = kept | external | (this.#held.size > 0 ? RESTART_BIT : 0)
  }
}
