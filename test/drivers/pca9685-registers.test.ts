import { describe, expect, it } from 'vitest'
import { type Problem, TendonError } from '../../src/base/problem.ts'
import { problem } from '../../src/base/problems/index.ts'
import type { DigitalOutput } from '../../src/device/digital-input.ts'
import type { ServoMount, StopPlan } from '../../src/device/servo-bus.ts'
import { type Pca9685Options, pca9685 } from '../../src/drivers/pca9685/bus.ts'
import { type HobbyServoOptions, hobbyServo } from '../../src/drivers/pca9685/hobby-servo.ts'
import { pulseBytes, timingOf } from '../../src/drivers/pca9685/registers.ts'
import { VirtualClock } from '../../src/testing/index.ts'
import { MemoryTransport } from '../../src/transports/memory.ts'
import { RegisterChip } from './register-chip.ts'

const mount = (channel: number, options: Partial<HobbyServoOptions> = {}): ServoMount => ({
  joint: `joint_${channel}`,
  servo: hobbyServo('pwm', channel, { speed: 5, assumed: 0, ...options }),
})

/** A driver on a chip that only remembers; open, and nothing logged yet. */
async function opened(mounts: readonly ServoMount[], options: Partial<Pca9685Options> = {}) {
  const chip = new RegisterChip()
  const clock = new VirtualClock()
  const port = new MemoryTransport({ connect: chip.connect, address: '/dev/i2c-1' })
  const bus = pca9685({ port, ...options }).create({ clock }, mounts)
  await clock.run(bus.open())
  chip.take()
  const run = <T>(promise: Promise<T>): Promise<T> => clock.run(promise)
  return { chip, clock, port, bus, run }
}

/** The same with pulses on every channel. */
async function powered(mounts: readonly ServoMount[], options: Partial<Pca9685Options> = {}) {
  const rig = await opened(mounts, options)
  const ids = mounts.map(({ servo }) => servo.id)
  expect(await rig.run(rig.bus.setTorque(ids, true))).toEqual(new Set(ids))
  rig.chip.take()
  return rig
}

const nominal = { oscillator: 25_000_000, trim: 1 }

describe('the prescaler', () => {
  it.each([
    [24, 253],
    [50, 121],
    [60, 101],
    [100, 60],
    [200, 30],
    [1526, 3],
  ])('for %i Hz is %i', (frequency, prescale) => {
    expect(timingOf({ ...nominal, frequency }).prescale).toBe(prescale)
  })

  it('makes up for an oscillator that runs fast', () => {
    // 25 MHz + 4 % at 50 Hz: 26e6 / (4096 x 50) - 1 = 125.95
    const { prescale, tick } = timingOf({ frequency: 50, oscillator: 25_000_000, trim: 1.04 })
    expect(prescale).toBe(126)
    expect(tick).toBeCloseTo(127 / 26e6, 12)
  })

  it.each([23, 1700, 0, Number.NaN, -50])('for %d Hz does not exist', (frequency) => {
    expect(() => timingOf({ ...nominal, frequency })).toThrow(
      expect.objectContaining({ code: 'TENDON_ARGUMENT_INVALID' }),
    )
  })
})

describe('a pulse at 50 Hz', () => {
  it.each([
    [500, 102],
    [1000, 205],
    [1500, 307],
    [2000, 410],
    [2500, 512],
  ])('of %i us lasts %i ticks', (pulse, ticks) => {
    const bytes = pulseBytes(pulse * 1e-6, timingOf({ ...nominal, frequency: 50 }))
    expect([...bytes]).toEqual([0, 0, ticks & 0xff, ticks >> 8])
  })
})

