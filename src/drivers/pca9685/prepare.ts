import type { Clock } from '../../base/clock.ts'
import { sleep } from '../../base/clock.ts'
import type { Seconds } from '../../base/units.ts'
import type { Chip } from './chip.ts'
import {
  ALL_LED_OFF_H,
  AUTO_INCREMENT,
  FULL_OFF,
  MODE1,
  MODE2,
  PRE_SCALE,
  RESTART,
  SLEEP,
  type Timing,
  TOTEM_POLE,
} from './registers.ts'

/** The oscillator needs 500 us from waking until pulses may start. */
const WAKE: Seconds = 0.0005

/** A register that does not hold what it must. */
export interface Mismatch {
  readonly register: string
  readonly expected: number
  readonly actual: number
}

/** What arming must know of the chip: its two modes and its prescaler. Rejects with `TENDON_PCA9685_SILENT`. */
export async function readModes(chip: Chip): Promise<{ mode1: number; mode2: number; prescale: number }> {
  const mode1 = await chip.value(MODE1, 'read MODE1')
  const mode2 = await chip.value(MODE2, 'read MODE2')
  const prescale = await chip.value(PRE_SCALE, 'read PRE_SCALE')
  return { mode1, mode2, prescale }
}

/** What is not as it must be for pulses of the wanted frequency. RESTART only says that there were pulses before. */
async function mismatches(chip: Chip, timing: Timing): Promise<Mismatch[]> {
  const { mode1, mode2, prescale } = await readModes(chip)
  return [
    { register: 'MODE1', expected: AUTO_INCREMENT, actual: mode1 & ~RESTART },
    { register: 'MODE2', expected: TOTEM_POLE, actual: mode2 },
    { register: 'PRE_SCALE', expected: timing.prescale, actual: prescale },
  ].filter(({ expected, actual }) => expected !== actual)
}

/**
 * Brings the chip to this frequency, awake, and reads that back; a chip that is so already is left alone, because its
 * pulses stop while it sleeps, and of another one every channel is off then. A stop on the way ends it with `TENDON_STOPPED_FIRST`. Resolves to what did not take.
 */
export async function prepare(chip: Chip, clock: Clock, timing: Timing): Promise<readonly Mismatch[]> {
  if ((await mismatches(chip, timing)).length === 0) return []
  const write = (register: number, value: number, label: string): Promise<boolean> =>
    chip.write(register, [value], { label, droppedByStop: true })
  await write(MODE1, SLEEP, 'sleep')
  // What the registers hold was meant for another clock, or written while it slept: it must not start by itself.
  await write(ALL_LED_OFF_H, FULL_OFF, 'no pulses')
  await write(PRE_SCALE, timing.prescale, 'write PRE_SCALE')
  await write(MODE2, TOTEM_POLE, 'write MODE2')
  await write(MODE1, AUTO_INCREMENT, 'wake')
  await sleep(clock, WAKE)
  await write(MODE1, RESTART | AUTO_INCREMENT, 'restart')
  return mismatches(chip, timing)
}
