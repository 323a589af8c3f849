/** `tendon/device`: the contracts that drivers, transports and sensors are written to. */
export type { HardwareMap } from './hardware-map.ts'
export type { JointSpec, StopPolicy } from './joint.ts'
export { accelerationOf, toJoint, toJointVelocity, toleranceOf, toServo } from './joint.ts'
export type { Latest, Reading, SensorConnection, SensorSink, SensorSpec } from './sensor.ts'
export type {
  BusHealth,
  ServoBus,
  ServoBusSpec,
  ServoCalibration,
  ServoInspection,
  ServoMount,
  ServoSample,
  ServoSetpoint,
  ServoSpec,
  StopPlan,
} from './servo-bus.ts'
export type { ByteConnection, ByteTransport, DeviceEnv, Unsubscribe } from './transport.ts'
