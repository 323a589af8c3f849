/** `tendon/dynamixel`: Dynamixel X series servos with Protocol 2.0. */

export { DynamixelBus, type DynamixelBusOptions, type DynamixelSpec, dynamixel } from './bus.ts'
export { BROADCAST_ID, decodeFrame, encodeFrame, type Frame, INSTRUCTION } from './frame.ts'
export { RegisterAccess, type WriteManner } from './register-access.ts'
export { type Register, X_SERIES } from './registers.ts'
export type { Block } from './requests.ts'
export {
  type DynamixelGains,
  type DynamixelOptions,
  type DynamixelServoSpec,
  type JointMode,
  type ModeWithoutCurrent,
  type Shadow,
  type VariantOption,
  xc330,
  xc430,
  xl330,
  xl430,
  xm430,
  xm540,
} from './servos.ts'
export { StatusDecoder, type StatusFrame } from './status-decoder.ts'
export { stuff, unstuff } from './stuffing.ts'
export { DynamixelWorkbench, type DynamixelWorkbenchOptions } from './workbench.ts'
