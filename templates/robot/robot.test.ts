import { deg } from 'tendon'
import { harness } from 'tendon/testing'
import { expect, it } from 'vitest'
import robot from './robot.ts'

// The servo is simulated to the byte, and the clock moves only when the test says so: hours take seconds.

it('looks where it is told', async () => {
  await using rig = await harness(robot)
  await rig.arm()
  await rig.run(rig.robot.look({ neck: deg(30) }).value())
  expect(rig.sim.servo('neck').position).toBeCloseTo(deg(30), 1)
})

it('nods as often as it is told, and stands straight again', async () => {
  await using rig = await harness(robot)
  await rig.arm()
  expect(await rig.run(rig.robot.nod({ times: 2 }).value())).toEqual({ times: 2 })
  expect(rig.sim.servo('neck').position).toBeCloseTo(0, 1)
})

it('a stop in mid-motion ends the nod, and the servo is read back without power', async () => {
  await using rig = await harness(robot)
  await rig.arm()
  const nod = rig.robot.nod()
  await rig.clock.advance(0.2)
  const verdict = await rig.run(rig.robot.stop())
  expect(await rig.run(nod.result())).toMatchObject({ status: 'canceled', reason: 'safety' })
  expect(verdict.joints.map(({ joint, verdict }) => [joint, verdict])).toEqual([['neck', 'off']])
  expect(rig.sim.servo('neck').read('torqueEnable')).toBe(0)
})
