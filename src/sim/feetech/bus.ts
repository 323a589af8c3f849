import type { Random } from '../random.ts'
import type { Timeline } from '../timeline.ts'
import { HalfDuplexLine, type HalfDuplexOptions, type LineProtocol } from '../wire/half-duplex-line.ts'
import { InstructionDecoder, type InstructionFrame } from './frame.ts'
import { BAUD_RATES } from './registers.ts'
import { execute } from './responder.ts'
import type { FeetechServo } from './servo.ts'

const PROTOCOL: LineProtocol<FeetechServo, InstructionFrame> = {
  baudRates: BAUD_RATES,
  decoder: () => new InstructionDecoder(),
  execute,
}

/** Feetech servos on one line. */
export class FeetechBus extends HalfDuplexLine<FeetechServo, InstructionFrame> {
  constructor(options: HalfDuplexOptions<FeetechServo>, timeline: Timeline, random: Random) {
    super(PROTOCOL, options, timeline, random)
  }
}
