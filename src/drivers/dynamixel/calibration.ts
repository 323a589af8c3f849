import { TendonError } from '../../base/problem.ts'
import { problem } from '../../base/problems/index.ts'
import type { ServoCalibration } from '../../device/servo-bus.ts'
import { OPERATING_MODES } from './models.ts'
import { dynamixelProblem } from './problems.ts'
import type { RegisterAccess } from './register-access.ts'
import { type Register, X_SERIES } from './registers.ts'
import { powerOff } from './torque.ts'

/** In position mode the firmware ignores a homing offset beyond this, without a word. */
const MOST_OFFSET = 1024

/** Which register holds which part of this unit's calibration. Present position = actual position + offset. */
export function calibratedRegisters(calibration: ServoCalibration): readonly (readonly [Register, number])[] {
  return [
    [X_SERIES.homing_offset, calibration.homingOffset],
    [X_SERIES.min_position, calibration.rangeMin],
    [X_SERIES.max_position, calibration.rangeMax],
  ]
}

/** What the registers of this unit hold. */
export async function readCalibration(access: RegisterAccess, id: number): Promise<ServoCalibration> {
  return {
    homingOffset: await access.value(id, X_SERIES.homing_offset),
    rangeMin: await access.value(id, X_SERIES.min_position),
    rangeMax: await access.value(id, X_SERIES.max_position),
  }
}

/**
 * Writes this unit's zero and range into the servo's EEPROM, with its power off, and reads them back. Shadows have an
 * EEPROM of their own, which does not hear what is said to the servo that they follow: see `alignShadows`. Rejects with a
 * `TendonError`:
 * `TENDON_TORQUE_NOT_OFF` or `TENDON_DYNAMIXEL_OFFSET` before anything is written, `TENDON_SERVO_SILENT`,
 * `TENDON_DYNAMIXEL_REFUSED`, or `TENDON_REGISTER_NOT_TAKEN`.
 */
export async function writeCalibration(
  access: RegisterAccess,
  id: number,
  calibration: ServoCalibration,
): Promise<void> {
  await checkOffset(access, id, calibration.homingOffset)
  await letGo(access, id)
  for (const [register, value] of calibratedRegisters(calibration)) await access.writeVerified(id, register, value)
}

/**
 * Gives the shadows of a servo an offset with which they tell the same position as the servo that they follow: two servos on
 * one joint that go to the same goal from different zeros would push against each other. With power off. Rejects with a
 * `TendonError`.
 */
export async function alignShadows(access: RegisterAccess, id: number): Promise<void> {
  const [, ...shadows] = access.groupOf(id)
  for (const shadow of shadows) {
    const there = await access.value(id, X_SERIES.present_position)
    const here = await access.value(shadow, X_SERIES.present_position)
    if (here === there) continue
    // The offset is added to what a servo measures, whichever way round it counts.
    const offset = (await access.value(shadow, X_SERIES.homing_offset)) + there - here
    await checkOffset(access, shadow, offset)
    await access.writeVerified(shadow, X_SERIES.homing_offset, offset)
  }
}

async function checkOffset(access: RegisterAccess, id: number, offset: number): Promise<void> {
  if (Math.abs(offset) <= MOST_OFFSET) return
  if ((await access.value(id, X_SERIES.operating_mode)) !== OPERATING_MODES.position) return
  const facts = { ...access.placeOf(id), offset, most: MOST_OFFSET }
  throw new TendonError(dynamixelProblem('TENDON_DYNAMIXEL_OFFSET', facts))
}

/** Takes the power of a servo and its shadows, and reads it back. Rejects with `TENDON_TORQUE_NOT_OFF`. */
export async function letGo(access: RegisterAccess, id: number): Promise<void> {
  const off = await powerOff(access, [id])
  if (!off.has(id)) throw new TendonError(problem('TENDON_TORQUE_NOT_OFF', access.placeOf(id)))
}