describe('opening', () => {
  it('only asks: what the chip does, and what its channels send', async () => {
    const chip = new RegisterChip()
    const clock = new VirtualClock()
    const bus = pca9685({ port: new MemoryTransport({ connect: chip.connect }) }).create({ clock }, [
      mount(1),
      mount(3),
    ])
    await clock.run(bus.open())
    expect(chip.take()).toEqual(['r 00 1', 'r 0a 12'])
  })

  it('is refused when nobody answers at the address', async () => {
    const chip = new RegisterChip()
    chip.state = 1
    const clock = new VirtualClock()
    const port = new MemoryTransport({ connect: chip.connect, address: '/dev/i2c-1' })
    const bus = pca9685({ port }).create({ clock }, [mount(0)])
    await expect(clock.run(bus.open())).rejects.toMatchObject({
      code: 'TENDON_PCA9685_SILENT',
      problem: { fix: 'Run i2cdetect -y 1 and look for 40 in its table.', power: 'unknown' },
    })
    expect(bus.isOpen).toBe(false)
    expect(clock.pending).toBe(0)
  })

  it('takes a servo to be where the chip was found holding it', async () => {
    const chip = new RegisterChip()
    chip.registers.set([0x20, 0x04], 0x00)
    chip.registers[0xfe] = 121
    chip.registers.set([0, 0, 410 & 0xff, 410 >> 8], 0x06)
    const clock = new VirtualClock()
    const port = new MemoryTransport({ connect: chip.connect })
    const bus = pca9685({ port }).create({ clock }, [mount(0)])
    await clock.run(bus.open())
    const sample = (await clock.run(bus.readStatus())).get(0)
    // 410 ticks of 4.88 us are 2000.8 us, a quarter of the travel beyond the middle.
    expect(sample?.position).toBeCloseTo(Math.PI / 4, 2)
    expect(sample?.powered).toBe(true)
  })
})

describe('configuring', () => {
  it('sleeps, writes the prescaler, wakes, waits, restarts with auto-increment, and reads all of it back', async () => {
    const { chip, clock, bus, run } = await opened([mount(0)])
    const at: [string, number][] = []
    chip.onTransaction = (text) => at.push([text, clock.now()])
    await run(bus.configure(0))
    expect(chip.take()).toEqual([
      ...['r 00 1', 'r 01 1', 'r fe 1'],
      ...['w 00 10', 'w fd 10', 'w fe 79', 'w 01 04', 'w 00 20', 'w 00 a0'],
      ...['r 00 1', 'r 01 1', 'r fe 1'],
    ])
    const when = (text: string): number => at.find(([seen]) => seen === text)?.[1] ?? Number.NaN
    expect(when('w 00 a0') - when('w 00 20')).toBeGreaterThanOrEqual(0.0005)
  })

  it('leaves a chip alone that is as it must be, because its pulses stop while it sleeps', async () => {
    const { chip, bus, run } = await opened([mount(0)])
    await run(bus.configure(0))
    chip.take()
    await run(bus.configure(0))
    expect(chip.take()).toEqual(['r 00 1', 'r 01 1', 'r fe 1'])
  })

  it('names the register that does not take its value', async () => {
    const { chip, bus, run } = await opened([mount(0)])
    chip.stuck.add(0xfe)
    await expect(run(bus.configure(0))).rejects.toMatchObject({
      code: 'TENDON_REGISTER_NOT_TAKEN',
      problem: { facts: { register: 'PRE_SCALE', wanted: 121, got: 30, joint: 'joint_0' } },
    })
  })
})

