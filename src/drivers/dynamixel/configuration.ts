import { TendonError } from '../../base/problem.ts'
import { problem } from '../../base/problems/index.ts'
import { alarmsOf } from './alarms.ts'
import { alignShadows, letGo } from './calibration.ts'
import { dynamixelProblem } from './problems.ts'
import type { RegisterAccess } from './register-access.ts'
import { ANSWERS_EVERYTHING, bytesOf, type Register, X_SERIES } from './registers.ts'
import { syncWriteBytes } from './requests.ts'
import { modelOf, optionsOf, shadowsOf } from './servos.ts'
import { driveModeOf, rawModeOf, rawWatchdogOf, wantedSettings } from './settings.ts'

/**
 * Brings a servo and its shadows to what the definition wants, for this arming: a tripped watchdog is cleared, the operating
 * mode set (with torque off only), then what a change of mode resets, and the bus watchdog last. Writes what differs and
 * nothing else, and reads it back. Rejects with a `TendonError`: `TENDON_DYNAMIXEL_SHUTDOWN` after a hardware error,
 * `TENDON_TORQUE_NOT_OFF` when the mode differs and there is torque, `TENDON_REGISTER_NOT_TAKEN`, or that of a write.
 */
export async function configureServo(access: RegisterAccess, id: number): Promise<void> {
  const { servo } = access.mountOf(id)
  const options = optionsOf(servo)
  const group = access.groupOf(id)
  for (const member of group) {
    await checkHardware(access, member)
    await answerEverything(access, member)
    await bring(access, member, X_SERIES.bus_watchdog, 0)
    await bringMode(access, member, rawModeOf(options))
  }
  const settings = wantedSettings('dynamixel()', modelOf(servo), options)
  // Shadows hear what is said to the servo that they follow; this is where it shows whether they did.
  for (const member of group) for (const [register, value] of settings) await bring(access, member, register, value)
  for (const member of group) await bring(access, member, X_SERIES.bus_watchdog, rawWatchdogOf(options))
}

/**
 * Writes once what survives power-off and what arming only looks at: the direction, whom shadows follow and from which
 * zero, and the operating mode. Takes their power first. Rejects with a `TendonError`.
 */
export async function setUpServo(access: RegisterAccess, id: number): Promise<void> {
  const options = optionsOf(access.mountOf(id).servo)
  const reversed = options.reversed ?? false
  await letGo(access, id)
  await bring(access, id, X_SERIES.drive_mode, driveModeOf(reversed))
  for (const shadow of shadowsOf(options)) {
    await bring(access, shadow.id, X_SERIES.secondary_id, id)
    await bring(access, shadow.id, X_SERIES.drive_mode, driveModeOf(reversed !== shadow.mirrored))
  }
  for (const member of access.groupOf(id)) await bring(access, member, X_SERIES.operating_mode, rawModeOf(options))
  await alignShadows(access, id)
}

async function checkHardware(access: RegisterAccess, id: number): Promise<void> {
  const alarms = alarmsOf(await access.value(id, X_SERIES.hardware_error))
  if (alarms.length === 0) return
  throw new TendonError(dynamixelProblem('TENDON_DYNAMIXEL_SHUTDOWN', { ...access.placeOf(id), alarms }))
}

/** A servo that answers reads only acknowledges no write, this one neither; so nobody waits for it. */
async function answerEverything(access: RegisterAccess, id: number): Promise<void> {
  const level = X_SERIES.status_return_level
  if ((await access.value(id, level)) === ANSWERS_EVERYTHING) return
  const bytes = syncWriteBytes(level.address, level.size, new Map([[id, bytesOf(level, ANSWERS_EVERYTHING)]]))
  await access.tell(bytes, `write ${level.name}`, {})
  await access.verify(id, level, ANSWERS_EVERYTHING)
}

async function bringMode(access: RegisterAccess, id: number, mode: number): Promise<void> {
  if ((await access.value(id, X_SERIES.operating_mode)) === mode) return
  if ((await access.value(id, X_SERIES.torque)) !== 0)
    throw new TendonError(problem('TENDON_TORQUE_NOT_OFF', access.placeOf(id)))
  await access.writeVerified(id, X_SERIES.operating_mode, mode)
}

async function bring(access: RegisterAccess, id: number, register: Register, value: number): Promise<void> {
  if ((await access.value(id, register)) !== value) await access.writeVerified(id, register, value)
}
