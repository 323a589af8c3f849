import type { Seconds } from '../base/units.ts'
import type { Reading } from '../device/sensor.ts'
import type { SensorHealth } from '../stream/health.ts'

declare const types: unique symbol

/**
 * When a rule fires. `Values` are the values of the robot's sensors by name, which the definition supplies: a condition
 * is written inside `.rules({ ... })`, where sensor and value are checked as they are typed.
 */
export interface Condition<Values = never, R = unknown> {
  readonly condition: ConditionData
  readonly [types]?: { readonly values: Values; readonly reading: R }
}

/** A condition as the runtime reads it: its types erased. */
export type ConditionData = {
  readonly sensor: string
  /** Seconds for which it must hold without a break. */
  readonly forAtLeast: Seconds
} & (
  | { readonly kind: 'above' | 'below'; readonly of: Select; readonly limit: number; readonly hysteresis: number }
  | {
      readonly kind: 'inside' | 'outside'
      readonly of: Select
      readonly range: readonly [from: number, to: number]
      readonly hysteresis: number
    }
  | { readonly kind: 'health'; readonly is: readonly SensorHealth[] }
  | { readonly kind: 'matches'; readonly pattern: unknown; readonly each: boolean }
)

/** Takes the number that counts out of a value. What it throws, and what is not a number, neither holds nor is over. */
export type Select = (value: never) => number

/** Of every condition. */
export interface HoldOptions {
  /**
   * The condition must hold for so long, over every reading that comes meanwhile; a sensor that goes stale or is lost
   * breaks it. Give the sensor a `maxAge`, or one reading and then silence count as holding. Default 0 s: at once.
   */
  readonly forAtLeast?: Seconds | undefined
}

export interface ThresholdOptions extends HoldOptions {
  /**
   * How far back beyond the threshold the value must go before the rule can fire again, in the value's own unit.
   * Default 0.
   */
  readonly hysteresis?: number | undefined
}

/** Values that must be there: of an object, some of its fields; of a string, also a regular expression. */
export type Pattern<V> =
  | ((value: V) => boolean)
  | (V extends string ? RegExp : never)
  | (V extends object ? { readonly [K in keyof V]?: V[K] } : V)

/** Fires when a number of a sensor's readings rises above `limit`: once, until it was at or below `limit - hysteresis`. */
export function above<Values, S extends keyof Values & string>(
  sensor: S,
  of: (value: Values[S]) => number,
  limit: number,
  options: ThresholdOptions = {},
): Condition<Values, Reading<Values[S]>> {
  return threshold('above', sensor, of, limit, options)
}

/** Fires when a number of a sensor's readings falls below `limit`: once, until it was at or above `limit + hysteresis`. */
export function below<Values, S extends keyof Values & string>(
  sensor: S,
  of: (value: Values[S]) => number,
  limit: number,
  options: ThresholdOptions = {},
): Condition<Values, Reading<Values[S]>> {
  return threshold('below', sensor, of, limit, options)
}

function threshold(
  kind: 'above' | 'below',
  sensor: string,
  of: Select,
  limit: number,
  { hysteresis = 0, forAtLeast = 0 }: ThresholdOptions,
): Condition<never, never> {
  return { condition: { kind, sensor, of, limit, hysteresis, forAtLeast } }
}

/** Fires when the number enters `[from, to]`, ends included: once, until it was outside by more than the hysteresis. */
export function inside<Values, S extends keyof Values & string>(
  sensor: S,
  of: (value: Values[S]) => number,
  range: readonly [from: number, to: number],
  { hysteresis = 0, forAtLeast = 0 }: ThresholdOptions = {},
): Condition<Values, Reading<Values[S]>> {
  return { condition: { kind: 'inside', sensor, of, range, hysteresis, forAtLeast } }
}

/** Fires when the number leaves `[from, to]`: once, until it was inside by the hysteresis or more. */
export function outside<Values, S extends keyof Values & string>(
  sensor: S,
  of: (value: Values[S]) => number,
  range: readonly [from: number, to: number],
  { hysteresis = 0, forAtLeast = 0 }: ThresholdOptions = {},
): Condition<Values, Reading<Values[S]>> {
  return { condition: { kind: 'outside', sensor, of, range, hysteresis, forAtLeast } }
}

/** Fires when the health of a sensor becomes `is` (one, or any of several), or is so already when the robot starts. */
export function health<Values, S extends keyof Values & string>(
  sensor: S,
  is: SensorHealth | readonly SensorHealth[],
  { forAtLeast = 0 }: HoldOptions = {},
): Condition<Values, Reading<Values[S]> | undefined> {
  const wanted: readonly SensorHealth[] = typeof is === 'string' ? [is] : is
  return { condition: { kind: 'health', sensor, is: wanted, forAtLeast } }
}

/** Fires when a sensor has delivered nothing for its `maxAge`, whether it fell silent or its link was lost. */
export function stale<Values, S extends keyof Values & string>(
  sensor: S,
  options: HoldOptions = {},
): Condition<Values, Reading<Values[S]> | undefined> {
  return health(sensor, ['stale', 'lost'], options)
}

/**
 * Fires when the readings of a sensor begin to match: a predicate, a value, some fields of a value, or, for text, a
 * regular expression. Once, until one does not. With `each` every matching reading is an occasion of its own, as words
 * that somebody says are.
 */
export function matches<Values, S extends keyof Values & string>(
  sensor: S,
  pattern: Pattern<Values[S]>,
  options: HoldOptions | { readonly each: boolean; readonly forAtLeast?: never } = {},
): Condition<Values, Reading<Values[S]>> {
  const each = 'each' in options && options.each
  return { condition: { kind: 'matches', sensor, pattern, each, forAtLeast: options.forAtLeast ?? 0 } }
}
