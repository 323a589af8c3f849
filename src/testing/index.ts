/** `tendon/testing`: what a robot's own tests need. */
export { type Harness, type HarnessOptions, harness } from './harness.ts'
export { VirtualClock } from './virtual-clock.ts'
