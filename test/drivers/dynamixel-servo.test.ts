import { type DynamixelOptions, xc330, xc430, xl330, xl430, xm430, xm540 } from 'tendon/dynamixel'
import { describe, expect, it } from 'vitest'
import { putValue, valueIn, X_SERIES } from '../../src/drivers/dynamixel/registers.ts'
import { toAngle, toRawAcceleration, toRawPace, toRawPosition, toSpeed } from '../../src/drivers/dynamixel/units.ts'

describe('a Dynamixel servo of a definition', () => {
  it.each([
    [xl330('servos', 0), 'XL330-M288'],
    [xl330('servos', 0, { variant: 'M077' }), 'XL330-M077'],
    [xl430('servos', 0), 'XL430-W250'],
    [xm430('servos', 0), 'XM430-W350'],
    [xm540('servos', 0), 'XM540-W270'],
    [xc430('servos', 0), 'XC430-W150'],
    [xc330('servos', 252), 'XC330-T288'],
    [xc330('servos', 252, { variant: 'T181' }), 'XC330-T181'],
  ])('%o is a %s of the family, in position mode', (servo, model) => {
    expect(servo).toMatchObject({
      family: 'dynamixel',
      model,
      bus: 'servos',
      mode: 'position',
      ids: { min: 0, max: 252 },
    })
    expect(servo).not.toHaveProperty('shadows')
  })

  it.each([
    ['velocity', 'velocity'],
    ['position', 'position'],
    ['extended-position', 'position'],
    ['current-position', 'position'],
  ] as const)('with the mode %s takes a %s', (mode, takes) => {
    expect(xm430('servos', 1, { mode }).mode).toBe(takes)
  })

  it('names its shadows by their ids', () => {
    expect(xm430('servos', 2, { shadows: [3, { id: 4, mirrored: false }] }).shadows).toEqual([3, 4])
  })

  const bad: readonly (readonly [what: string, id: number, options: DynamixelOptions])[] = [
    ['an id above 252', 253, {}],
    ['an id that is no whole number', 1.5, {}],
    ['itself as its shadow', 2, { shadows: [2] }],
    ['a shadow twice', 2, { shadows: [3, 3] }],
    ['a shadow above 252', 2, { shadows: [254] }],
    ['pure current, which no joint of a definition has', 1, { mode: 'current' as never }],
    ['PWM, which no joint of a definition has', 1, { mode: 'pwm' as never }],
    ['a mode that there is not', 1, { mode: 'torque' as never }],
    ['a current without the mode for it', 1, { current: 0.5 }],
    ['no current', 1, { mode: 'current-position', current: 0 }],
    ['an acceleration of 0', 1, { acceleration: 0 }],
    ['a watchdog of 0 s', 1, { watchdog: 0 }],
    ['a watchdog above 2.54 s', 1, { watchdog: 2.55 }],
    ['a watchdog that is no number', 1, { watchdog: Number.NaN }],
    ['a gain above 16383', 1, { gains: { position: { p: 16_384 } } }],
    ['half a gain', 1, { gains: { velocity: { i: 0.5 } } }],
  ]
  it.each(bad)('refuses %s', (_, id, options) => {
    expect(() => xm430('servos', id, options)).toThrow(/TENDON_ARGUMENT_INVALID.*xm430\(\)/)
  })

  it.each([xl430, xc430])('that measures no current limits none', (servo) => {
    expect(() => servo('servos', 1, { mode: 'current-position' as never })).toThrow(/TENDON_ARGUMENT_INVALID/)
  })

  it('refuses a variant that there is not', () => {
    expect(() => xl330('servos', 1, { variant: 'M099' as never })).toThrow(/M288, M077/)
  })
})

describe('units and registers', () => {
  it('a turn is 4096 steps, 2048 is zero, a unit of speed 0.229 rpm and one of acceleration 214.577 rev/min^2', () => {
    expect([toRawPosition(0), toRawPosition(Math.PI / 2), toAngle(1024)]).toEqual([2048, 3072, -Math.PI / 2])
    expect(toSpeed(1)).toBeCloseTo(0.023_981, 5)
    expect(toSpeed(-100)).toBeCloseTo((-22.9 * 2 * Math.PI) / 60, 9)
    expect(toRawAcceleration(0.3745)).toBe(1)
    expect([toRawPace(undefined), toRawPace(0), toRawPace(1e9)]).toEqual([0, 1, 32_767])
  })

  it('hold two’s complement, low byte first, and refuse what does not fit', () => {
    const block = new Uint8Array(147)
    for (const [register, value] of [
      [X_SERIES.goal_position, -1_044_479],
      [X_SERIES.goal_current, -32_768],
      [X_SERIES.bus_watchdog, -1],
      [X_SERIES.profile_velocity, 4_294_967_295],
    ] as const) {
      putValue(block, 0, register, value)
      expect(valueIn(block, 0, register)).toBe(value)
    }
    expect([...block.subarray(116, 120)]).toEqual([0x01, 0x10, 0xf0, 0xff])
    for (const value of [128, -129, 0.5, Number.NaN])
      expect(() => putValue(block, 0, X_SERIES.bus_watchdog, value)).toThrow(/TENDON_ARGUMENT_INVALID/)
  })

  it('lie where the maker’s table has them, and none overlaps another but load and current', () => {
    const places = Object.values(X_SERIES)
      .filter(({ name }) => name !== 'present_load')
      .sort((a, b) => a.address - b.address)
    for (const [index, { address, size }] of places.entries())
      expect(places[index + 1]?.address ?? Infinity).toBeGreaterThanOrEqual(address + size)
    const { torque, bus_watchdog, goal_position, present_position } = X_SERIES
    expect([torque, bus_watchdog, goal_position, present_position].map(({ address }) => address)).toEqual([
      64, 98, 116, 132,
    ])
  })
})