describe('power', () => {
  it('on is the pulse of the assumed place, each channel written and read back', async () => {
    const { chip, bus, run } = await opened([mount(2, { assumed: -Math.PI / 4 }), mount(3)])
    await run(bus.configure(2))
    chip.take()
    expect(await run(bus.setTorque([2, 3], true))).toEqual(new Set([2, 3]))
    expect(chip.take().filter((text) => !/^r (00|01|fe) /.test(text))).toEqual([
      ...['w 0e 00 00 cd 00', 'r 0e 4'], // 205 ticks: 1000 us
      ...['w 12 00 00 33 01', 'r 12 4'], // 307 ticks: 1500 us
    ])
  })

  it('on is not confirmed where the chip does not send what it was told', async () => {
    const { chip, bus, run } = await opened([mount(0), mount(1)])
    chip.stuck.add(0x09)
    expect(await run(bus.setTorque([0, 1], true))).toEqual(new Set([1]))
  })

  it('off is the full-off bit of one channel, read back', async () => {
    const { chip, bus, run } = await powered([mount(0), mount(1)])
    expect(await run(bus.setTorque([1], false))).toEqual(new Set([1]))
    expect(chip.take()).toEqual(['w 0d 10', 'r 0a 4'])
    expect(chip.channel(0)).toEqual([0, 0, 0x33, 0x01])
    expect(await run(bus.readTorque(0))).toBe(true)
    expect(await run(bus.readTorque(1))).toBe(false)
  })

  it('off of every servo is one write for all channels', async () => {
    const { chip, bus, run } = await powered([mount(0), mount(1)])
    expect(await run(bus.setTorque([0, 1], false))).toEqual(new Set([0, 1]))
    expect(chip.take()).toEqual(['w fd 10', 'r 06 4', 'r 0a 4'])
  })

  it('off is not confirmed by a chip that does not answer', async () => {
    const { chip, bus, run } = await powered([mount(0)])
    chip.state = 1
    expect(await run(bus.setTorque([0], false))).toEqual(new Set())
    expect(await run(bus.readTorque(0))).toBeUndefined()
  })
})

describe('setpoints', () => {
  it('of neighbouring channels are one write, whatever their order; another run is a second one', async () => {
    const { chip, bus, run } = await powered([mount(0), mount(1), mount(2), mount(7)])
    const [quarter, middle] = [Math.PI / 4, 0]
    await run(
      bus.writeSetpoints([
        { id: 7, position: -quarter },
        { id: 1, position: middle },
        { id: 0, position: quarter },
      ]),
    )
    expect(chip.take()).toEqual(['w 06 00 00 9a 01 00 00 33 01', 'w 22 00 00 cd 00'])
    expect(chip.written.at(-1)?.length).toBe(6 + 9 + 6 + 5)
  })

  it.each([Math.PI / 2 + 0.01, -Math.PI / 2 - 0.01, Number.NaN, Infinity])(
    'at %d rad are refused and never clamped, and none of the same call is written',
    async (position) => {
      const { chip, bus, run } = await powered([mount(0), mount(1)])
      await expect(
        run(
          bus.writeSetpoints([
            { id: 0, position: 0.1 },
            { id: 1, position },
          ]),
        ),
      ).rejects.toMatchObject({ code: 'TENDON_SETPOINT_INVALID', problem: { facts: { joint: 'joint_1' } } })
      expect(chip.take()).toEqual([])
    },
  )

  it('at the ends of the travel are the shortest and the longest pulse', async () => {
    const { chip, bus, run } = await powered([mount(0, { pulse: [1000, 2000], travel: Math.PI / 2 }), mount(1)])
    await run(
      bus.writeSetpoints([
        { id: 0, position: Math.PI / 4 },
        { id: 1, position: -Math.PI / 2 },
      ]),
    )
    expect(chip.channel(0)).toEqual([0, 0, 410 & 0xff, 410 >> 8])
    expect(chip.channel(1)).toEqual([0, 0, 102, 0])
  })

  it('for a channel without pulses are refused, because a pulse is power', async () => {
    const { chip, bus, run } = await opened([mount(0)])
    await expect(run(bus.writeSetpoints([{ id: 0, position: 0.1 }]))).rejects.toMatchObject({
      code: 'TENDON_PWM_CHANNEL_OFF',
    })
    expect(chip.take()).toEqual([])
  })
})

