import { describe, oneOf } from '../base/problem.ts'
import type { Radians, Seconds } from '../base/units.ts'
import { formatQuantity, parseQuantity, type Unit } from './quantity.ts'

/** What a parameter can hold. */
export type ParameterValue = number | boolean | string

/** A number in a range, in SI inside and in `unit` for people. */
export interface NumberSpec {
  readonly kind: 'number' | 'integer'
  readonly default: number
  /** Smallest and largest value, both allowed. Default: none. */
  readonly min?: number
  readonly max?: number
  /** The values lie this far apart, counted from `min`, or from 0 where there is none. */
  readonly step?: number
  /** A unit that Tendon can convert, such as `'deg'`, or any other word for people, such as `'retries'`. */
  readonly unit?: Unit | (string & {})
  readonly doc?: string
}

export interface FlagSpec {
  readonly kind: 'flag'
  readonly default: boolean
  readonly doc?: string
}

export interface ChoiceSpec<C extends string = string> {
  readonly kind: 'choice'
  readonly choices: readonly C[]
  readonly default: C
  readonly doc?: string
}

export interface TextSpec {
  readonly kind: 'text'
  readonly default: string
  /** In UTF-16 units, as `length` counts. */
  readonly maxLength: number
  /** What the whole text must match somewhere; anchor it with ^ and $. */
  readonly pattern?: RegExp
  readonly doc?: string
}

/** A declared parameter: a value of the robot that its owner may change while it runs, and that survives the process. */
export type ParameterSpec = NumberSpec | FlagSpec | ChoiceSpec | TextSpec
export type ParameterMap = Readonly<Record<string, ParameterSpec>>

/** The type of a parameter's value. */
export type ParameterValueOf<S> = S extends NumberSpec
  ? number
  : S extends FlagSpec
    ? boolean
    : S extends ChoiceSpec<infer C>
      ? C
      : S extends TextSpec
        ? string
        : never

/** The names of those parameters that are numbers: the ones that options can come from. */
export type NumericNames<P> = { [K in keyof P]: P[K] extends NumberSpec ? K : never }[keyof P] & string

type Options<S> = Omit<S, 'kind'>

/**
 * Declares parameters: `parameters: { cruise: param.number({ default: 0.5, min: 0.1, max: 1 }) }`. Wrong options, such as
 * a default outside of its range, are faults of the definition.
 */
export const param = {
  /** A finite number. */
  number: (options: Options<NumberSpec>): NumberSpec => ({ kind: 'number', ...options }),
  /** A whole number that a double holds exactly. */
  integer: (options: Options<NumberSpec>): NumberSpec => ({ kind: 'integer', ...options }),
  /** An angle in radians, in degrees for people: `param.angle({ default: deg(30), min: 0, max: deg(90) })`. */
  angle: (options: Omit<Options<NumberSpec>, 'unit'> & { readonly default: Radians }): NumberSpec => ({
    kind: 'number',
    unit: 'deg',
    ...options,
  }),
  /** A duration in seconds. */
  duration: (options: Omit<Options<NumberSpec>, 'unit'> & { readonly default: Seconds }): NumberSpec => ({
    kind: 'number',
    unit: 's',
    ...options,
  }),
  /** On or off. */
  flag: (options: Options<FlagSpec>): FlagSpec => ({ kind: 'flag', ...options }),
  /** One of these words. */
  choice: <const C extends string>(
    choices: readonly C[],
    options: { readonly default: NoInfer<C>; readonly doc?: string },
  ): ChoiceSpec<C> => ({ kind: 'choice', choices, ...options }),
  /** A text of a bounded length. */
  text: (options: Options<TextSpec>): TextSpec => ({ kind: 'text', ...options }),
} as const

/** Whether a parameter is a number. */
export const isNumeric = (spec: ParameterSpec): spec is NumberSpec => spec.kind === 'number' || spec.kind === 'integer'

