import { describe, expect, it } from 'vitest'
import type { CardBus } from '../../../src/cli/control/card.ts'
import { linesBehind, type Said } from '../../../src/cli/stop-port/lines.ts'
import { UsageError } from '../../../src/cli/usage-error.ts'

const said = (more: Partial<Said> = {}): Said => ({
  port: '/dev/ttyUSB0',
  family: undefined,
  baudRate: undefined,
  ids: undefined,
  chip: undefined,
  ...more,
})
const onI2c = (more: Partial<Said> = {}): Said => said({ port: '/dev/i2c-1', ...more })
const bus = (family: string, ids: readonly number[], more: Partial<CardBus> = {}): CardBus => ({
  name: 'servos',
  family,
  port: '/dev/ttyUSB0',
  baudRate: 57_600,
  servos: ids.map((id) => ({ joint: `joint_${id}`, id })),
  ...more,
})
const upTo16 = Array.from({ length: 16 }, (_, i) => i + 1)
const channels = Array.from({ length: 16 }, (_, i) => i)

describe('who is told behind a serial port', () => {
  it('where nobody knows: every family, at the usual rate, and nobody is sure that the ids asked are all', () => {
    expect(linesBehind(said(), [])).toEqual([
      {
        port: '/dev/ttyUSB0',
        families: ['feetech', 'dynamixel'],
        unspoken: [],
        baudRate: 1_000_000,
        ids: upTo16,
        sure: false,
      },
    ])
  })

  it('by a card: its family, rate and ids', () => {
    expect(linesBehind(said(), [bus('dynamixel', [1, 3, 20])])).toMatchObject([
      { families: ['dynamixel'], baudRate: 57_600, ids: [1, 3, 20], sure: true },
    ])
  })

  it('by the flags before the card, except that the family of the card is told as well', () => {
    const flags = { family: 'feetech', baudRate: 115_200, ids: [7] }
    expect(linesBehind(said(flags), [bus('dynamixel', [1])])).toMatchObject([
      { families: ['dynamixel', 'feetech'], baudRate: 115_200, ids: [7], sure: true },
    ])
    expect(linesBehind(said({ family: 'all' }), [bus('dynamixel', [1])])).toMatchObject([
      { families: ['dynamixel', 'feetech'], ids: [1] },
    ])
    expect(linesBehind(said({ family: 'feetech' }), [])).toMatchObject([{ families: ['feetech'], sure: false }])
  })

  it('by the cards of two robots that had the port: the servos of both', () => {
    const cards = [bus('feetech', [1, 2], { baudRate: undefined }), bus('dynamixel', [2, 5])]
    expect(linesBehind(said(), cards)).toMatchObject([
      { families: ['feetech', 'dynamixel'], ids: [1, 2, 5], baudRate: 57_600 },
    ])
  })

  it('by a card of a driver from elsewhere: every family, and that one is named as not spoken', () => {
    expect(linesBehind(said(), [bus('lx16a', [1])])).toMatchObject([
      { families: ['feetech', 'dynamixel'], unspoken: ['lx16a'], ids: [1] },
    ])
  })

  it.each([
    [{ family: 'fetech' }, 'feetech'],
    [{ family: 'pca9685' }, 'Known'],
    [{ chip: 0x41 }, '/dev/i2c-1'],
  ])('not by %o', (flags, fix) => {
    const act = (): unknown => linesBehind(said(flags), [])
    expect(act).toThrow(UsageError)
    try {
      act()
    } catch (error) {
      expect((error as UsageError).fix).toContain(fix)
    }
  })
})

describe('who is told on an I2C bus', () => {
  it('every chip of the cards, each as a line of its own with all its channels', () => {
    const cards = [
      bus('pca9685', [0, 3], { port: '/dev/i2c-1', chip: 0x41 }),
      bus('pca9685', [0], { port: '/dev/i2c-1', chip: 0x40 }),
    ]
    expect(linesBehind(onI2c(), cards)).toMatchObject([
      { families: ['pca9685'], chip: 0x41, ids: channels, sure: true },
      { families: ['pca9685'], chip: 0x40, ids: channels, sure: true },
    ])
  })

  it('without a card the usual chip, and nobody is sure that it is the only one, unless --chip names it', () => {
    expect(linesBehind(onI2c(), [])).toMatchObject([{ chip: 0x40, ids: channels, sure: false }])
    expect(linesBehind(onI2c({ chip: 0x55, ids: [2] }), [])).toMatchObject([{ chip: 0x55, ids: [2], sure: true }])
  })

  it.each([{ family: 'feetech' }, { baudRate: 1_000_000 }])('not by %o', (flags) => {
    expect(() => linesBehind(onI2c(flags), [])).toThrow(UsageError)
  })
})
