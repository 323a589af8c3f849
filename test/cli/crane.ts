import { defineRobot, deg, degPerSec } from 'tendon'
import { dynamixel, xl430, xm430 } from 'tendon/dynamixel'
import { serial } from 'tendon/serial'

/** Dynamixels, one of them with a shadow; its port is what `CRANE_PORT` says. */
const model = defineRobot('crane', {
  buses: { servos: dynamixel({ port: serial({ path: process.env.CRANE_PORT ?? '/dev/null', baudRate: 57_600 }) }) },
  joints: {
    boom: {
      servo: xm430('servos', 1, { shadows: [3] }),
      position: [deg(-90), deg(90)],
      velocity: degPerSec(180),
      stop: 'park',
    },
    hook: { servo: xl430('servos', 20), position: [deg(-90), deg(90)], velocity: degPerSec(180), stop: 'park' },
  },
})

export default model.with({ swing: model.moveTo() })