/** Everything that is wrong with a value, each as the end of "it ..."; empty when it may be used. */
export function faultsOf(spec: ParameterSpec, value: unknown): string[] {
  if (isNumeric(spec)) return numberFaults(spec, value)
  switch (spec.kind) {
    case 'flag':
      return typeof value === 'boolean' ? [] : [`must be true or false, and is ${describe(value)}`]
    case 'choice':
      return spec.choices.includes(value as string) ? [] : [`must be ${oneOf(spec.choices)}, and is ${describe(value)}`]
    case 'text':
      return textFaults(spec, value)
  }
}

function numberFaults(spec: NumberSpec, value: unknown): string[] {
  const { kind, min, max, step, unit } = spec
  if (typeof value !== 'number') return [`must be a number, and is ${describe(value)}`]
  if (!Number.isFinite(value)) return [`must be a finite number, and is ${value}`]
  const shown = (number: number): string => formatQuantity(number, unit)
  const faults: string[] = []
  if (kind === 'integer' && !Number.isSafeInteger(value)) faults.push(`must be a whole number, and is ${shown(value)}`)
  if (min !== undefined && value < min) faults.push(`is ${shown(value)}, below its minimum ${shown(min)}`)
  if (max !== undefined && value > max) faults.push(`is ${shown(value)}, above its maximum ${shown(max)}`)
  if (step !== undefined && !isOnGrid(value - (min ?? 0), step))
    faults.push(`is ${shown(value)}, and goes in steps of ${shown(step)} from ${shown(min ?? 0)}`)
  return faults
}

/** Sums of steps are not exact in binary: a millionth of a step is forgiven. */
function isOnGrid(way: number, step: number): boolean {
  const steps = way / step
  return Math.abs(steps - Math.round(steps)) <= 1e-6
}

function textFaults({ maxLength, pattern }: TextSpec, value: unknown): string[] {
  if (typeof value !== 'string') return [`must be a text, and is ${describe(value)}`]
  const faults: string[] = []
  if (value.length > maxLength) faults.push(`has ${value.length} characters, and may have ${maxLength}`)
  if (pattern && !pattern.test(value)) faults.push(`does not match ${pattern}`)
  return faults
}

/** What a parameter takes, for people: `a number from 0 deg to 90 deg`. */
export function acceptedBy(spec: ParameterSpec): string {
  if (spec.kind === 'flag') return 'on or off'
  if (spec.kind === 'choice') return oneOf(spec.choices)
  if (spec.kind === 'text')
    return `at most ${spec.maxLength} characters${spec.pattern ? ` that match ${spec.pattern}` : ''}`
  const { kind, min, max, step, unit } = spec
  const shown = (number: number): string => formatQuantity(number, unit)
  const from = min === undefined ? '' : ` from ${shown(min)}`
  const to = max === undefined ? '' : ` to ${shown(max)}`
  const grid = step === undefined ? '' : ` in steps of ${shown(step)}`
  const units = unit === undefined || from !== '' || to !== '' ? '' : ` in ${unit}`
  return `a ${kind === 'integer' ? 'whole number' : 'number'}${units}${from}${to}${grid}`
}

/** A value as people read and type it: `30 deg`, `on`, `slow`. */
export function formatValue(spec: ParameterSpec, value: ParameterValue): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return isNumeric(spec) && typeof value === 'number' ? formatQuantity(value, spec.unit) : String(value)
}

const ON = ['on', 'true', 'yes']
const OFF = ['off', 'false', 'no']

/** Reads what a person typed as a value of this parameter, or says everything that is wrong with it. */
export function parseValue(
  spec: ParameterSpec,
  text: string,
): { readonly value: ParameterValue } | { readonly faults: readonly string[] } {
  const value = isNumeric(spec) ? parseQuantity(text, spec.unit) : { value: wordOf(spec, text) }
  if ('fault' in value) return { faults: [value.fault] }
  const faults = faultsOf(spec, value.value)
  return faults.length > 0 ? { faults } : value
}

function wordOf(spec: ParameterSpec, text: string): ParameterValue {
  const word = text.trim()
  if (spec.kind === 'text') return text
  if (spec.kind === 'choice') return word
  return ON.includes(word.toLowerCase()) ? true : OFF.includes(word.toLowerCase()) ? false : word
}
