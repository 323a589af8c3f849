// A robot may have states of its own, and each command says in which it is allowed: one that is taught poses, and
// replays them. npx tsx --conditions=tendon-source examples/03-custom-states.ts

import { defineRobot, deg, degPerSec, start, toDegrees } from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { serial } from 'tendon/serial'
import { simulated, simulationOf } from 'tendon/sim'
import { z } from 'zod'

const model = defineRobot('pointer', {
  states: {
    recording: { doc: 'a person turns the joint by hand' },
    playback: { doc: 'it repeats what it was shown' },
  },
  buses: { servos: feetech({ port: serial({ path: '/dev/ttyACM0', baudRate: 1_000_000 }) }) },
  joints: {
    pan: { servo: sts3215('servos', 1), position: [deg(-90), deg(90)], velocity: degPerSec(180), stop: 'park' },
  },
})

/** Lets the joint go limp, waits for poses, and holds it again. The robot is `recording` as long as this runs. */
const teach = model.command({
  claims: ['pan'],
  during: 'recording',
  message: z.enum(['note', 'done']),
  async run({ joints, inbox }) {
    const poses: number[] = []
    await joints.release('pan')
    for await (const message of inbox) {
      if (message === 'done') break
      const at = joints.read('pan')
      if (at.status !== 'unknown') poses.push(at.position)
    }
    await joints.engage('pan')
    return poses
  },
})
/** Goes through poses, and ends in the state that it says. */
const replay = model.command({
  goal: z.object({ poses: z.array(z.number()) }),
  claims: ['pan'],
  async run({ goal, joints, transition, next }) {
    transition('playback')
    for (const pan of goal.poses) await joints.moveTo({ pan })
    return next('idle', goal.poses.length)
  },
})
const look = model.moveTo()

const pointer = simulated(model.with({ teach, replay, look }))
const servo = simulationOf(pointer).servo('pan')
await using robot = await start(pointer)
robot.log.on('transition', ({ from, to, by }) => console.log(`  ${from} -> ${to} (${by})`))
await robot.arm()

const teaching = robot.teach()
await robot.whenState('recording')
const refused = await robot.look({ pan: 0 }).result()
if (refused.status === 'refused') console.log(refused.error.what)

for (const angle of [-30, 40]) {
  // A hand turns the limp joint; the robot reads it some times a second.
  while (servo.powered) await teaching.yield(0.02)
  servo.turnTo(deg(angle))
  await teaching.yield(0.3)
  teaching.send('note')
}
teaching.send('done')
const poses = await teaching.value()
console.log(`shown: ${poses.map((pose) => toDegrees(pose).toFixed(0)).join(', ')} degrees; now ${robot.state}`)

const repeated = await robot.replay({ poses }).value()
console.log(
  `repeated ${repeated} poses; pan stands at ${toDegrees(servo.angle).toFixed(0)} degrees; now ${robot.state}`,
)
await robot.disarm()
