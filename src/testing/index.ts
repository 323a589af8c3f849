/** `tendon/testing`: what the tests of a robot, of a driver, of a transport and of a framing need. */
export { MemoryTransport, type MemoryTransportOptions } from '../transports/memory.ts'
export type { ConformanceCheck } from './conformance.ts'
export { type DriverSubject, driverConformance } from './driver-conformance.ts'
export { type FramingSubject, framingConformance } from './framing-conformance.ts'
export { type FuzzOptions, type FuzzReport, fuzzFraming } from './framing-fuzz.ts'
export { type Harness, type HarnessOptions, harness } from './harness.ts'
export { type MemoryLink, memoryLink } from './memory-link.ts'
export {
  type ScriptBytes,
  type ScriptedPort,
  type ScriptedPortOptions,
  type ScriptStep,
  scriptedPort,
} from './scripted-port.ts'
export {
  type TransportConformanceOptions,
  type TransportSubject,
  transportConformance,
} from './transport-conformance.ts'
export { VirtualClock } from './virtual-clock.ts'
