/** Units that may stand behind a number, what they measure, and how much SI one of them is. */
const UNITS = {
  rad: { dimension: 'angle', si: 1 },
  deg: { dimension: 'angle', si: Math.PI / 180 },
  'rad/s': { dimension: 'turn rate', si: 1 },
  'deg/s': { dimension: 'turn rate', si: Math.PI / 180 },
  s: { dimension: 'time', si: 1 },
  ms: { dimension: 'time', si: 0.001 },
  min: { dimension: 'time', si: 60 },
  m: { dimension: 'length', si: 1 },
  cm: { dimension: 'length', si: 0.01 },
  mm: { dimension: 'length', si: 0.001 },
  'm/s': { dimension: 'speed', si: 1 },
  '%': { dimension: 'share', si: 0.01 },
} as const satisfies Readonly<Record<string, { readonly dimension: string; readonly si: number }>>

type Unit = keyof typeof UNITS

/** A number as somebody wrote it, brought to SI. */
export interface Quantity {
  readonly value: number
  /** Absent where none was written: the number is SI already. */
  readonly unit?: string
}

const isUnit = (text: string): text is Unit => Object.hasOwn(UNITS, text)

/** All units that can be written. */
export const unitNames: readonly string[] = Object.keys(UNITS)

/** What a unit measures; undefined for one that is not known. */
export const dimensionOf = (unit: string): string | undefined => (isUnit(unit) ? UNITS[unit].dimension : undefined)

/** The units of one dimension. */
export const unitsOf = (dimension: string): string[] => unitNames.filter((unit) => dimensionOf(unit) === dimension)

const NUMBER = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?) ?([a-z%/]*)$/i

/** Reads `30deg`, `0.4`, `-1.5e3ms`. Undefined for what does not begin with a number; `unknown` names a strange unit. */
export function quantityIn(text: string): Quantity | { readonly unknown: string } | undefined {
  const [, digits, unit = ''] = NUMBER.exec(text) ?? []
  if (digits === undefined) return undefined
  if (unit === '') return { value: Number(digits) }
  return isUnit(unit) ? { value: Number(digits) * UNITS[unit].si, unit } : { unknown: unit }
}