describe('a stop', () => {
  const all: StopPlan = { cut: [0, 1, 4], freeze: [] }

  it('of everything is one write of two bytes, handed over before it returns, and once more', async () => {
    const { chip, clock, bus } = await powered([mount(0), mount(1), mount(4)])
    const before = chip.written.length
    bus.stop(all)
    await clock.advance(0)
    expect(chip.written.slice(before).map((record) => [...record.subarray(5, -1)])[0]).toEqual([0xfd, 0x10])
    await clock.advance(0.01)
    expect(chip.take()).toEqual(['w fd 10', 'w fd 10'])
  })

  it('gives a guard just those two bytes', async () => {
    const { bus } = await powered([mount(0), mount(1), mount(4)])
    expect([...bus.stopFrame(all)]).toEqual([0xfd, 0x10])
  })

  it('that freezes some is one write from the first channel to the last; those between and those cut send nothing', async () => {
    const { chip, clock, bus, run } = await powered([mount(0), mount(1), mount(4)])
    await run(bus.writeSetpoints([{ id: 1, position: Math.PI / 4 }]))
    await clock.advance(1)
    chip.take()
    const plan: StopPlan = { cut: [0, 4], freeze: [{ id: 1, position: Math.PI / 4 }] }
    bus.stop(plan)
    await clock.advance(0.01)
    const off = '00 00 00 10'
    const frame = `06 ${off} 00 00 9a 01 ${off} ${off} ${off}`
    expect(chip.take()).toEqual([`w ${frame}`, `w ${frame}`])
    expect(Buffer.from(bus.stopFrame(plan)).toString('hex')).toBe(frame.replaceAll(' ', ''))
  })

  it('keeps the last pulse of a servo that is about to be there, so that it does not jerk back', async () => {
    const { chip, clock, bus, run } = await powered([mount(0)])
    await run(bus.writeSetpoints([{ id: 0, position: 0.1 }]))
    const last = chip.channel(0)
    bus.stop({ cut: [], freeze: [{ id: 0, position: 0.02 }] })
    await clock.advance(0.01)
    expect(chip.channel(0)).toEqual(last)
  })

  it('stops a servo on a long way where it is by then', async () => {
    const { chip, clock, bus, run } = await powered([mount(0)])
    await run(bus.writeSetpoints([{ id: 0, position: 1.5 }]))
    await clock.advance(0.1)
    const { position } = (await run(bus.readMotion())).get(0) ?? { position: Number.NaN }
    expect(position).toBeCloseTo(0.5, 1)
    bus.stop({ cut: [], freeze: [{ id: 0, position }] })
    await clock.advance(0.01)
    expect(chip.channel(0)).toEqual([
      ...pulseBytes((1500 + (position / Math.PI) * 2000) * 1e-6, timingOf({ ...nominal, frequency: 50 })),
    ])
  })
})

describe('a reading', () => {
  it('is estimated: the servo turns at its own speed to where it was told, and is powered as the chip says', async () => {
    const { clock, bus, run } = await powered([mount(0)])
    await run(bus.writeSetpoints([{ id: 0, position: 1 }]))
    await clock.advance(0.1)
    const moving = (await run(bus.readStatus())).get(0)
    expect(moving).toMatchObject({ estimated: true, powered: true, load: 0 })
    expect(moving?.position).toBeCloseTo(0.5, 1)
    await clock.advance(0.3)
    expect((await run(bus.readStatus())).get(0)?.position).toBe(1)
  })

  it('has no servo at all when the chip does not answer, and is complete when it does again', async () => {
    const { chip, bus, run } = await powered([mount(0), mount(1)])
    chip.state = 1
    expect((await run(bus.readMotion())).size).toBe(0)
    chip.state = 0
    expect((await run(bus.readMotion())).size).toBe(2)
  })

  it('says that there is no power once the chip has started anew', async () => {
    const { chip, bus, run } = await powered([mount(0)])
    chip.registers[0] = 0x11
    expect((await run(bus.readMotion())).get(0)?.powered).toBe(false)
  })
})

