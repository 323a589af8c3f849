import { type Clock, sleep } from '../../base/clock.ts'
import { TendonError } from '../../base/problem.ts'
import type { Seconds } from '../../base/units.ts'
import { alarmsOf, refusalName, refusalOf } from './alarms.ts'
import { dynamixelProblem } from './problems.ts'
import type { RegisterAccess } from './register-access.ts'
import { endOf, valueIn, X_SERIES } from './registers.ts'
import * as requests from './requests.ts'

/** How long a servo may take to answer again. */
const PATIENCE: Seconds = 2
/** Between two looks whether it is there again. */
const GAP: Seconds = 0.05

/** From the torque to the hardware error: what a reboot must have cleared. */
const CLEARED = { address: X_SERIES.torque.address, count: endOf(X_SERIES.hardware_error) - X_SERIES.torque.address }

/**
 * Restarts one servo, the only way to clear a hardware error, and waits until it answers again, without torque and
 * without the error. A joint that it held falls. What RAM held is forgotten: arming brings it back. Rejects with
 * `TENDON_DYNAMIXEL_NOT_REBOOTED`, or with what the line says.
 */
export async function rebootServo(access: RegisterAccess, clock: Clock, id: number): Promise<void> {
  const fail = (reason: string): TendonError =>
    new TendonError(dynamixelProblem('TENDON_DYNAMIXEL_NOT_REBOOTED', { ...access.placeOf(id), reason }))
  const [reply] = await access.line.perform(requests.reboot(id, { label: 'reboot', tries: access.tries }))
  if (!reply) throw fail('it did not acknowledge the order')
  const refusal = refusalOf(reply.frame.error)
  if (refusal !== 0) throw fail(refusalName(refusal))
  const until = clock.now() + PATIENCE
  let reason = `it did not answer for ${PATIENCE} s`
  while (clock.now() < until) {
    await sleep(clock, GAP)
    const manner = { label: 'is it there again', tries: 1 }
    const [seen] = await access.line.perform(requests.read(id, CLEARED.address, CLEARED.count, manner))
    if (!seen) continue
    const trouble = troubleIn(seen.frame.params)
    if (trouble === undefined) return
    reason = trouble
  }
  throw fail(reason)
}

function troubleIn(block: Uint8Array): string | undefined {
  const alarms = alarmsOf(valueIn(block, CLEARED.address, X_SERIES.hardware_error))
  if (alarms.length > 0) return `it reports ${alarms.join(', ')} again`
  return valueIn(block, CLEARED.address, X_SERIES.torque) === 0 ? undefined : 'it still has torque'
}
