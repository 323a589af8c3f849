/** `tendon/testing`: what a robot's own tests need. */
export { VirtualClock } from './virtual-clock.ts'
