/** A program that watches a pin and drives another one until it is killed. */
import { systemClock } from '../../src/base/clock.ts'
import { gpioInput, gpioOutput } from '../../src/transports/gpio.ts'

const tools = process.argv[2]
const line = { chip: 'gpiochip0', line: 17, tools }
await gpioInput(line).open({ clock: systemClock })
const output = await gpioOutput(line).open({ clock: systemClock })
output.drive('low')
process.stdout.write('up\n')
