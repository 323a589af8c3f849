import { ALL_OFF, offFrame, restBlock, type ServoPlace } from './motion-frames.ts'
import type { RegisterAccess } from './register-access.ts'
import { bytesOf, valueIn, X_SERIES } from './registers.ts'
import { goalFor } from './servo-limits.ts'

const { torque, present_position } = X_SERIES

/**
 * Whether a servo and all of its shadows have power: `true` and `false` only where they agree; `undefined` when one of
 * them stays silent or they differ, so that nobody may rely on either. Rejects only when the line refuses.
 */
export async function readTorque(access: RegisterAccess, id: number): Promise<boolean | undefined> {
  const found = new Set<boolean | undefined>()
  for (const member of access.groupOf(id)) found.add(await torqueOf(access, member))
  return found.size === 1 ? [...found][0] : undefined
}

async function torqueOf(access: RegisterAccess, id: number): Promise<boolean | undefined> {
  const block = await access.tryBlock(id, torque.address, torque.size, true)
  return block && valueIn(block, torque.address, torque) !== 0
}

/**
 * Powers servos one after the other, each with its present position as goal, or with speed 0. Ends at once when a stop
 * comes in between: nothing that powers a servo is sent after it. Resolves to those that confirmed; never rejects.
 */
export async function powerOn(
  access: RegisterAccess,
  ids: readonly number[],
  placeOf: (id: number) => ServoPlace,
): Promise<ReadonlySet<number>> {
  const { stops } = access.line
  const confirmed = new Set<number>()
  for (const id of ids) {
    if (access.line.stops !== stops || !access.line.isOpen) break
    if (await succeeds(powerOne(access, id, placeOf, stops))) confirmed.add(id)
  }
  return confirmed
}

/** Its shadows hear goal and power with it. One that did not is not powered by its own id: it would not follow. */
async function powerOne(
  access: RegisterAccess,
  id: number,
  placeOf: (id: number) => ServoPlace,
  stops: number,
): Promise<boolean> {
  // Read right before, not once for all: an arm without power sags while its neighbours are served.
  const present = await access.value(id, present_position)
  const place = placeOf(id)
  // A joint that turns at speeds may stand anywhere.
  const goal = place.mount.servo.mode === 'velocity' ? present : goalFor(present, place.limits)
  if (goal === undefined || access.line.stops !== stops) return false
  const rest = restBlock(place, goal)
  if ((await access.tryWrite(id, rest.address, rest.data)) !== 0) return false
  if (access.line.stops !== stops) return false
  await access.tryWrite(id, torque.address, bytesOf(torque, 1))
  return (await readTorque(access, id)) === true
}

/**
 * Takes power off: one packet to all of them first, which needs no answer, then each servo and shadow with an acknowledged
 * write and a look at the register. A servo that fails stops nothing. Resolves to those that confirmed; never rejects.
 */
export async function powerOff(access: RegisterAccess, ids: readonly number[]): Promise<ReadonlySet<number>> {
  const confirmed = new Set<number>()
  await succeeds(joinedOff(access, ids))
  for (const id of ids) {
    for (const member of access.groupOf(id)) await succeeds(offOne(access, member))
    if (await succeeds(readTorque(access, id).then((powered) => powered === false))) confirmed.add(id)
  }
  return confirmed
}

async function joinedOff(access: RegisterAccess, ids: readonly number[]): Promise<boolean> {
  const everybody = access.ids.every((id) => ids.includes(id))
  const bytes = everybody ? ALL_OFF : offFrame(ids.flatMap((id) => access.groupOf(id)))
  await access.tell(bytes, 'torque off', { droppedByStop: false, urgent: true })
  return true
}

async function offOne(access: RegisterAccess, id: number): Promise<boolean> {
  const manner = { droppedByStop: false, urgent: true }
  return (await access.tryWrite(id, torque.address, bytesOf(torque, 0), manner)) === 0
}

/** Its value; false when it fails, because what counts is what the register says in the end. */
async function succeeds(step: Promise<boolean>): Promise<boolean> {
  try {
    return await step
  } catch {
    return false
  }
}
