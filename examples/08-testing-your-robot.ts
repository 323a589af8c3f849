// Testing your robot: the real definition behind simulated servos, on a clock that moves only when the test says so.
// With node's own test runner; any other does as well. npx tsx --conditions=tendon-source examples/08-testing-your-robot.ts

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineRobot, deg, degPerSec, toDegrees } from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { serial } from 'tendon/serial'
import { harness } from 'tendon/testing'

// The robot under test. In a project of yours it stands in a file of its own, and the test imports it.
const model = defineRobot('gate', {
  categories: { motion: { limit: 1, conflict: 'preempt' } },
  buses: { servos: feetech({ port: serial({ path: '/dev/ttyACM0', baudRate: 1_000_000 }) }) },
  joints: {
    bar: { servo: sts3215('servos', 1), position: [0, deg(90)], velocity: degPerSec(90), stop: 'park' },
  },
})
const gate = model.with({
  letThrough: model.command({
    category: 'motion',
    claims: ['bar'],
    deadline: 120,
    async run({ joints, sleep }) {
      await joints.moveTo({ bar: deg(90) })
      await sleep(60)
      await joints.moveTo({ bar: 0 })
      return 'closed again'
    },
  }),
})

test('lets one through: opens, waits a minute, closes', async () => {
  await using rig = await harness(gate)
  await rig.arm()
  const passing = rig.robot.letThrough()
  await rig.clock.advance(30) // A minute of the robot takes milliseconds.
  assert.equal(Math.round(toDegrees(rig.sim.servo('bar').angle)), 90)
  assert.equal(await rig.run(passing.value()), 'closed again')
  assert.ok(rig.clock.now() > 60)
})

test('a stop in mid-motion takes its power, and the run ends as canceled', async () => {
  await using rig = await harness(gate)
  await rig.arm()
  const passing = rig.robot.letThrough()
  await rig.clock.advance(0.5)
  const { confirmed } = await rig.run(rig.robot.stop())
  assert.equal(confirmed, true)
  assert.equal(rig.sim.servo('bar').powered, false)
  const outcome = await rig.run(passing.result())
  assert.equal(outcome.status === 'canceled' && outcome.reason, 'safety')
})

test('a bar that is jammed fails the run, and says so', async () => {
  await using rig = await harness(gate)
  await rig.arm()
  rig.sim.faults.jam('bar')
  const outcome = await rig.run(rig.robot.letThrough().result())
  assert.equal(outcome.status, 'failed')
})

test('a servo that is too hot is not powered', async () => {
  await using rig = await harness(gate)
  rig.sim.faults.heat('bar', 90)
  await assert.rejects(rig.arm(), { code: 'TENDON_ARM_TEMPERATURE' })
  assert.equal(rig.sim.servo('bar').powered, false)
})

test('one reply in twenty that is lost ends nothing', async () => {
  await using rig = await harness(gate, { seed: 7 })
  await rig.arm()
  rig.sim.faults.dropReplies('bar', { probability: 0.05 })
  assert.equal(await rig.run(rig.robot.letThrough().value()), 'closed again')
})
