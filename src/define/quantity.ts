import { oneOf } from '../base/problem.ts'

/** One way to write a quantity. In SI it is `value * times / per`, in this order, as the functions of `units.ts` do. */
interface UnitRow {
  readonly quantity: string
  readonly times: number
  readonly per: number
  /** Other spellings that people type. */
  readonly also?: readonly string[]
}

const row = (quantity: string, times = 1, per = 1, also: readonly string[] = []): UnitRow => ({
  quantity,
  times,
  per,
  also,
})

/** Every unit that a value can be written in. The first one of a quantity is its SI unit, in which Tendon computes. */
const table = {
  rad: row('angle', 1, 1, ['radian', 'radians']),
  deg: row('angle', Math.PI, 180, ['°', 'degree', 'degrees']),
  'rad/s': row('angular velocity'),
  'deg/s': row('angular velocity', Math.PI, 180, ['°/s', 'degrees/s']),
  rpm: row('angular velocity', Math.PI, 30, ['rev/min']),
  'rad/s^2': row('angular acceleration', 1, 1, ['rad/s2', 'rad/s²']),
  'deg/s^2': row('angular acceleration', Math.PI, 180, ['deg/s2', 'deg/s²', '°/s²']),
  s: row('duration', 1, 1, ['sec', 'second', 'seconds']),
  ms: row('duration', 1, 1000, ['msec', 'millisecond', 'milliseconds']),
  min: row('duration', 60, 1, ['minute', 'minutes']),
  h: row('duration', 3600, 1, ['hour', 'hours']),
  m: row('length', 1, 1, ['metre', 'metres', 'meter', 'meters']),
  cm: row('length', 1, 100, ['centimetre', 'centimetres', 'centimeter', 'centimeters']),
  mm: row('length', 1, 1000, ['millimetre', 'millimetres', 'millimeter', 'millimeters']),
  'm/s': row('speed'),
  'mm/s': row('speed', 1, 1000),
  Hz: row('frequency', 1, 1, ['hz']),
  kg: row('mass', 1, 1, ['kilogram', 'kilograms']),
  g: row('mass', 1, 1000, ['gram', 'grams']),
  V: row('voltage', 1, 1, ['volt', 'volts']),
  mV: row('voltage', 1, 1000),
  A: row('current', 1, 1, ['ampere', 'amperes']),
  mA: row('current', 1, 1000),
  N: row('force', 1, 1, ['newton', 'newtons']),
  Nm: row('torque', 1, 1, ['N*m', 'N·m']),
  // Tendon speaks of temperatures in degrees Celsius throughout, as servos do.
  '°C': row('temperature', 1, 1, ['C', 'degC', 'celsius']),
  '%': row('share', 1, 100, ['percent']),
} as const satisfies Record<string, UnitRow>

/** A unit that Tendon can convert. */
export type Unit = keyof typeof table

const units = new Map<string, UnitRow>(Object.entries(table))
const spellings = new Map<string, string>(
  [...units].flatMap(([name, { also = [] }]) => [name, ...also].map((spelling) => [spelling, name] as const)),
)

/** The unit that is written so; undefined for anything that cannot be converted. */
export const unitNamed = (spelling: string): Unit | undefined => spellings.get(spelling) as Unit | undefined

/** The units in which a value of this unit can be written, the SI unit first; itself alone for one of no known kind. */
export function unitsLike(unit: string): readonly string[] {
  const known = units.get(unit)
  if (!known) return [unit]
  return [...units].filter(([, { quantity }]) => quantity === known.quantity).map(([name]) => name)
}

/** A value in SI as a number of this unit, without the dust of the conversion: `deg(30)` is 30. */
function inUnit(value: number, unit: string): number {
  const known = units.get(unit)
  if (!known) return value
  const { times, per } = known
  const exact = (value * per) / times
  const neat = Number(exact.toPrecision(12))
  // Rounded only where that is the same value: what is shown, typed in again, must be what it was.
  return (neat * times) / per === value ? neat : exact
}

/** A value in SI for people: `30 deg`. */
export function formatQuantity(value: number, unit: string | undefined): string {
  return unit === undefined ? String(value) : `${inUnit(value, unit)} ${unit}`
}

/** A quantity that was read, in SI, or why it could not be. */
export type ParsedQuantity = { readonly value: number } | { readonly fault: string }

const NUMBER = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*)$/

/**
 * Reads `30deg`, `0.5 rad`, `1500 ms` as a value in SI. A number alone is taken only where it can mean one thing: zero,
 * and values whose quantity has a single unit, or none.
 */
export function parseQuantity(text: string, unit: string | undefined): ParsedQuantity {
  const [, digits, suffix = ''] = NUMBER.exec(text.trim()) ?? []
  if (digits === undefined) return { fault: `'${text}' is not a number${unit === undefined ? '' : wanted(unit)}` }
  const number = Number(digits)
  if (unit === undefined)
    return suffix === '' ? { value: number } : { fault: `it has no unit, so '${suffix}' says nothing` }
  const accepted = unitsLike(unit)
  if (suffix === '' && (accepted.length === 1 || number === 0)) return { value: toSi(number, unit) }
  if (suffix === '') return { fault: `${digits} of what?${wanted(unit)}` }
  const named = suffix === unit ? unit : unitNamed(suffix)
  if (named === undefined || !accepted.includes(named))
    return { fault: `'${suffix}' is not a unit of it${wanted(unit)}` }
  return { value: toSi(number, named) }
}

function toSi(number: number, unit: string): number {
  const known = units.get(unit)
  return known ? (number * known.times) / known.per : number
}

const wanted = (unit: string): string => `; write it in ${oneOf(unitsLike(unit))}`
