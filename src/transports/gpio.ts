/** `tendon/gpio`: single wires at the pins of this computer, through the tools of libgpiod. */
export { type GpioInputOptions, gpioInput } from './gpio-input.ts'
export { type GpioOutputOptions, gpioOutput } from './gpio-output.ts'
export type { GpioLine, GpioPull } from './gpio-tools.ts'
