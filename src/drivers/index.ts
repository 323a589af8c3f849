/**
 * `tendon/drivers`: what a driver of your own is made of: turn-taking on a half-duplex line, and a whole driver from
 * frames. And how the servos of any driver are switched off without a robot.
 */
export { framedLine } from './framed-line.ts'
export { HalfDuplexBus, type HalfDuplexOptions, type Replies, type Reply } from './half-duplex-bus.ts'
export type { ExpectedReply, FrameDecoder, LineProtocol, LineRequest } from './line-request.ts'
export { type ServoDriverOptions, type ServoProtocol, type ServoState, servoDriver } from './servo-driver.ts'
export { type SwitchedOff, type SwitchOffOptions, switchOff } from './switch-off.ts'
