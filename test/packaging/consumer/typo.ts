import { defineRobot, deg, degPerSec, type RobotOf } from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { serial } from 'tendon/serial'

const model = defineRobot('turret', {
  buses: { servos: feetech({ port: serial({ path: '/dev/ttyACM0', baudRate: 1_000_000 }) }) },
  joints: {
    pan: { servo: sts3215('servos', 1), position: [deg(-90), deg(90)], velocity: degPerSec(180), stop: 'park' },
  },
})
const turret = model.with({ look: model.moveTo() })

/** The names of a definition reach its user through the built types: the right one compiles, the wrong one does not. */
export function look(robot: RobotOf<typeof turret>): void {
  void robot.look({ pan: 0 })
  // @ts-expect-error There is no joint pann.
  void robot.look({ pann: 0 })
  // @ts-expect-error There is no command lok.
  void robot.lok({ pan: 0 })
}
