import type { Random } from '../random.ts'
import type { Timeline } from '../timeline.ts'
import { HalfDuplexLine, type HalfDuplexOptions, type LineProtocol } from '../wire/half-duplex-line.ts'
import { InstructionDecoder, type InstructionFrame } from './frame.ts'
import { BAUD_RATES } from './registers.ts'
import { execute } from './responder.ts'
import type { DynamixelServo } from './servo.ts'

const PROTOCOL: LineProtocol<DynamixelServo, InstructionFrame> = {
  baudRates: BAUD_RATES,
  decoder: () => new InstructionDecoder(),
  execute,
}

/** Dynamixel servos on one line. */
export class DynamixelBus extends HalfDuplexLine<DynamixelServo, InstructionFrame> {
  constructor(options: HalfDuplexOptions<DynamixelServo>, timeline: Timeline, random: Random) {
    super(PROTOCOL, options, timeline, random)
  }
}
