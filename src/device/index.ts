/** `tendon/device`: the contracts that drivers, transports and sensors are written to, and what their problems are made of. */
export { entry, nearNames, oneOf, type Problem, type ProblemEntry, problemsOf, TendonError } from '../base/problem.ts'
export { problem } from '../base/problems/index.ts'
export * from '../base/units.ts'
export type { DigitalConnection, DigitalInput, DigitalOutput, OutputConnection } from './digital-input.ts'
export type { HardwareMap } from './hardware-map.ts'
export {
  encodeI2cAnswer,
  encodeI2cRequest,
  type I2cAnswer,
  type I2cRecords,
  type I2cRequest,
  type I2cState,
  i2cAnswers,
  i2cRequests,
} from './i2c-transaction.ts'
export type { JointSpec, StopPolicy } from './joint.ts'
export { accelerationOf, toJoint, toJointVelocity, toleranceOf, toServo } from './joint.ts'
export {
  type LinkedSensorSpec,
  type LinkPort,
  type LinkSpec,
  type LinkStatus,
  linkOf,
  type Message,
  type MessageLink,
  type PublishOptions,
} from './link.ts'
export type { Latest, Reading, SensorConnection, SensorSink, SensorSpec } from './sensor.ts'
export type {
  BusHealth,
  ReplyCounts,
  ServoBus,
  ServoBusSpec,
  ServoCalibration,
  ServoInspection,
  ServoMode,
  ServoMount,
  ServoSample,
  ServoSetpoint,
  ServoSpec,
  ServoSpeed,
  StopPlan,
} from './servo-bus.ts'
export type { FoundServo, ServoGlance, ServoWorkbench } from './servo-workbench.ts'
export type { ByteConnection, ByteTransport, DeviceEnv, Unsubscribe } from './transport.ts'
