/** `tendon/sim`: byte-accurate simulated hardware behind the same bytes as the real one. */

export { DynamixelBus } from './dynamixel/bus.ts'
export { DynamixelServo, type DynamixelSetup } from './dynamixel/servo.ts'
export type { AnyRegister } from './families.ts'
export type {
  HostEar,
  LinePort,
  ServoScale,
  ServoUnit,
  SimulatedLine,
  WireFrame,
} from './family.ts'
export { type FaultKind, type FaultKindSpec, type FaultValue, faultKinds } from './fault-kinds.ts'
export { type FaultPlan, formatFault, parseFault } from './fault-plan.ts'
export { Faults, type FaultyBus } from './faults.ts'
export { FeetechBus } from './feetech/bus.ts'
export { ALARM, BAUD_RATES, type Register, type RegisterName, STS3215 } from './feetech/registers.ts'
export { FeetechServo, type ServoSetup } from './feetech/servo.ts'
export { SimulatedPort } from './line.ts'
export type { LineFaults, Utterance } from './line-faults.ts'
export { Random } from './random.ts'
export { type PlaybackOptions, playback, type Recording, type Streaming, streamTo } from './recording.ts'
export type { Hits } from './reply-faults.ts'
export type { ServoRef } from './roster.ts'
export { scaledClock } from './scaled-clock.ts'
export { scheduleFaults } from './schedule-faults.ts'
export { type ServedBus, type ServeOptions, serveOnPty, type Terminal } from './serve-on-pty.ts'
export { silentPort } from './silent-port.ts'
export {
  type Simulable,
  type SimulatedJointOptions,
  type SimulationOptions,
  simulated,
  simulationOf,
} from './simulated.ts'
export { SimulatedInput } from './simulated-input.ts'
export { SimulatedServo } from './simulated-servo.ts'
export { Simulation } from './simulation.ts'
export { Timeline } from './timeline.ts'
export type { WireOptions } from './wire/wire.ts'
