import { spawn } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import type { Problem } from '../../src/base/problem.ts'
import type { DigitalConnection } from '../../src/device/digital-input.ts'
import { type GpioInputOptions, gpioInput, gpioOutput } from '../../src/transports/gpio.ts'
import { FakeGpio, isAlive } from './fake-gpio.ts'

const PATIENCE = { timeout: 10_000, interval: 5 }
const env = { clock: systemClock }

/** Resolves to what a connection tells next. */
const nextChange = (connection: DigitalConnection): Promise<boolean> =>
  new Promise((resolve) => {
    const end = connection.onChange((active) => {
      end()
      resolve(active)
    })
  })

describe.each([1, 2] as const)('with the tools of libgpiod %i', (version) => {
  let fake: FakeGpio
  let opened: { close(): Promise<void> }[] = []
  beforeEach(() => {
    fake = new FakeGpio(version)
    opened = []
  })
  afterEach(async () => {
    await Promise.all(opened.map((connection) => connection.close()))
    fake.end()
  })

  const open = async (options: Partial<GpioInputOptions> = {}): Promise<DigitalConnection> => {
    const input = gpioInput({ chip: 'gpiochip0', line: 17, tools: fake.folder, ...options })
    const connection = await input.open(env)
    opened.push(connection)
    return connection
  }

  it('an input is read once and then watched, with the arguments of that version', async () => {
    await open({ pull: 'up' })
    await vi.waitFor(() => expect(fake.calls()).toHaveLength(2), PATIENCE)
    expect(fake.calls()).toEqual(
      version === 1
        ? ['gpioget --bias=pull-up gpiochip0 17', 'gpiomon --line-buffered --format=%e --bias=pull-up gpiochip0 17']
        : [
            'gpioget --numeric --bias=pull-up --chip=gpiochip0 17',
            'gpiomon --banner --edges=both --format=%E --bias=pull-up --chip=gpiochip0 17',
          ],
    )
  })

  it('the resistor can be switched off, in the word of that version', async () => {
    await open({ pull: 'none' })
    expect(fake.calls()[0]).toContain(version === 1 ? '--bias=disable ' : '--bias=disabled ')
  })

  it('an input that was high when it was opened is active', async () => {
    fake.level('1')
    expect((await open()).active).toBe(true)
    expect((await open({ activeLow: true })).active).toBe(false)
  })

  it('an edge to active counts at once, however long a release must last', async () => {
    const input = await open({ debounce: 3600 })
    expect(input.active).toBe(false)
    const pressed = nextChange(input)
    fake.edge('high')
    expect(await pressed).toBe(true)
  })

  it('an edge to inactive counts when it has lasted', async () => {
    fake.level('1')
    const input = await open({ debounce: 0.02 })
    const released = nextChange(input)
    fake.edge('low')
    expect(await released).toBe(false)
  })

  it('a contact that bounces while it opens is told once', async () => {
    const input = await open({ debounce: 0.05 })
    const told: boolean[] = []
    input.onChange((active) => told.push(active))
    for (const to of ['high', 'low', 'high', 'low', 'high'] as const) fake.edge(to)
    await vi.waitFor(() => expect(told.length).toBeGreaterThan(0), PATIENCE)
    const released = nextChange(input)
    fake.edge('low')
    await released
    expect(told).toEqual([true, false])
  })

  it('a listener that throws keeps a press from nobody', async () => {
    const input = await open()
    const warned = new Promise((resolve) => process.once('warning', resolve))
    input.onChange(() => {
      throw new Error('a listener throws on purpose')
    })
    const pressed = nextChange(input)
    fake.edge('high')
    expect(await pressed).toBe(true)
    await warned
  })

  it('an input whose tool is killed is lost, once, and is not open', async () => {
    const input = await open()
    const lost = new Promise<Problem>((resolve) => input.onLost(resolve))
    await vi.waitFor(() => expect(fake.pids()).toHaveLength(1), PATIENCE)
    process.kill(fake.pids()[0] as number, 'SIGKILL')
    expect(await lost).toMatchObject({
      code: 'TENDON_GPIO_LOST',
      power: 'unknown',
      facts: { reason: 'signal SIGKILL' },
    })
    expect(input.isOpen).toBe(false)
  })

  it('close ends its process, and tells nobody of a loss', async () => {
    const input = await open()
    const losses: Problem[] = []
    input.onLost((problem) => losses.push(problem))
    await vi.waitFor(() => expect(fake.pids()).toHaveLength(1), PATIENCE)
    const [pid] = fake.pids() as [number]
    expect(isAlive(pid)).toBe(true)
    await input.close()
    expect(isAlive(pid)).toBe(false)
    expect(input.isOpen).toBe(false)
    expect(losses).toEqual([])
  })

  it('what the tool complains of is the reason why a line cannot be opened', async () => {
    fake.fail('gpioget', 'error reading GPIO values: No such file or directory')
    await expect(open()).rejects.toMatchObject({
      code: 'TENDON_GPIO_OPEN_FAILED',
      problem: { facts: { tool: 'gpioget', reason: 'error reading GPIO values: No such file or directory' } },
    })
  })

  it('a monitor that ends at once makes the opening fail, with nothing left', async () => {
    fake.fail('gpiomon', 'error waiting for events: Device or resource busy')
    await expect(open()).rejects.toMatchObject({
      code: 'TENDON_GPIO_OPEN_FAILED',
      problem: { facts: { tool: 'gpiomon', reason: 'error waiting for events: Device or resource busy' } },
    })
  })

  it('an output is driven by a process that holds it, one level at a time', async () => {
    const output = await gpioOutput({ chip: 'gpiochip0', line: 4, tools: fake.folder }).open(env)
    opened.push(output)
    const set = (level: 0 | 1): string =>
      version === 1 ? `gpioset --mode=signal gpiochip0 4=${level}` : `gpioset --chip=gpiochip0 4=${level}`
    output.drive('low')
    await vi.waitFor(() => expect(fake.calls()).toEqual([set(0)]), PATIENCE)
    await vi.waitFor(() => expect(fake.pids()).toHaveLength(1), PATIENCE)
    output.drive('high')
    await vi.waitFor(() => expect(fake.calls()).toEqual([set(0), set(1)]), PATIENCE)
    const [first, second] = fake.pids() as [number, number]
    expect(isAlive(first)).toBe(false)
    await output.close()
    await vi.waitFor(() => expect(isAlive(second)).toBe(false), PATIENCE)
    expect(() => output.drive('low')).toThrow(expect.objectContaining({ code: 'TENDON_LINK_CLOSED' }))
  })

  it('an output whose process ends is lost', async () => {
    const output = await gpioOutput({ chip: 'gpiochip0', line: 4, tools: fake.folder }).open(env)
    opened.push(output)
    const lost = new Promise<Problem>((resolve) => output.onLost(resolve))
    fake.fail('gpioset', 'error setting the GPIO line values: Device or resource busy')
    output.drive('low')
    expect(await lost).toMatchObject({
      code: 'TENDON_GPIO_LOST',
      facts: { reason: 'error setting the GPIO line values: Device or resource busy' },
    })
    expect(output.isOpen).toBe(false)
  })
})

