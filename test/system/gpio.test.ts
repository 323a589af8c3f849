import { execFileSync } from 'node:child_process'
import { beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { type Problem, TendonError } from '../../src/base/problem.ts'
import { gpioInput, gpioOutput } from '../../src/transports/gpio.ts'

// No computer of a test has this chip, so that the real tools refuse it: with words about the chip, and never about how
// they were called.
const nowhere = { chip: 'gpiochip987', line: 17 }
const env = { clock: systemClock }

beforeAll(() => {
  try {
    execFileSync('gpiomon', ['--version'], { stdio: 'ignore' })
  } catch {
    throw new Error('gpiomon is missing: sudo apt-get install gpiod')
  }
})

async function refusal(promise: Promise<unknown>): Promise<Problem> {
  const thrown: unknown = await promise.catch((error: unknown) => error)
  if (thrown instanceof TendonError) return thrown.problem
  throw new Error('it was not refused')
}

describe('the real tools of libgpiod', () => {
  it.each(['up', 'down', 'none', undefined] as const)('understand how an input with pull %s is read', async (pull) => {
    const found = await refusal(gpioInput({ ...nowhere, pull }).open(env))
    expect(found).toMatchObject({ code: 'TENDON_GPIO_OPEN_FAILED', facts: { tool: 'gpioget' } })
    expect(found.facts.reason).toMatch(/no such file|cannot find gpiochip|unable to/i)
  })

  it('understand how an output is driven', async () => {
    const output = await gpioOutput(nowhere).open(env)
    const lost = new Promise<Problem>((resolve) => output.onLost(resolve))
    output.drive('high')
    const { facts } = await lost
    expect(facts.tool).toBe('gpioset')
    expect(facts.reason).toMatch(/no such file|cannot find gpiochip|unable to/i)
  })

  it('understand how a line is watched, and how their list of lines is asked for', () => {
    const complaint = (tool: string, args: readonly string[]): string => {
      try {
        execFileSync(tool, [...args, nowhere.chip, '17'], {
          encoding: 'utf8',
          stdio: 'pipe',
          env: { ...process.env, LC_ALL: 'C' },
        })
      } catch (error) {
        return String((error as { stderr?: unknown }).stderr)
      }
      throw new Error(`${tool} found ${nowhere.chip}`)
    }
    const version = execFileSync('gpiomon', ['--version'], { encoding: 'utf8' })
    const watch = version.includes('v1.')
      ? ['--line-buffered', '--format=%e', '--bias=pull-up']
      : ['--banner', '--edges=both', '--format=%E', '--bias=pull-up', '--chip']
    expect(complaint('gpiomon', watch)).toMatch(/no such file|cannot find gpiochip|unable to/i)
    expect(complaint('gpiomon', ['--no-such-option'])).toMatch(/unrecognized option/i)
  })
})
