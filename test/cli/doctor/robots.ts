import { defineRobot, deg, degPerSec, type RobotDefinition } from 'tendon'
import type { HardwareMap, LinkSpec, MessageLink, ServoWorkbench } from 'tendon/device'
import { feetech, sts3215 } from 'tendon/feetech'
import { serial } from 'tendon/serial'

/** An arm with two servos on a serial port. */
export const armOn = (path: string): RobotDefinition =>
  defineRobot('arm', {
    buses: { servos: feetech({ port: serial({ path, baudRate: 1_000_000 }) }) },
    joints: {
      pan: { servo: sts3215('servos', 1), position: [deg(-90), deg(90)], velocity: degPerSec(90), stop: 'park' },
      tilt: { servo: sts3215('servos', 2), position: [deg(-90), deg(90)], velocity: degPerSec(90), stop: 'park' },
    },
  }).with({}) as unknown as RobotDefinition

const changed = (robot: RobotDefinition, change: (hardware: HardwareMap) => Partial<HardwareMap>): RobotDefinition =>
  robot.withHardware({ ...robot.hardware, ...change(robot.hardware) }) as unknown as RobotDefinition

/** The same arm, whose servos are asked through this workbench. */
export const armAsked = (path: string, workbench: Partial<ServoWorkbench>): RobotDefinition =>
  changed(armOn(path), ({ buses }) => {
    const bench = { open: async () => {}, close: async () => {}, ...workbench } as ServoWorkbench
    const servos = buses.servos
    if (!servos) throw new Error('the arm has no bus')
    return { buses: { servos: { ...servos, workbench: () => bench } } }
  })

/** The same arm with a broker that is, or is not, online. */
export const armWithBroker = (online: boolean): RobotDefinition =>
  changed(armOn('/dev/ttyACM0'), () => {
    const link = { status: { online, problem: undefined }, close: async () => {} } as unknown as MessageLink
    const lab: LinkSpec = { kind: 'mqtt', address: 'mqtt://lab:1883', open: async () => link }
    return { links: { lab } }
  })

/** The same arm, with its bus on I2C. */
export const armOnI2c = (): RobotDefinition =>
  changed(armOn('/dev/ttyACM0'), ({ buses }) => {
    const servos = buses.servos
    if (!servos) throw new Error('the arm has no bus')
    return { buses: { servos: { ...servos, port: { ...servos.port, kind: 'i2c', address: '/dev/i2c-1 at 0x40' } } } }
  })

/** The same arm with an input that stops it. */
export const armWithButton = (): RobotDefinition => {
  const robot = armOn('/dev/ttyACM0')
  Object.assign(robot.model.spec, { stopInputs: { button: {} } })
  return robot
}
