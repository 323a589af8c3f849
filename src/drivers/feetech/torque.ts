import { ALL_OFF, stayBlock, torqueOffFrame } from './motion-frames.ts'
import type { RegisterAccess } from './register-access.ts'
import { bytesOf, STS3215, valueIn } from './registers.ts'

const { torque, present_position, goal_position } = STS3215

/** Whether a servo has power; `undefined` when it stays silent. Rejects only when the line refuses. */
export async function readTorque(access: RegisterAccess, id: number): Promise<boolean | undefined> {
  const block = await access.tryBlock(id, torque.address, torque.size, true)
  return block && valueIn(block, torque.address, torque) !== 0
}

/**
 * Powers servos one after the other, each with its present position as goal. Ends at once when a stop comes in
 * between: nothing that powers a servo is sent after it. Resolves to those that confirmed; never rejects.
 */
export async function powerOn(access: RegisterAccess, ids: readonly number[]): Promise<ReadonlySet<number>> {
  const { stops } = access.line
  const confirmed = new Set<number>()
  for (const id of ids) {
    if (access.line.stops !== stops || !access.line.isOpen) break
    if (await succeeds(powerOne(access, id, stops))) confirmed.add(id)
  }
  return confirmed
}

async function powerOne(access: RegisterAccess, id: number, stops: number): Promise<boolean> {
  // Read right before, not once for all: an arm without power sags while its neighbours are served.
  const present = await access.value(id, present_position)
  if (access.line.stops !== stops) return false
  if (!(await access.tryWrite(id, goal_position.address, stayBlock(present, access.mountOf(id).servo.mode))))
    return false
  if (access.line.stops !== stops) return false
  await access.tryWrite(id, torque.address, bytesOf(torque, 1))
  return (await readTorque(access, id)) === true
}

/**
 * Takes power off: one frame to all of them first, which needs no answer, then each with an acknowledged write and a
 * look at the register. A servo that fails stops nothing. Resolves to those that confirmed; never rejects.
 */
export async function powerOff(access: RegisterAccess, ids: readonly number[]): Promise<ReadonlySet<number>> {
  const confirmed = new Set<number>()
  await succeeds(joinedOff(access, ids))
  for (const id of ids) {
    await succeeds(access.tryWrite(id, torque.address, bytesOf(torque, 0), { droppedByStop: false, urgent: true }))
    if (await succeeds(readTorque(access, id).then((powered) => powered === false))) confirmed.add(id)
  }
  return confirmed
}

async function joinedOff(access: RegisterAccess, ids: readonly number[]): Promise<boolean> {
  const everybody = access.ids.every((id) => ids.includes(id))
  const bytes = everybody ? ALL_OFF : torqueOffFrame(ids)
  const manner = { label: 'torque off', tries: 1, urgent: true, droppedByStop: false, changes: true }
  await access.line.perform({ ...manner, bytes, replies: [], replyBytes: 0 })
  return true
}

/** Its value; false when it fails, because what counts is what the register says in the end. */
async function succeeds(step: Promise<boolean>): Promise<boolean> {
  try {
    return await step
  } catch {
    return false
  }
}