describe('a program that is killed', () => {
  it('takes the processes that watched and drove its pins with it', { timeout: 60_000 }, async () => {
    const fake = new FakeGpio(1)
    const program = new URL('./gpio-program.ts', import.meta.url).pathname
    const child = spawn(process.execPath, ['--import', 'tsx', program, fake.folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise((resolve) => child.stdout.once('data', resolve))
    await vi.waitFor(() => expect(fake.pids()).toHaveLength(2), PATIENCE)
    expect(fake.pids().map(isAlive)).toEqual([true, true])
    child.kill('SIGKILL')
    await vi.waitFor(() => expect(fake.pids().map(isAlive)).toEqual([false, false]), PATIENCE)
    fake.end()
  })
})

describe('without the tools', () => {
  it('an input asks for the package', async () => {
    const input = gpioInput({ chip: 'gpiochip0', line: 17, tools: '/nowhere' })
    await expect(input.open(env)).rejects.toMatchObject({
      code: 'TENDON_GPIO_TOOLS_MISSING',
      problem: { fix: 'sudo apt-get install gpiod' },
    })
  })

  it('a line that cannot be one is refused before anything is run', () => {
    const fails = (make: () => unknown): void =>
      expect(make).toThrow(expect.objectContaining({ code: 'TENDON_ARGUMENT_INVALID' }))
    fails(() => gpioInput({ chip: '--help', line: 17 }))
    fails(() => gpioInput({ chip: 'gpiochip0', line: -1 }))
    fails(() => gpioInput({ chip: 'gpiochip0', line: 17, debounce: Number.NaN }))
    fails(() => gpioOutput({ chip: 'gpiochip0; reboot', line: 1 }))
  })
})
