import { badArgument } from '../../base/argument.ts'
import type { Seconds } from '../../base/units.ts'

// Registers and bits of the NXP PCA9685 (data sheet rev. 4, section 7.3).
export const MODE1 = 0x00
export const MODE2 = 0x01
const LED0_ON_L = 0x06
export const ALL_LED_OFF_H = 0xfd
export const PRE_SCALE = 0xfe

/** MODE1: goes on with the pulses of before it slept. Written 1; reads 0 once that is done. */
export const RESTART = 0x80
/** MODE1: the clock comes from a pin. Only a power cycle takes it back. */
export const EXTERNAL_CLOCK = 0x40
/** MODE1: a write of several bytes goes to consecutive registers. */
export const AUTO_INCREMENT = 0x20
/** MODE1: the oscillator is off, and no channel sends pulses. The prescaler can be written only now. */
export const SLEEP = 0x10
/** MODE2: outputs drive high and low, not inverted, and low while the OE pin is high. */
export const TOTEM_POLE = 0x04
/** In the high byte of OFF: the channel sends nothing. It wins over everything else. */
export const FULL_OFF = 0x10

export const CHANNELS = 16
/** Registers of one channel: ON low, ON high, OFF low, OFF high. */
export const CHANNEL_BYTES = 4
/** Ticks of one period. */
const TICKS = 4096
const SMALLEST_PRESCALE = 3
const LARGEST_PRESCALE = 255
/** Hertz. */
const LOWEST = 24
const HIGHEST = 1526

/** The first of a channel's four registers. */
export const channelRegister = (channel: number): number => LED0_ON_L + CHANNEL_BYTES * channel

/** How the chip's clock is divided. */
export interface Timing {
  readonly prescale: number
  /** How long one of the 4096 ticks of a period lasts. */
  readonly tick: Seconds
}

export interface TimingOptions {
  /** Periods per second: 50 for most servos, up to 333 for some digital ones. */
  readonly frequency: number
  /** Of the chip's oscillator, in hertz. */
  readonly oscillator: number
  /** What this chip's oscillator really does, as a factor of `oscillator`: 1.03 runs 3 % fast. */
  readonly trim: number
}

/** The prescaler for a frequency. Throws `TENDON_ARGUMENT_INVALID` where the chip has none: below 24 and above 1526 Hz. */
export function timingOf({ frequency, oscillator, trim }: TimingOptions): Timing {
  for (const [name, value] of Object.entries({ frequency, oscillator, trim }))
    if (!(value > 0 && value < Infinity)) throw badArgument('pca9685()', name, value, 'a finite number above 0')
  if (trim < 0.8 || trim > 1.2) throw badArgument('pca9685()', 'trim', trim, 'a factor from 0.8 to 1.2')
  const prescale = Math.round((oscillator * trim) / (TICKS * frequency)) - 1
  const exists = prescale >= SMALLEST_PRESCALE && prescale <= LARGEST_PRESCALE
  if (!exists || frequency < LOWEST || frequency > HIGHEST)
    throw badArgument('pca9685()', 'frequency', frequency, 'one that the chip can make, 24 to 1526 Hz')
  return { prescale, tick: (prescale + 1) / (oscillator * trim) }
}

/** How long one period lasts. */
export const periodOf = ({ tick }: Timing): Seconds => TICKS * tick

/** The registers of a channel that sends a pulse of this length in every period. */
export function pulseBytes(pulse: Seconds, { tick }: Timing): Uint8Array {
  const off = Math.round(pulse / tick)
  return Uint8Array.of(0, 0, off & 0xff, off >> 8)
}

/** The registers of a channel that sends nothing. */
export const OFF_BYTES = Uint8Array.of(0, 0, 0, FULL_OFF)

/** The length of the pulse that these registers make; `undefined`: none, or no pulse but a level. */
export function pulseOf(registers: Uint8Array, { tick }: Timing): Seconds | undefined {
  const [onLow = 0, onHigh = 0, offLow = 0, offHigh = FULL_OFF] = registers
  if (((onHigh | offHigh) & FULL_OFF) !== 0) return undefined
  const ticks = (offLow | (offHigh << 8)) - (onLow | (onHigh << 8))
  return ticks === 0 ? undefined : ((ticks + TICKS) % TICKS) * tick
}
