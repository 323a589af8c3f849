import { badArgument } from '../base/argument.ts'
import type { Clock, Timer } from '../base/clock.ts'
import type { Seconds } from '../base/units.ts'
import type { Decoder, FrameSink, FramingEnv } from './framing.ts'

/** What bytes between two silences are: a frame, or the short reason why not. */
export type Judged<Frame> = { readonly frame: Frame } | { readonly bad: string }

/** How frames that silence ends look on this port. */
export interface BurstShape<Frame> {
  /** Bytes of the longest frame; a longer burst counts once as `length`. */
  readonly max: number
  /** So long a silence ends a frame. */
  readonly gap: Seconds
  /** Judges a whole burst; the array is its own. */
  judge(burst: Uint8Array): Judged<Frame>
}

/**
 * Frames that a silence ends. The frame is delivered when the silence has lasted, or with the first byte after it when
 * this process was held up meanwhile. How exact that is depends on the port: a USB adapter delivers in lumps of up to
 * 16 ms and blurs shorter silences.
 */
class BurstDecoder<Frame> implements Decoder<Frame> {
  readonly #shape: BurstShape<Frame>
  readonly #clock: Clock
  readonly #bytes: Uint8Array
  #length = 0
  #over = false
  #lastAt: Seconds = 0
  #silence: Timer | undefined
  #closed = false

  constructor(shape: BurstShape<Frame>, clock: Clock) {
    this.#shape = shape
    this.#clock = clock
    this.#bytes = new Uint8Array(shape.max)
  }

  push(chunk: Uint8Array, emit: FrameSink<Frame>): void {
    if (this.#closed || chunk.length === 0) return
    const now = this.#clock.now()
    if (this.#silence && now - this.#lastAt >= this.#shape.gap) this.#end(emit)
    this.#lastAt = now
    this.#append(chunk)
    this.#silence?.cancel()
    this.#silence = this.#clock.after(this.#shape.gap, () => this.#end(emit))
  }

  close(): void {
    this.#closed = true
    this.#silence?.cancel()
    this.#silence = undefined
  }

  #append(chunk: Uint8Array): void {
    if (this.#length + chunk.length > this.#bytes.length) this.#over = true
    if (this.#over) return
    this.#bytes.set(chunk, this.#length)
    this.#length += chunk.length
  }

  #end(emit: FrameSink<Frame>): void {
    this.#silence?.cancel()
    this.#silence = undefined
    const judged = this.#over ? { bad: 'length' } : this.#shape.judge(this.#bytes.slice(0, this.#length))
    this.#over = false
    this.#length = 0
    if ('frame' in judged) emit.frame(judged.frame)
    else emit.bad(judged.bad)
  }
}

/** Makes a decoder for such frames. Throws `TENDON_ARGUMENT_INVALID` without a clock. */
export function burstDecoder<Frame>(
  kind: string,
  shape: BurstShape<Frame>,
  env: FramingEnv | undefined,
): Decoder<Frame> {
  if (!env) throw badArgument(`${kind}().create()`, 'env', env, '{ clock }, because a silence ends a frame')
  return new BurstDecoder(shape, env.clock)
}

/** Checks a silence that a person gave. */
export function checkGap(call: string, gap: Seconds): Seconds {
  if (gap > 0 && gap <= 10) return gap
  throw badArgument(call, 'idleGap', gap, 'a silence of more than 0 and at most 10 seconds')
}
