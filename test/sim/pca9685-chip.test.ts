import { describe, expect, it } from 'vitest'
import { Pca9685Chip } from '../../src/sim/pca9685/chip.ts'

const OSCILLATOR = 25_000_000

/** A chip on a bus, as a host speaks to it; it is asleep, as after power-on. */
function onBus(address = 0x40) {
  const chip = new Pca9685Chip(address, OSCILLATOR)
  let now = 0
  const write = (...bytes: number[]): void => void chip.transact(address, Uint8Array.from(bytes), 0, now)
  const read = (register: number, count = 1): number[] => [
    ...chip.transact(address, Uint8Array.of(register), count, now),
  ]
  const pass = (seconds: number): void => {
    now += seconds
  }
  /** Pulse in microseconds. */
  const pulse = (channel: number): number | undefined => {
    const length = chip.pulse(channel)
    return length === undefined ? undefined : Math.round(length * 1e6)
  }
  return { chip, write, read, pass, pulse }
}

/** Awake at 50 Hz, with auto-increment. */
function awake() {
  const bus = onBus()
  bus.write(0xfe, 121)
  bus.write(0x00, 0x20)
  bus.pass(0.001)
  return bus
}

const MIDDLE = [0, 0, 0x33, 0x01]

describe('after power-on', () => {
  it('the chip sleeps, every channel is fully off, and the prescaler is that of 200 Hz', () => {
    const { read, pulse } = onBus()
    expect(read(0x00)).toEqual([0x11])
    expect(read(0x01)).toEqual([0x04])
    expect(read(0xfe)).toEqual([0x1e])
    for (let channel = 0; channel < 16; channel++) {
      expect(read(0x09 + 4 * channel)).toEqual([0x10])
      expect(pulse(channel)).toBeUndefined()
    }
  })
})

describe('the prescaler', () => {
  it('takes a value only while the chip sleeps, and none below 3', () => {
    const { write, read } = onBus()
    write(0xfe, 121)
    expect(read(0xfe)).toEqual([121])
    write(0x00, 0x20)
    write(0xfe, 60)
    expect(read(0xfe)).toEqual([121])
    write(0x00, 0x10)
    write(0xfe, 1)
    expect(read(0xfe)).toEqual([3])
  })

  it('makes the length of pulses', () => {
    const { write, pulse } = awake()
    write(0x06, ...MIDDLE)
    // 307 ticks of 122 / 25 MHz.
    expect(pulse(0)).toBe(1498)
  })
})

describe('a channel', () => {
  it('is fully off whatever else its registers say', () => {
    const { write, pulse } = awake()
    write(0x06, 0, 0x10, 0x33, 0x11)
    expect(pulse(0)).toBeUndefined()
  })

  it('that is fully on sends a level, which is no pulse', () => {
    const { write, pulse } = awake()
    write(0x06, 0, 0x10, 0x33, 0x01)
    expect(pulse(0)).toBeUndefined()
  })

  it('begins its pulse where ON says', () => {
    const { write, pulse } = awake()
    write(0x06, 0, 1, 0x33, 0x02)
    expect(pulse(0)).toBe(1498)
  })

  it('sends nothing while the chip sleeps', () => {
    const { write, pulse } = awake()
    write(0x06, ...MIDDLE)
    write(0x00, 0x30)
    expect(pulse(0)).toBeUndefined()
  })
})

describe('several bytes in one transaction', () => {
  it('go to consecutive registers with auto-increment, and to one and the same without', () => {
    const { write, read } = awake()
    write(0x06, ...MIDDLE, ...MIDDLE)
    expect(read(0x06, 8)).toEqual([...MIDDLE, ...MIDDLE])
    write(0x00, 0x00)
    write(0x06, 1, 2, 3)
    expect(read(0x06)).toEqual([3])
    expect(read(0x07)).toEqual([0])
  })

  it('go on with the first register behind the last channel', () => {
    const { write, read } = awake()
    write(0x45, 0x10, 0x21)
    expect(read(0x00)).toEqual([0x21])
  })
})

describe('the registers of all channels', () => {
  it('write every channel, and read 0', () => {
    const { write, read, pulse } = awake()
    for (let channel = 0; channel < 16; channel++) write(0x06 + 4 * channel, ...MIDDLE)
    write(0xfd, 0x10)
    for (let channel = 0; channel < 16; channel++) expect(pulse(channel)).toBeUndefined()
    expect(read(0xfd)).toEqual([0])
    expect(read(0x09)).toEqual([0x10])
  })
})

describe('RESTART', () => {
  it('shows that pulses ran when the chip was put to sleep, and writing it lets them go on', () => {
    const { write, read, pass, pulse } = awake()
    write(0x06, ...MIDDLE)
    write(0x00, 0x30)
    expect(read(0x00)).toEqual([0xb0])
    write(0x00, 0x20)
    expect(pulse(0)).toBeUndefined()
    pass(0.0005)
    write(0x00, 0xa0)
    expect(pulse(0)).toBe(1498)
    expect(read(0x00)).toEqual([0x20])
  })

  it('does nothing before the oscillator is stable', () => {
    const { write, pass, pulse } = awake()
    write(0x06, ...MIDDLE)
    write(0x00, 0x30)
    write(0x00, 0x20)
    pass(0.0004)
    write(0x00, 0xa0)
    expect(pulse(0)).toBeUndefined()
  })
})

describe('addresses', () => {
  it('are its own and, until it is switched off, the all-call', () => {
    const { chip, write } = onBus(0x41)
    expect([0x40, 0x41, 0x70].map((address) => chip.answersTo(address))).toEqual([false, true, true])
    write(0x00, 0x20)
    expect(chip.answersTo(0x70)).toBe(false)
  })

  it('include the general call, which resets it', () => {
    const { chip, write, read, pulse } = awake()
    write(0x06, ...MIDDLE)
    chip.transact(0, Uint8Array.of(0x06), 0, 0)
    expect(read(0x00)).toEqual([0x11])
    expect(pulse(0)).toBeUndefined()
  })
})

describe('the OE pin', () => {
  it('takes the pulses from every pin while it is high, and leaves the registers alone', () => {
    const { chip, write, read, pulse } = awake()
    write(0x06, ...MIDDLE)
    chip.outputsOff = true
    expect(pulse(0)).toBeUndefined()
    expect(read(0x06, 4)).toEqual(MIDDLE)
    chip.outputsOff = false
    expect(pulse(0)).toBe(1498)
  })
})

describe('the external clock', () => {
  it('can be chosen only asleep, and stays until the supply goes', () => {
    const { chip, write, read } = onBus()
    write(0x00, 0x50)
    write(0x00, 0x20)
    expect(read(0x00)).toEqual([0x60])
    chip.reset()
    expect(read(0x00)).toEqual([0x11])
  })
})
