import type { Catalogue } from '../base/problem.ts'
import { admissionProblems } from '../base/problems/admission.ts'
import { definitionProblems } from '../base/problems/definition.ts'
import { guardProblems } from '../base/problems/guard.ts'
import { lifecycleProblems } from '../base/problems/lifecycle.ts'
import { linkProblems } from '../base/problems/link.ts'
import { noiseProblems, portProblems } from '../base/problems/port.ts'
import { runProblems } from '../base/problems/run.ts'
import { safetyProblems } from '../base/problems/safety.ts'
import { setupProblems } from '../base/problems/setup.ts'
import { speedProblems } from '../base/problems/speed.ts'
import { stopInputProblems } from '../base/problems/stop-input.ts'
import { storageProblems } from '../base/problems/storage.ts'
import { useProblems } from '../base/problems/use.ts'
import { controlProblems } from '../cli/control/problems.ts'
import { hostProblems } from '../cli/host-problems.ts'
import { dynamixelProblems } from '../drivers/dynamixel/problems.ts'
import { pca9685Problems } from '../drivers/pca9685/problems.ts'
import { framingProblems } from '../framing/problems.ts'
import { parameterProblems } from '../params/problems.ts'
import { recordingProblems } from '../recording/problems.ts'
import { simProblems } from '../sim/problems.ts'
import { streamProblems } from '../stream/problems.ts'
import { testingProblems } from '../testing/problems.ts'
import { gpioProblems } from '../transports/gpio-problems.ts'
import { i2cProblems } from '../transports/i2c-problems.ts'
import { mqttProblems } from '../transports/mqtt/problems.ts'

/** The codes of one area, as its catalogue file holds them. */
export interface Area {
  readonly title: string
  /** One sentence on what these codes have in common. */
  readonly doc: string
  readonly rows: Catalogue
}

/** Every catalogue of Tendon, in the order in which somebody meets them. A catalogue that is not here fails a test. */
export const areas: readonly Area[] = [
  {
    title: 'Definition and start',
    doc: 'What is wrong with a definition, before anything is opened.',
    rows: definitionProblems,
  },
  { title: 'Refused commands', doc: 'The command did not start, and nothing changed.', rows: admissionProblems },
  { title: 'Runs', doc: 'A command that had started, and the handle of it.', rows: runProblems },
  { title: 'Arming and disarming', doc: 'What the owner of the robot asked for.', rows: lifecycleProblems },
  {
    title: 'Motion and power',
    doc: 'Setpoints that were refused, joints under power, and what stands against arming.',
    rows: safetyProblems,
  },
  {
    title: 'Joints that turn at speeds',
    doc: 'Wheels: what was refused, and what does not turn.',
    rows: speedProblems,
  },
  { title: 'Opening a port', doc: 'Why a serial port could not be had.', rows: portProblems },
  {
    title: 'The guard',
    doc: 'The process that stops a robot when its program cannot any more.',
    rows: guardProblems,
  },
  {
    title: 'Ports, buses and servos',
    doc: 'What the hardware said, or did not say.',
    rows: { ...linkProblems, ...noiseProblems },
  },
  {
    title: 'Setting up',
    doc: 'Servos that are found, numbered and calibrated by hand, and the first motion of a robot.',
    rows: setupProblems,
  },
  {
    title: 'Dynamixel servos',
    doc: 'What only servos of this family say, or need.',
    rows: dynamixelProblems,
  },
  {
    title: 'PCA9685 and hobby servos',
    doc: 'A chip that sends pulses, and servos that measure nothing.',
    rows: pca9685Problems,
  },
  { title: 'I2C', doc: 'The bus of such chips.', rows: i2cProblems },
  { title: 'Pins', doc: 'Single wires at the pins of a computer.', rows: gpioProblems },
  { title: 'Wired stop buttons', doc: 'What a stop input has against arming.', rows: stopInputProblems },
  { title: 'MQTT', doc: 'Brokers, links and the messages on them.', rows: mqttProblems },
  { title: 'Sensors', doc: 'Sensors and those who read them.', rows: streamProblems },
  { title: 'Parameters', doc: 'Values of a definition that can be changed while it runs.', rows: parameterProblems },
  { title: 'Recordings', doc: 'Joint positions that were recorded, and their replay.', rows: recordingProblems },
  { title: 'Storage', doc: 'Where parameters and recordings are kept.', rows: storageProblems },
  { title: 'Framings', doc: 'Bytes into frames, frames into readings.', rows: framingProblems },
  { title: 'Simulator', doc: 'Simulated hardware and its faults.', rows: simProblems },
  {
    title: 'Command line',
    doc: 'How `tendon` reaches a robot that runs in another process.',
    rows: controlProblems,
  },
  {
    title: 'Services and deploying',
    doc: 'The computer of a robot, and the way to it.',
    rows: hostProblems,
  },
  { title: 'Tests', doc: 'The virtual clock and the harness of `tendon/testing`.', rows: testingProblems },
  { title: 'Wrong use', doc: 'A call that cannot be meant as it was written; it had no effect.', rows: useProblems },
]
