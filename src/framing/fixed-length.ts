import { badArgument } from '../base/argument.ts'
import type { Seconds } from '../base/units.ts'
import { burstDecoder, checkGap, type Judged } from './bursts.ts'
import { attempt, CandidateDecoder } from './candidates.ts'
import type { TwoWayFraming } from './framing.ts'

interface Whole {
  /** Bytes of every frame, all included: 1 to 4096. */
  readonly length: number
  /** Whether `length` bytes are a frame: `crc8.ends`, or your own. What it throws means no. Default: all are. */
  readonly check?: ((frame: Uint8Array) => boolean) | undefined
}

/** What frames of one length begin with, or the silence that ends them. */
export type FixedLengthOptions = Whole &
  (
    | { readonly start: readonly number[]; readonly idleGap?: undefined }
    | { readonly idleGap: Seconds; readonly start?: readonly number[] | undefined }
  )

/** Longer frames would make noise expensive: each false beginning is looked through again. */
const LONGEST = 4096

/**
 * Frames of one length. They are found by the bytes that they begin with, or by the silence after them. Frames are
 * delivered whole, beginning and checksum included, so that positions are those of the data sheet. Without a `check`,
 * start bytes that occur inside a frame can make a decoder that joins in the middle deliver wrong frames.
 *
 * With `start`, bad reasons are `checksum` and `noise`. With `idleGap`, they are `length` for a burst of another length,
 * `checksum`, and `start` where one was given; gaps of less than 20 ms do not survive every USB adapter.
 */
export function fixedLength(options: FixedLengthOptions): TwoWayFraming<Uint8Array> {
  const { length, start = [], check = () => true, idleGap } = options
  checkOptions(options)
  const begins = (frame: Uint8Array): boolean => start.every((byte, at) => at >= frame.length || frame[at] === byte)
  const judge = (burst: Uint8Array): Judged<Uint8Array> => {
    if (burst.length !== length) return { bad: 'length' }
    if (!begins(burst)) return { bad: 'start' }
    return attempt(check, burst, false) ? { frame: burst } : { bad: 'checksum' }
  }
  const shape = {
    max: length,
    lengthOf: (head: Uint8Array) => (!begins(head) ? 0 : head.length < start.length ? undefined : length),
    check,
    frameOf: (frame: Uint8Array) => frame,
  }
  return {
    kind: 'fixedLength',
    create: (env) =>
      idleGap === undefined
        ? new CandidateDecoder(shape)
        : burstDecoder('fixedLength', { max: length, gap: idleGap, judge }, env),
    encode(frame) {
      const judged = judge(frame)
      if ('bad' in judged)
        throw badArgument('fixedLength().encode()', 'frame', [...frame], `${length} bytes that pass (${judged.bad})`)
      return frame.slice()
    },
  }
}

function checkOptions({ length, start, idleGap }: FixedLengthOptions): void {
  if (!(Number.isInteger(length) && length >= 1 && length <= LONGEST))
    throw badArgument('fixedLength()', 'length', length, `a whole number of bytes from 1 to ${LONGEST}`)
  const bytes = start ?? []
  const right = bytes.length <= length && bytes.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255)
  if (!right) throw badArgument('fixedLength()', 'start', start, 'bytes from 0 to 255, no more than the length')
  if (idleGap !== undefined) checkGap('fixedLength()', idleGap)
  else if (bytes.length === 0)
    throw badArgument('fixedLength()', 'start', start, 'at least one byte where no idleGap ends the frames')
}
