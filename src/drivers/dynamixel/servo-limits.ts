import type { ServoMount } from '../../device/servo-bus.ts'
import { X_SERIES } from './registers.ts'
import { modelOf, operatingModeOf } from './servos.ts'
import { LARGEST_TURNED, STEPS_PER_TURN } from './units.ts'

/** What a servo takes, in raw units: goals beyond it are refused, and in joined writes without a word. */
export interface ServoLimits {
  readonly minPosition: number
  readonly maxPosition: number
  /** Of a goal velocity. */
  readonly velocity: number
  /** 0: it measures no current. */
  readonly current: number
}

/** The largest velocity limit that any model takes. */
const FASTEST = 2047

/** Before a servo was asked: what no servo of its mode could do, and the initial current limit of its model. */
export function limitsBefore({ servo }: ServoMount): ServoLimits {
  return { ...travelOf(servo, 0, STEPS_PER_TURN - 1), velocity: FASTEST, current: modelOf(servo).currentLimit ?? 0 }
}

/** As its own registers say. */
export function limitsIn({ servo }: ServoMount, value: (register: (typeof X_SERIES)[Limiting]) => number): ServoLimits {
  return {
    ...travelOf(servo, value(X_SERIES.min_position), value(X_SERIES.max_position)),
    velocity: value(X_SERIES.velocity_limit),
    current: modelOf(servo).currentUnit === undefined ? 0 : value(X_SERIES.current_limit),
  }
}

type Limiting = 'min_position' | 'max_position' | 'velocity_limit' | 'current_limit'

/** As far outside its limits as a position may be to be taken for the limit, in steps: one degree. */
const SLIGHTLY = 11

/** Inside what the servo takes: a goal beyond it is dropped without a word in a joined write. */
export const clampedPosition = (raw: number, { minPosition, maxPosition }: ServoLimits): number =>
  Math.min(Math.max(raw, minPosition), maxPosition)

/** The goal for a position; `undefined` when it lies outside of the limits by more than a degree, or is no number. */
export function goalFor(raw: number, limits: ServoLimits): number | undefined {
  const goal = clampedPosition(raw, limits)
  return Math.abs(goal - raw) <= SLIGHTLY ? goal : undefined
}

/** The goal for a speed; `undefined` when the servo would not take it. What rounding adds is taken off. */
export function speedFor(raw: number, { velocity }: ServoLimits): number | undefined {
  if (!(Math.abs(raw) <= velocity + 1)) return undefined
  return Math.min(Math.max(raw, -velocity), velocity)
}

/** Only within one turn do the registers limit it; in the other modes it goes 256 turns either way. */
function travelOf(
  servo: ServoMount['servo'],
  min: number,
  max: number,
): Pick<ServoLimits, 'minPosition' | 'maxPosition'> {
  if (operatingModeOf(servo) === 'position') return { minPosition: min, maxPosition: max }
  return { minPosition: -LARGEST_TURNED, maxPosition: LARGEST_TURNED }
}
