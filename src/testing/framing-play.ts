import type { Seconds } from '../base/units.ts'
import type { Decoder, Framing } from '../framing/framing.ts'
import { VirtualClock } from './virtual-clock.ts'

/** What a decoder delivered, in order: frames, and the reasons of what was bad. */
export type FrameEvent<Frame> = { readonly frame: Frame } | { readonly bad: string }

/** Bytes, or a silence in seconds. */
export type Played = Uint8Array | Seconds

/** How bytes are cut into chunks before they are pushed. */
export type Cut = (bytes: Uint8Array) => Iterable<Uint8Array>

const whole: Cut = (bytes) => [bytes]

export function* single(bytes: Uint8Array): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at++) yield bytes.subarray(at, at + 1)
}

/** One decoder on a clock of its own, and what came out of it. */
export class Player<Frame> {
  readonly clock = new VirtualClock()
  readonly decoder: Decoder<Frame>
  readonly events: FrameEvent<Frame>[] = []
  readonly emit = {
    frame: (frame: Frame): void => void this.events.push({ frame }),
    bad: (bad: string): void => void this.events.push({ bad }),
  }

  constructor(framing: Framing<Frame>) {
    this.decoder = framing.create({ clock: this.clock })
  }

  get frames(): Frame[] {
    return this.events.flatMap((event) => ('frame' in event ? [event.frame] : []))
  }

  get bad(): number {
    return this.events.filter((event) => 'bad' in event).length
  }

  /** Each chunk is given in a buffer that is overwritten afterwards, as a port may do. */
  async play(parts: Iterable<Played>, cut: Cut = whole): Promise<void> {
    for (const part of parts) {
      if (typeof part === 'number') await this.clock.advance(part)
      else for (const chunk of cut(part)) this.push(chunk)
    }
  }

  push(chunk: Uint8Array): void {
    const lent = chunk.slice()
    this.decoder.push(lent, this.emit)
    lent.fill(0xa5)
  }
}

/** Plays `parts` into a fresh decoder. */
export async function played<Frame>(
  framing: Framing<Frame>,
  parts: Iterable<Played>,
  cut?: Cut,
): Promise<Player<Frame>> {
  const player = new Player(framing)
  await player.play(parts, cut)
  return player
}
