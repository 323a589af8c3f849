import { type Catalogue, entry, problemsOf } from '../base/problem.ts'

/** Single wires on the pins of a computer. */
export const gpioProblems = {
  TENDON_GPIO_TOOLS_MISSING: entry<{ line: string; tool: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `${f.line} could not be opened: the program ${f.tool} is not installed.`,
    why: () => 'Pins are read and driven by the tools of libgpiod, which know every board that Linux knows.',
    fix: () => 'sudo apt-get install gpiod',
    sample: { line: 'gpiochip0 line 17', tool: 'gpiomon' },
  }),
  TENDON_GPIO_OPEN_FAILED: entry<{ line: string; tool: string; reason: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `${f.line} could not be opened: ${f.tool} says "${f.reason}".`,
    why: () => 'There is no such pin, another program holds it, or this user may not use it (group gpio).',
    fix: () => 'Run gpioinfo to see which lines there are, and who holds them.',
    sample: { line: 'gpiochip0 line 17', tool: 'gpiomon', reason: 'error waiting for events: Device or resource busy' },
  }),
  TENDON_GPIO_LOST: entry<{ line: string; tool: string; reason: string }>({
    severity: 'danger',
    power: 'unknown',
    what: (f) => `${f.line} is not under control any more: ${f.tool} ended (${f.reason}).`,
    why: () => 'Somebody ended the program that watches or drives this pin, or the pin is gone.',
    fix: () =>
      'Keep clear, and use the wired stop: this pin neither sees nor does anything until the robot starts again.',
    sample: { line: 'gpiochip0 line 17', tool: 'gpiomon', reason: 'signal SIGKILL' },
    more:
      'For a stop button this means that pressing it is not noticed. A robot that was armed is being stopped because of ' +
      'it, and is not armed again before the input can be read.',
  }),
} satisfies Catalogue

/** Makes a problem of a GPIO line; the facts are typed by the code. */
export const gpioProblem = problemsOf(gpioProblems)
