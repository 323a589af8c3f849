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
}

/** A way to put frames on a wire: a value that holds nothing and makes one decoder for each opened port. */
export interface Framing<Frame> {
  /** `lines`, `nmea`, ... */
  readonly kind: string
  create(): Decoder<Frame>
}

/** Checks a cap that a person gave; a cap is what bounds a decoder's memory. */
export function checkCap(name: string, value: number): number {
  if (!(Number.isInteger(value) && value >= 1 && value <= 1_048_576)) {
    throw new RangeError(`${name} is a whole number of bytes from 1 to 1048576, got ${value}`)
  }
  return value
}
