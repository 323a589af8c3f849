/** `tendon/sim`: byte-accurate simulated hardware behind the same bytes as the real one. */
export { Faults, type Hits } from './faults.ts'
export { FeetechBus, type HostEar, type LineFaults, type WireFrame } from './feetech/bus.ts'
export { ALARM, BAUD_RATES, type Register, type RegisterName, STS3215 } from './feetech/registers.ts'
export { FeetechServo, type ServoSetup } from './feetech/servo.ts'
export type { WireOptions } from './feetech/wire.ts'
export { SimulatedPort } from './line.ts'
export { Random } from './random.ts'
export { type PlaybackOptions, playback, type Recording, type Streaming, streamTo } from './recording.ts'
export type { ServoRef } from './roster.ts'
export {
  type Simulable,
  type SimulatedJointOptions,
  type SimulationOptions,
  simulated,
  simulationOf,
} from './simulated.ts'
export { SimulatedServo } from './simulated-servo.ts'
export { Simulation } from './simulation.ts'
export { Timeline } from './timeline.ts'
