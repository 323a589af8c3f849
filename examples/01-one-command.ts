// One command: a robot with one joint is armed, moves, and is disarmed.
// npx tsx --conditions=tendon-source examples/01-one-command.ts

import { defineRobot, deg, degPerSec, start, toDegrees } from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { serial } from 'tendon/serial'
import { simulated } from 'tendon/sim'

const model = defineRobot('turret', {
  buses: { servos: feetech({ port: serial({ path: '/dev/ttyACM0', baudRate: 1_000_000 }) }) },
  joints: {
    pan: { servo: sts3215('servos', 1), position: [deg(-90), deg(90)], velocity: degPerSec(180), stop: 'park' },
  },
})
const turret = model.with({ look: model.moveTo() })

// Without `simulated` it would be the servo on /dev/ttyACM0. Leaving the block disarms and closes the robot.
await using robot = await start(simulated(turret))

const before = await robot.look({ pan: deg(45) }).result()
console.log(`before arming: ${before.status === 'refused' ? before.error.code : before.status}`)

console.log(`armed: ${(await robot.arm()).armed}`)
const { position } = await robot.look({ pan: deg(45) }).value()
console.log(`pan was read at ${toDegrees(position.pan ?? Number.NaN).toFixed(0)} degrees`)

const beyond = await robot.look({ pan: deg(120) }).result()
if (beyond.status === 'refused') console.log(beyond.error.what)

const { confirmed, joints } = await robot.disarm()
console.log(`disarmed: ${confirmed}, ${joints.map(({ joint, verdict }) => `${joint} ${verdict}`).join(', ')}`)
