import { goalLimits } from './control.ts'
import type { Memory, Written } from './memory.ts'
import type { Model } from './models.ts'
import { ERROR, type ErrorNumber, GOALS } from './registers.ts'

/** What a write meets. */
export interface WriteState {
  /** Torque is on: the EEPROM is locked. */
  readonly locked: boolean
  /** The bus watchdog has tripped: goals can only be read. */
  readonly goalsLocked: boolean
}

/** A write as it would be carried out, or the number of the error that it is answered with. */
export type CheckedWrite = readonly Written[] | ErrorNumber

/**
 * Judges a write before anything of it is done, as one: that none of it is done when a part is refused, and that the
 * grounds are looked at in this order, is our reading of the maker's list of errors.
 */
export function checkWrite(
  memory: Memory,
  model: Model,
  state: WriteState,
  address: number,
  data: Uint8Array,
): CheckedWrite {
  const { written, gap, partial } = memory.within(address, data)
  if (data.length === 0) return ERROR.length
  if (gap) return ERROR.access
  if (written.some(({ register }) => !register.writable || (register.area === 'eeprom' && state.locked)))
    return ERROR.access
  if (partial) return ERROR.length
  const limits = goalLimits(memory)
  for (const { name, register, value } of written) {
    if (state.goalsLocked && GOALS.has(name)) return ERROR.range
    if (name === 'operatingMode' && !model.modes.includes(value)) return ERROR.range
    if (register.range && !isWithin(value, register.range)) return ERROR.range
    const limit = limits[name]
    if (limit && !isWithin(value, limit)) return ERROR.limit
  }
  return written
}

const isWithin = (value: number, [min, max]: readonly [number, number]): boolean => value >= min && value <= max
