import { defineRobot, deg, degPerSec, param } from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { serial } from 'tendon/serial'

/** A small robot beside the SO-101; its port is what `TURRET_PORT` says. */
const model = defineRobot('turret', {
  parameters: { reach: param.number({ default: deg(20), min: 0, max: deg(90), unit: 'deg', doc: 'how far it turns' }) },
  buses: {
    servos: feetech({
      port: serial({ path: process.env.TURRET_PORT ?? '/dev/null', baudRate: 1_000_000 }),
      slack: 0.1,
    }),
  },
  joints: {
    pan: { servo: sts3215('servos', 1), position: [deg(-90), deg(90)], velocity: degPerSec(180), stop: 'park' },
    tilt: { servo: sts3215('servos', 2), position: [deg(-90), deg(90)], velocity: degPerSec(180), stop: 'park' },
  },
  // A machine that runs many tests at a time may keep a simulated servo waiting; that is not what these tests are about.
  limits: { silence: 10, stallTime: 5, arriveTimeout: 20 },
})

export default model.with({ look: model.moveTo() })
