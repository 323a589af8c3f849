import { TendonError } from '../../base/problem.ts'
import { problem } from '../../base/problems/index.ts'
import type { ServoCalibration } from '../../device/servo-bus.ts'
import type { RegisterAccess } from './register-access.ts'
import { LOCKED, type Register, STS3215, UNLOCKED } from './registers.ts'
import { readTorque } from './torque.ts'

/** Which register holds which part of this unit's calibration. Present position = actual position - offset. */
export function calibratedRegisters(calibration: ServoCalibration): readonly (readonly [Register, number])[] {
  return [
    [STS3215.offset, calibration.homingOffset],
    [STS3215.min_position, calibration.rangeMin],
    [STS3215.max_position, calibration.rangeMax],
  ]
}

/**
 * Writes this unit's zero and range into the servo's EEPROM, by the vendor's safe sequence: power off, unlock, write,
 * lock, read back. The lock is closed again whatever happens in between. Rejects with a `TendonError`:
 * `TENDON_TORQUE_NOT_OFF` before anything is written, `TENDON_SERVO_SILENT`, or `TENDON_REGISTER_NOT_TAKEN`.
 */
export async function writeCalibration(
  access: RegisterAccess,
  id: number,
  calibration: ServoCalibration,
): Promise<void> {
  const wanted = calibratedRegisters(calibration)
  await access.write(id, STS3215.torque, 0, { droppedByStop: false, urgent: true })
  if ((await readTorque(access, id)) !== false)
    throw new TendonError(problem('TENDON_TORQUE_NOT_OFF', access.placeOf(id)))
  try {
    await access.writeVerified(id, STS3215.lock, UNLOCKED)
    for (const [register, value] of wanted) await access.write(id, register, value)
  } finally {
    await access.write(id, STS3215.lock, LOCKED, { droppedByStop: false })
  }
  for (const [register, value] of wanted) await access.verify(id, register, value)
  await access.verify(id, STS3215.lock, LOCKED)
}
