import type { FromParam } from '../base/from-param.ts'
import { nearNames, oneOf } from '../base/problem.ts'
import { checkKnown, type Report } from './faults.ts'
import { isName } from './names.ts'
import {
  faultsOf,
  isNumeric,
  type NumberSpec,
  type ParameterMap,
  type ParameterSpec,
  type TextSpec,
} from './parameter.ts'
import { formatQuantity, type Unit, unitNamed, unitsLike } from './quantity.ts'
import type { RobotSpec } from './robot-model.ts'

/** What an option takes, where a parameter gives it. Bounds that are not named are not asked of the parameter. */
export interface OptionRange {
  /** The parameter must not go below it; with `isAbove`, not even reach it. */
  readonly min?: number
  readonly isAbove?: boolean
  readonly max?: number
  /** The parameter needs a maximum, whatever it is. */
  readonly hasMax?: boolean
  /** The unit of what is wanted; a parameter of another quantity is a mistake. */
  readonly unit?: Unit
}

/** What each option that can come from a parameter takes. */
export const optionRanges = {
  deadline: { min: 0, isAbove: true, unit: 's' },
  grace: { min: 0, unit: 's' },
  priority: {},
  speed: { min: 0, isAbove: true, max: 1, unit: '%' },
  velocity: { min: 0, isAbove: true, hasMax: true, unit: 'rad/s' },
  acceleration: { min: 0, isAbove: true, hasMax: true, unit: 'rad/s^2' },
} as const satisfies Record<string, OptionRange>

/** Checks the declared parameters, and the joints whose limits come from one. */
export function checkParameters({ parameters = {}, pacedBy = {} }: RobotSpec, report: Report): void {
  for (const [name, spec] of Object.entries(parameters)) {
    const path = `parameters.${name}`
    if (!isName(name)) report(path, `'${name}' is not a name.`, 'Use letters, digits and _, beginning with a letter.')
    if (isNumeric(spec)) checkNumber(path, spec, report)
    if (spec.kind === 'choice') checkChoices(path, spec.choices, report)
    if (spec.kind === 'text') checkText(path, spec, report)
    for (const fault of faultsOf(spec, spec.default))
      report(`${path}.default`, `it ${fault}.`, 'Give a default that is a value of the parameter.')
  }
  for (const [joint, by] of Object.entries(pacedBy))
    for (const option of ['velocity', 'acceleration'] as const) {
      const from = by[option]
      if (from) checkFromParam(`joints.${joint}.${option}`, from, optionRanges[option], parameters, report)
    }
}

function checkNumber(path: string, { kind, min, max, step, unit }: NumberSpec, report: Report): void {
  for (const [name, value] of Object.entries({ min, max, step }))
    if (value !== undefined && !Number.isFinite(value))
      report(`${path}.${name}`, `${value} is not a finite number.`, `Leave ${name} out, or give a finite number.`)
  if (min !== undefined && max !== undefined && min > max)
    report(`${path}.min`, `${min} is above the maximum ${max}.`, 'Exchange min and max.')
  if (step !== undefined && step <= 0) report(`${path}.step`, `${step} is not a step.`, 'Use a number above 0.')
  if (kind === 'integer' && step !== undefined && !Number.isInteger(step))
    report(`${path}.step`, `${step} leads away from whole numbers.`, 'Use a whole number.')
  const canonical = unit === undefined ? undefined : (unitNamed(unit) ?? unitNamed(unit.toLowerCase()))
  if (canonical !== undefined && canonical !== unit)
    report(`${path}.unit`, `'${unit}' is not how this unit is written here.`, `unit: '${canonical}'`)
}

function checkChoices(path: string, choices: readonly string[], report: Report): void {
  if (choices.length === 0) report(`${path}.choices`, 'there is nothing to choose.', 'Name at least one word.')
  if (new Set(choices).size < choices.length) report(`${path}.choices`, 'a word is named twice.', 'Name it once.')
}

function checkText(path: string, { maxLength, pattern }: TextSpec, report: Report): void {
  if (!(Number.isSafeInteger(maxLength) && maxLength > 0))
    report(`${path}.maxLength`, `${maxLength} is not a length.`, 'Use a whole number above 0.')
  // Such an expression remembers where it stopped, and would take every other text only.
  if (pattern?.global || pattern?.sticky)
    report(`${path}.pattern`, `${pattern} has a flag that makes it depend on earlier texts.`, 'Leave out g and y.')
}

/** Checks that an option can come from this parameter: it exists, is a number, and stays inside of what is taken. */
export function checkFromParam(
  path: string,
  { parameter }: FromParam,
  range: OptionRange,
  parameters: ParameterMap,
  report: Report,
): void {
  const names = Object.keys(parameters)
  if (!Object.hasOwn(parameters, parameter)) {
    if (names.length > 0) return checkKnown(path, 'parameter', parameter, names, report)
    return report(path, `there is no parameter '${parameter}'.`, `parameters: { ${parameter}: param.number({ ... }) }`)
  }
  const spec = parameters[parameter] as ParameterSpec
  if (isNumeric(spec)) return checkRange(path, parameter, spec, range, report)
  const numbers = names.filter((name) => isNumeric(parameters[name] as ParameterSpec))
  const near = nearNames(parameter, numbers)
  const fix =
    numbers.length === 0 ? `${parameter}: param.number({ ... })` : `Use ${oneOf(near.length > 0 ? near : numbers)}.`
  report(path, `the parameter ${parameter} is a ${spec.kind}, and this option is a number.`, fix)
}

function checkRange(path: string, name: string, spec: NumberSpec, range: OptionRange, report: Report): void {
  const { min, isAbove = false, max, hasMax = false } = range
  const { unit } = spec
  if (range.unit && unit !== undefined && unitNamed(unit) && !unitsLike(range.unit).includes(unit))
    report(path, `the parameter ${name} is in ${unit}, and this option in ${range.unit}.`, `unit: '${range.unit}'`)
  const { min: lowest = Number.NEGATIVE_INFINITY, max: highest = Number.POSITIVE_INFINITY } = spec
  const shown = (value: number): string =>
    Number.isFinite(value) ? formatQuantity(value, unit) : value < 0 ? 'anything below' : 'anything above'
  const isLow = min !== undefined && (isAbove ? lowest <= min : lowest < min)
  if (isLow)
    report(
      path,
      `the parameter ${name} can be ${shown(lowest)}, and this option must be ${isAbove ? 'above' : 'at least'} ${min}.`,
      `Give parameters.${name} a min ${isAbove ? 'above' : 'of at least'} ${min}.`,
    )
  if (max !== undefined && highest > max)
    report(
      path,
      `the parameter ${name} can be ${shown(highest)}, and this option must be at most ${max}.`,
      `Give parameters.${name} a max of at most ${max}.`,
    )
  if (hasMax && highest === Number.POSITIVE_INFINITY)
    report(path, `the parameter ${name} has no largest value.`, `Give parameters.${name} a max: what the joint can do.`)
}
