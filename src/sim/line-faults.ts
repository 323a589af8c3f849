import type { Seconds } from '../base/units.ts'
import type { ServoUnit, SimulatedLine } from './family.ts'

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
  silent(servo: ServoUnit): boolean
  /** What becomes of its reply: the same bytes, others, several frames, or nothing. */
  reply(servo: ServoUnit, bytes: Uint8Array): readonly Utterance[]
  /** Bytes that nobody sent, and how long after the host's frame they come; `undefined`: the line is clean. */
  noise(line: SimulatedLine): { readonly bytes: Uint8Array; readonly after: Seconds } | undefined
}

/** A line on which nothing goes wrong. */
export const NO_FAULTS: LineFaults = {
  silent: () => false,
  reply: (_servo, bytes) => [{ bytes }],
  noise: () => undefined,
}
