/** `tendon/feetech`: Feetech STS servos, such as the STS3215 of SO-100 and SO-101 arms. */

// What drivers of other families are made of as well: the line that takes turns, and how it finds their frames.
export { FeetechBus, type FeetechOptions, type FeetechSpec, feetech } from './bus.ts'
export { BROADCAST_ID, decodeFrame, encodeFrame, type Frame, INSTRUCTION } from './frame.ts'
export { RegisterAccess, type WriteManner } from './register-access.ts'
export { type Register, STS3215, STS3215_MODEL_NUMBER } from './registers.ts'
export { decodeSignMagnitude, encodeSignMagnitude } from './sign-magnitude.ts'
export { StatusDecoder } from './status-decoder.ts'
export { type Sts3215Options, sts3215 } from './sts3215.ts'
export { type SwitchedOff, type SwitchOffOptions, switchOff } from './switch-off.ts'
export { FeetechWorkbench, type FeetechWorkbenchOptions } from './workbench.ts'
