import { badArgument } from '../base/argument.ts'
import type { Clock } from '../base/clock.ts'

/** Where a decoder delivers, while `push` runs and in the order of the bytes. */
export interface FrameSink<Frame> {
  frame(frame: Frame): void
  /** Input that failed the framing's own check, under a short stable reason. It is never delivered as a frame. */
  bad(reason: string): void
}

/**
 * Cuts one stream of bytes into frames. However the bytes are cut into chunks, the same frames and the same counts come
 * out. It never throws over its input, and what it keeps between two chunks has a fixed bound.
 */
export interface Decoder<Frame> {
  push(chunk: Uint8Array, emit: FrameSink<Frame>): void
  /** Ends its timers, where it has any; nothing is delivered after it. An unfinished frame is dropped: it may be cut. */
  close?(): void
}

/** What a decoder may need beyond bytes. */
export interface FramingEnv {
  readonly clock: Clock
}

/** A way to put frames on a wire: a value that holds nothing and makes one decoder for each opened port. */
export interface Framing<Frame> {
  /** `lines`, `nmea`, ... */
  readonly kind: string
  /** Throws `TENDON_ARGUMENT_INVALID` without `env` where silence ends a frame: that needs a clock. */
  create(env?: FramingEnv): Decoder<Frame>
}

/** A framing that can write, too. */
export interface TwoWayFraming<Frame> extends Framing<Frame> {
  /** The bytes of one frame. Throws `TENDON_ARGUMENT_INVALID` for one that this framing cannot carry. */
  encode(frame: Frame): Uint8Array
}

/** Checks a cap that a person gave; a cap is what bounds a decoder's memory. */
export function checkCap(name: string, value: number): number {
  if (!(Number.isInteger(value) && value >= 1 && value <= 1_048_576)) {
    throw badArgument('A framing', name, value, 'a whole number of bytes from 1 to 1048576')
  }
  return value
}
