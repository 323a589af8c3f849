import { TendonError } from '../../base/problem.ts'
import { problem } from '../../base/problems/index.ts'
import type { RegisterAccess } from './register-access.ts'
import { LOCKED, STS3215, UNLOCKED } from './registers.ts'
import { readTorque } from './torque.ts'

/**
 * Brings a servo into a mode of operation. The register is EEPROM: it is written only when it differs, by the vendor's safe
 * sequence (power off, unlock, write, lock), and read back. Rejects with a `TendonError`: `TENDON_TORQUE_NOT_OFF` before
 * anything is written, `TENDON_SERVO_SILENT`, or `TENDON_REGISTER_NOT_TAKEN`.
 */
export async function writeMode(access: RegisterAccess, id: number, mode: number): Promise<void> {
  if ((await access.value(id, STS3215.mode)) === mode) return
  if ((await readTorque(access, id)) !== false)
    throw new TendonError(problem('TENDON_TORQUE_NOT_OFF', access.placeOf(id)))
  try {
    await access.writeVerified(id, STS3215.lock, UNLOCKED)
    await access.write(id, STS3215.mode, mode)
  } finally {
    await access.write(id, STS3215.lock, LOCKED, { droppedByStop: false })
  }
  await access.verify(id, STS3215.mode, mode)
  await access.verify(id, STS3215.lock, LOCKED)
}
