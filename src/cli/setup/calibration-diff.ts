import type { ServoCalibration } from 'tendon/device'
import type { Output } from '../output.ts'
import { table } from '../table.ts'
import { shortfall } from './calibration-check.ts'
import type { Unit } from './calibration-units.ts'

const words = (calibration: ServoCalibration | undefined): string =>
  calibration ? `${calibration.homingOffset}, ${calibration.rangeMin}..${calibration.rangeMax}` : 'nothing'

const same = (one: ServoCalibration | undefined, other: ServoCalibration): boolean =>
  one !== undefined && words(one) === words(other)

/** What the servos and the file hold, beside what they would hold; a line for each joint. */
export function showDiff(
  output: Output,
  units: readonly Unit[],
  filed: ReadonlyMap<string, ServoCalibration>,
  wanted: ReadonlyMap<string, ServoCalibration>,
): void {
  const rows = units.flatMap((unit) => {
    const { joint, id, spec, held, bench } = unit
    const next = wanted.get(joint)
    if (!next) return []
    const file = filed.get(joint)
    const note = shortfall(spec, next, bench)
    output.data({ type: 'calibration', joint, servo: id, held, filed: file, wanted: next, note })
    const change = same(held, next) && same(file, next) ? 'the same' : words(next)
    return [[joint, `${id}`, words(held), words(file), change, note ? `! ${note}` : '']]
  })
  output.say(table([['joint', 'servo', 'in the servo', 'in calibration.json', 'new: offset, range', ''], ...rows]))
}

/** Whether servos and file hold all of it already. */
export const isUnchanged = (
  units: readonly Unit[],
  filed: ReadonlyMap<string, ServoCalibration>,
  wanted: ReadonlyMap<string, ServoCalibration>,
): boolean =>
  units.every(({ joint, held }) => {
    const next = wanted.get(joint)
    return next === undefined || (same(held, next) && same(filed.get(joint), next))
  })
