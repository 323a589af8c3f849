import type { Seconds } from '../../base/units.ts'
import type { FeetechBus } from './bus.ts'
import type { FeetechServo } from './servo.ts'

/** A reply as it gets to the line. */
export interface Utterance {
  readonly bytes: Uint8Array
  /** Seconds later than the servo meant to. Its turn passes all the same. */
  readonly late?: Seconds
  /** Where the host's adapter breaks it in pieces: indices of first bytes, rising. */
  readonly cuts?: readonly number[]
}

/** What stands between a servo and the line, when something does. */
export interface LineFaults {
  /** Whether nothing reaches this servo and nothing comes from it. */
  silent(servo: FeetechServo): boolean
  /** What becomes of its reply: the same bytes, others, several frames, or nothing. */
  reply(servo: FeetechServo, bytes: Uint8Array): readonly Utterance[]
  /** Bytes that nobody sent, and how long after the host's frame they come; `undefined`: the line is clean. */
  noise(bus: FeetechBus): { readonly bytes: Uint8Array; readonly after: Seconds } | undefined
}