describe('an inspection', () => {
  it('tells what the chip does, and leaves out what nobody measures', async () => {
    const { bus, run } = await powered([mount(0)])
    const seen = await run(bus.inspect(0))
    expect(seen).toMatchObject({ model: 'hobby servo', powered: true, mismatches: [], alarms: [] })
    expect(seen).not.toHaveProperty('voltage')
    expect(seen).not.toHaveProperty('temperature')
  })

  it('finds a chip that takes its clock from a pin', async () => {
    const { chip, bus, run } = await powered([mount(0)])
    chip.registers[0] = 0x60
    expect((await run(bus.inspect(0))).mismatches).toEqual([{ register: 'MODE1.EXTCLK', expected: 0, actual: 1 }])
  })
})

describe('a definition', () => {
  const fails = (make: () => unknown): void =>
    expect(make).toThrow(expect.objectContaining({ code: 'TENDON_ARGUMENT_INVALID' }))
  const port = new MemoryTransport({ connect: () => {} })

  it('refuses addresses, channels, pulses and places that cannot be', () => {
    fails(() => pca9685({ port, address: 0x20 }))
    fails(() => pca9685({ port, address: 0x70 }))
    fails(() => pca9685({ port, trim: 2 }))
    fails(() => mount(16))
    fails(() => mount(0, { pulse: [2500, 500] }))
    fails(() => mount(0, { speed: 0 }))
    fails(() => mount(0, { assumed: 2 }))
  })

  it('refuses pulses that are longer than a period', () => {
    fails(() => pca9685({ port, frequency: 400 }).create({ clock: new VirtualClock() }, [mount(0)]))
  })
})

describe('the output-enable wire', () => {
  /** A wire that writes down what it is told, and can be lost. */
  function fakeWire() {
    const told: string[] = []
    let lose: (problem: Problem) => void = () => {}
    let open = true
    const wire: DigitalOutput = {
      kind: 'fake',
      address: 'OE',
      open: async () => ({
        get isOpen() {
          return open
        },
        drive: (level) => {
          if (!open) throw new TendonError(problem('TENDON_LINK_CLOSED', { port: 'OE' }))
          told.push(level)
        },
        onLost: (listener) => {
          lose = listener
          return () => {}
        },
        close: async () => void told.push('closed'),
      }),
    }
    const lost = (): void => {
      open = false
      lose(problem('TENDON_LINK_LOST', { port: 'OE', reason: 'its program has ended' }))
    }
    return { wire, told, lost }
  }

  it('is high from the opening on, low while a servo has pulses, high when none has, and let go at the end', async () => {
    const { wire, told } = fakeWire()
    const { bus, run } = await opened([mount(0), mount(1)], { outputEnable: wire })
    expect(told).toEqual(['high'])
    await run(bus.setTorque([0, 1], true))
    expect(told).toEqual(['high', 'low'])
    await run(bus.setTorque([0], false))
    expect(told).toEqual(['high', 'low'])
    await run(bus.setTorque([0, 1], false))
    expect(told).toEqual(['high', 'low', 'high'])
    await run(bus.close())
    expect(told.at(-1)).toBe('closed')
  })

  it('goes high within a stop of everything, even when the bus takes no bytes any more', async () => {
    const { wire, told } = fakeWire()
    const { bus, port } = await powered([mount(0), mount(1)], { outputEnable: wire })
    port.unplug()
    try {
      bus.stop({ cut: [0, 1], freeze: [] })
    } catch {
      // The bus is gone, and says so.
    }
    expect(told.at(-1)).toBe('high')
  })

  it('that is lost is an alarm and no power, and nothing is powered without it', async () => {
    const { wire, lost } = fakeWire()
    const { bus, run } = await powered([mount(0)], { outputEnable: wire })
    lost()
    expect((await run(bus.readStatus())).get(0)).toMatchObject({ powered: false, alarms: ['output_enable_lost'] })
    expect((await run(bus.inspect(0))).alarms).toEqual(['output_enable_lost'])
    await run(bus.setTorque([0], false))
    expect(await run(bus.setTorque([0], true))).toEqual(new Set())
  })
})
