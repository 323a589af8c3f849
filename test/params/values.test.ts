import fc from 'fast-check'
import { deg, degPerSec, ms, type ParameterSpec, param } from 'tendon'
import { describe, expect, it } from 'vitest'
import { acceptedBy, faultsOf, formatValue, parseValue } from '../../src/define/parameter.ts'
import { formatQuantity, parseQuantity, unitNamed, unitsLike } from '../../src/define/quantity.ts'
import { boot } from '../kernel/fixture.ts'
import { desk, parameters } from './fixture.ts'

const { reach, patience, retries, cruise, quiet, pace, label } = parameters

describe('a text that a person typed', () => {
  it.each<[ParameterSpec, string, unknown]>([
    [reach, '30 deg', deg(30)],
    [reach, '90deg', deg(90)],
    [reach, ' 30 ° ', deg(30)],
    [reach, '0.5 rad', 0.5],
    [reach, '1e-1 radians', 0.1],
    [reach, '0', 0],
    [patience, '1500 ms', ms(1500)],
    [patience, '2 s', 2],
    [patience, '.5min', 30],
    [param.number({ default: 0, unit: 'mm' }), '20 cm', 0.2],
    [param.number({ default: 0, unit: 'deg/s' }), '10 rpm', (10 * Math.PI) / 30],
    [param.number({ default: 0, unit: 'deg/s' }), '-45 deg/s', degPerSec(-45)],
    [param.number({ default: 0, unit: '%' }), '40 %', 0.4],
    [param.number({ default: 0, unit: 'V' }), '7400 mV', 7.4],
    [param.number({ default: 0, unit: '°C' }), '40 C', 40],
    [param.number({ default: 0, unit: '°C' }), '40', 40],
    [retries, '7', 7],
    [retries, '7 times', 7],
    [cruise, '+0.25', 0.25],
    [quiet, 'on', true],
    [quiet, ' FALSE ', false],
    [pace, 'fast ', 'fast'],
    [label, 'bob', 'bob'],
  ])('%o from %j', (spec, text, value) => {
    expect(parseValue(spec, text)).toEqual({ value })
  })

  it.each<[ParameterSpec, string, RegExp]>([
    [reach, '30', /30 of what\?; write it in rad or deg/],
    [reach, '30 s', /'s' is not a unit of it; write it in rad or deg/],
    [reach, '30 degs', /'degs' is not a unit of it/],
    [reach, 'thirty deg', /'thirty deg' is not a number; write it in rad or deg/],
    [reach, '100 deg', /is 100 deg, above its maximum 90 deg/],
    [patience, '2', /2 of what\?; write it in s, ms, min or h/],
    [patience, '', /'' is not a number/],
    [cruise, '0.5 m', /it has no unit, so 'm' says nothing/],
    [cruise, 'Infinity', /is not a number/],
    [cruise, '0x1', /has no unit, so 'x1'/],
    [retries, '2.5', /must be a whole number/],
    [quiet, 'maybe', /must be true or false, and is maybe/],
    [pace, 'Fast', /must be slow or fast, and is Fast/],
    [label, ' bob', /does not match/],
  ])('%o does not take %j, and says what it takes', (spec, text, fault) => {
    const parsed = parseValue(spec, text)
    expect('faults' in parsed ? parsed.faults.join('; ') : parsed).toMatch(fault)
  })

  it('is read by robot.parameters.parse, whose error names all that is wrong and the range in units', async () => {
    const { robot } = await boot(desk)
    expect(robot.parameters.parse('reach', '45 deg')).toBe(deg(45))
    expect(() => robot.parameters.parse('reach', '95 deg')).toThrow(
      /TENDON_PARAMETER_INVALID: .*is 95 deg, above its maximum 90 deg.*a number from 0 deg to 90 deg/,
    )
  })
})

describe('what is shown', () => {
  it('has its unit and no dust of the conversion', async () => {
    const { robot, now } = await boot(desk)
    await now(robot.parameters.set('patience', 1.5))
    expect(robot.parameters.all().map(({ name, shown, accepts }) => [name, shown, accepts])).toEqual([
      ['cruise', '0.5', 'a number from 0.1 to 1'],
      ['reach', '30 deg', 'a number from 0 deg to 90 deg'],
      ['patience', '1.5 s', 'a number from 0.5 s to 60 s'],
      ['retries', '3 times', 'a whole number from 0 times to 10 times'],
      ['quiet', 'off', 'on or off'],
      ['pace', 'slow', 'slow or fast'],
      ['label', 'arm', 'at most 8 characters that match /^[a-z]+$/'],
    ])
  })

  it('typed in again is the same value, to the last digit of a double; for whole degrees exactly', () => {
    const units = ['rad', 's', 'm', 'rad/s', 'rad/s^2', 'V', 'Hz', 'm/s', 'kg', 'A', '%', '°C'].flatMap(unitsLike)
    const numbers = fc.double({ noNaN: true, min: -1e15, max: 1e15 }).filter((n) => n === 0 || Math.abs(n) > 1e-9)
    fc.assert(
      fc.property(fc.constantFrom(...units), numbers, (unit, value) => {
        const parsed = parseQuantity(formatQuantity(value, unit), unit)
        if (!('value' in parsed)) throw new Error(parsed.fault)
        expect(Math.abs(parsed.value - value)).toBeLessThanOrEqual(Math.abs(value) * 2 ** -51)
      }),
    )
    for (let degrees = -360; degrees <= 360; degrees++) {
      expect(formatQuantity(deg(degrees), 'deg')).toBe(`${degrees} deg`)
      expect(parseQuantity(`${degrees} deg`, 'deg')).toEqual({ value: deg(degrees) })
    }
  })

  it('a spelling that people use leads to one unit, and no two units share one', () => {
    expect(['°', 'degrees', 'deg'].map(unitNamed)).toEqual(['deg', 'deg', 'deg'])
    expect(unitNamed('degs')).toBeUndefined()
  })
})

describe('a value of a parameter with steps', () => {
  const spec = param.number({ default: 0.1, min: 0.1, max: 0.9, step: 0.1 })

  it('lies on them, whatever the rounding of their sum', () => {
    for (let i = 1; i <= 9; i++) expect(faultsOf(spec, i / 10)).toEqual([])
    expect(faultsOf(spec, 0.1 + 0.1 + 0.1)).toEqual([])
  })

  it('is refused between them, with where they are', () => {
    expect(faultsOf(spec, 0.15)).toEqual(['is 0.15, and goes in steps of 0.1 from 0.1'])
    expect(acceptedBy(spec)).toBe('a number from 0.1 to 0.9 in steps of 0.1')
  })

  it('has all of its problems told at once', () => {
    expect(faultsOf(param.integer({ default: 0, max: 4, step: 2 }), 5.5)).toHaveLength(3)
  })
})

it('a value of each kind is shown as parse reads it', () => {
  for (const spec of Object.values(parameters))
    expect(parseValue(spec, formatValue(spec, spec.default))).toEqual({ value: spec.default })
})
