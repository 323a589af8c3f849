import { defineRobot, deg, degPerSec, start, toDegrees } from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { serial } from 'tendon/serial'
import { simulated } from 'tendon/sim'
import { harness } from 'tendon/testing'

const model = defineRobot('turret', {
  buses: { servos: feetech({ port: serial({ path: '/dev/ttyACM0', baudRate: 1_000_000 }) }) },
  joints: {
    pan: { servo: sts3215('servos', 1), position: [deg(-90), deg(90)], velocity: degPerSec(180), stop: 'park' },
  },
})
const turret = model.with({ look: model.moveTo() })

// In real time, as a program runs it.
await using robot = await start(simulated(turret))
const armed = await robot.arm()
if (!armed.armed) throw new Error(armed.problems[0]?.what)
const { position } = await robot.look({ pan: deg(10) }).value()
console.log(`real time: pan ${Math.round(toDegrees(position.pan ?? Number.NaN))}`)

// On the virtual clock, as its tests run it.
await using rig = await harness(turret)
await rig.arm()
const outcome = await rig.run(rig.robot.look({ pan: deg(45) }).result())
console.log(`virtual time: ${outcome.status}, pan ${Math.round(toDegrees(rig.sim.servo('pan').position))}`)
