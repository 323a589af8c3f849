import type { Timer } from '../../base/clock.ts'
import type { Seconds } from '../../base/units.ts'
import type { Random } from '../random.ts'
import type { Timeline } from '../timeline.ts'

/** What finds a family's instruction frames in a stream of bytes. */
export interface FrameDecoder<Frame> {
  /** Takes one byte; then call `take` until it has no more. */
  push(byte: number): void
  /** The next whole frame, if there is one. */
  take(): Frame | undefined
  /** Forgets a frame that was begun. */
  reset(): void
}

/** What happens on the wire, in the order of its time. */
export interface WireEvents<Frame> {
  /** A whole instruction frame has been on the wire at `at`. */
  heard(frame: Frame, at: Seconds): void
  /**
   * What was said, its last byte on the wire at `at`, reaches the host now, garbled where the host talked over it.
   * `cuts`: where the adapter breaks it in pieces.
   */
  arrived(bytes: Uint8Array, at: Seconds, cuts: readonly number[]): void
  /** The same for bytes that no servo sent. */
  disturbed(bytes: Uint8Array): void
  /** Bytes of the host come back to it, where the wiring echoes. */
  echoed(bytes: Uint8Array): void
}

/** How the line between host and servos behaves. */
export interface WireOptions {
  /** Bits per second; ten of them carry a byte. */
  readonly baudRate: number
  /** The host hears its own bytes, as on direct UART wirings. Default false. */
  readonly echo?: boolean | undefined
  /** Seconds from a reply's last byte to the host: the latency timer of a USB adapter. Default 0. */
  readonly latency?: Seconds | undefined
}

/** Bytes of one sender with their place in time: byte i is on the wire from `start + i * byteTime` on. */
interface Span {
  readonly bytes: Uint8Array
  readonly start: Seconds
  readonly end: Seconds
}

interface HostSpan extends Span {
  /** How many of its bytes the servos have heard. */
  heard: number
}

interface SaidSpan extends Span {
  readonly cuts: readonly number[]
  /** Bytes that no servo sent. */
  readonly noise: boolean
}

/** How something is said beyond its bytes. */
export interface Manner {
  /** Where the host's adapter breaks it in pieces: indices of first bytes, rising. */
  readonly cuts?: readonly number[] | undefined
  /** Nobody sent it: servos hear it too. */
  readonly noise?: boolean | undefined
}

const BITS_PER_BYTE = 10
/** Instants closer than this are the same: far below a bit time, far above rounding. */
const SAME: Seconds = 1e-9
/** A frame that stops in the middle is given up after this silence. The vendor does not say; ours is longer than the
 *  pauses of a busy host behind a USB adapter. */
const SILENCE: Seconds = 0.1

/**
 * A half-duplex line: the host's bytes and the servos' replies take their time on it, ten bits a byte, and garble each
 * other where they overlap. Two timers at most are pending, none while the line is idle. Servos do not talk over each
 * other here: a reply takes the first gap between the others that is wide enough for it. On a clock that is late, what
 * is due by then happens at once, in its order.
 */
export class Wire<Frame = unknown> {
  readonly #timeline: Timeline
  readonly #random: Random
  readonly #events: WireEvents<Frame>
  readonly #byteTime: Seconds
  readonly #latency: Seconds
  readonly #decoder: FrameDecoder<Frame>
  #lastHeard: Seconds = -Infinity
  /** Decodes at once what is only now being sent, to know when a frame will be complete: a timer a frame, not a byte. */
  readonly #scout: FrameDecoder<Frame>
  #scoutedTo: Seconds = -Infinity
  #hostSpans: HostSpan[] = []
  #hostFree: Seconds = 0
  /** By their time; no two overlap. */
  #replies: SaidSpan[] = []
  #spoken: Span[] = []
  #wakes: Seconds[] = []
  #wake: Timer | undefined
  #delivery: Timer | undefined
  #delivering: SaidSpan | undefined
  #collisions = 0
  /** The host hears its own bytes. */
  echo: boolean

  /** `decoder` makes what the servos hear with. */
  constructor(
    timeline: Timeline,
    random: Random,
    options: WireOptions,
    decoder: () => FrameDecoder<Frame>,
    events: WireEvents<Frame>,
  ) {
    this.#timeline = timeline
    this.#random = random
    this.#events = events
    this.#decoder = decoder()
    this.#scout = decoder()
    this.#byteTime = BITS_PER_BYTE / options.baudRate
    this.echo = options.echo ?? false
    this.#latency = options.latency ?? 0
  }

  /** How many bytes of host and servos were garbled because both sent at once. */
  get collisions(): number {
    return this.#collisions
  }

  /** Seconds that `count` bytes take. */
  duration(count: number): Seconds {
    return count * this.#byteTime
  }

  /** Takes bytes of the host: they follow what it has already sent, and the line is not asked whether it is free. */
  send(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    const now = this.#timeline.now()
    this.#hear(now)
    const start = Math.max(now, this.#hostFree)
    const span = { bytes: bytes.slice(), start, end: start + this.duration(bytes.length), heard: 0 }
    this.#hostFree = span.end
    this.#hostSpans.push(span)
    this.#scoutAhead(span)
    if (this.echo) this.#wakes.push(span.end)
    this.#armWake()
  }

  /** Says it at `earliest`, or in the first gap after that. Returns when its last byte is on the wire. */
  say(bytes: Uint8Array, earliest: Seconds, { cuts = [], noise = false }: Manner = {}): Seconds {
    const duration = this.duration(bytes.length)
    let start = earliest
    let place = 0
    for (const other of this.#replies) {
      if (start + duration <= other.start + SAME) break
      start = Math.max(start, other.end)
      place++
    }
    this.#replies.splice(place, 0, { bytes, start, end: start + duration, cuts, noise })
    this.#armDelivery()
    return start + duration
  }

  /** The host closes the port: what it has written goes out, as a port does that drains; nobody hears the replies. */
  drain(): void {
    this.#hear(Infinity)
    this.cut()
  }

  /** The cable is pulled: everything under way is gone. */
  cut(): void {
    this.#wake?.cancel()
    this.#delivery?.cancel()
    this.#wake = this.#delivery = this.#delivering = undefined
    this.#hostSpans = []
    this.#replies = []
    this.#spoken = []
    this.#wakes = []
    this.#decoder.reset()
    this.#scout.reset()
    this.#hostFree = this.#timeline.now()
  }

  #scoutAhead({ bytes, start }: Span): void {
    if (start - this.#scoutedTo > SILENCE) this.#scout.reset()
    for (let i = 0; i < bytes.length; i++) {
      this.#scout.push(bytes[i] as number)
      this.#scoutedTo = start + this.duration(i + 1)
      if (!this.#scout.take()) continue
      while (this.#scout.take());
      this.#wakes.push(this.#scoutedTo)
    }
  }

  #armWake(): void {
    const [first] = this.#wakes
    if (this.#wake || first === undefined) return
    this.#wake = this.#timeline.at(first, () => {
      this.#wake = undefined
      const until = Math.max(first, this.#timeline.now())
      while ((this.#wakes[0] ?? Infinity) <= until) this.#wakes.shift()
      this.#hear(until)
      this.#armWake()
    })
  }

  #armDelivery(): void {
    const [first] = this.#replies
    if (first === this.#delivering) return
    this.#delivery?.cancel()
    this.#delivery = undefined
    this.#delivering = first
    if (!first) return
    this.#delivery = this.#timeline.at(first.end + this.#latency, () => {
      this.#delivery = this.#delivering = undefined
      const until = Math.max(first.end, this.#timeline.now() - this.#latency)
      for (let due: SaidSpan | undefined = first; due && due.end <= until; due = this.#replies[0]) this.#deliver(due)
      this.#armDelivery()
    })
  }

  #deliver(said: SaidSpan): void {
    this.#replies.shift()
    if (this.#hostSpans.length > 0) {
      this.#garble(said)
      this.#spoken.push(said)
    }
    this.#forget()
    if (said.noise) this.#disturb(said)
    else this.#events.arrived(said.bytes, said.end, said.cuts)
  }

  /** Noise is heard on both sides; what servos make of it they make in its place among the host's bytes. */
  #disturb({ bytes, end }: SaidSpan): void {
    this.#hear(end)
    for (const byte of bytes) this.#take(byte, end)
    this.#events.disturbed(bytes)
  }

  /** Gives the servos every byte that has been on the wire until then. */
  #hear(until: Seconds): void {
    // By index: a listener may send while we are at it, which appends.
    for (let i = 0; i < this.#hostSpans.length; i++) {
      const span = this.#hostSpans[i] as HostSpan
      const from = span.heard
      while (span.heard < span.bytes.length) {
        const at = span.start + this.duration(span.heard + 1)
        if (at > until + SAME) break
        this.#hearByte(span, at)
      }
      if (this.echo && span.heard > from) this.#events.echoed(span.bytes.slice(from, span.heard))
      if (span.heard < span.bytes.length) break
    }
    this.#forget()
  }

  #hearByte(span: HostSpan, at: Seconds): void {
    const sent = span.bytes[span.heard++] as number
    const garbled = this.#talkedOver(at - this.#byteTime, at)
    if (garbled) this.#collisions++
    if (at - this.#byteTime - this.#lastHeard > SILENCE) this.#decoder.reset()
    this.#lastHeard = at
    this.#take(garbled ? this.#random.otherByte(sent) : sent, at)
  }

  #take(byte: number, at: Seconds): void {
    this.#decoder.push(byte)
    for (let frame = this.#decoder.take(); frame; frame = this.#decoder.take()) this.#events.heard(frame, at)
  }

  #talkedOver(start: Seconds, end: Seconds): boolean {
    if (this.#replies.length === 0 && this.#spoken.length === 0) return false
    return this.#replies.some(overlaps(start, end)) || this.#spoken.some(overlaps(start, end))
  }

  #garble({ bytes, start }: Span): void {
    for (let i = 0; i < bytes.length; i++) {
      const from = start + this.duration(i)
      if (!this.#hostSpans.some(overlaps(from, from + this.#byteTime))) continue
      // The bits of two senders do not line up, so what a receiver makes of them is arbitrary.
      bytes[i] = this.#random.otherByte(bytes[i] as number)
      this.#collisions++
    }
  }

  /** Drops what can no longer meet anything of the other side. */
  #forget(): void {
    for (let first = this.#hostSpans[0]; first && first.heard === first.bytes.length; first = this.#hostSpans[0]) {
      const reply = this.#replies[0]
      if (reply && reply.start < first.end - SAME) break
      this.#hostSpans.shift()
    }
    const unheard = this.#hostSpans[0]
    if (!unheard) this.#spoken = []
    else if (this.#spoken.length > 0) this.#spoken = this.#spoken.filter((span) => span.end > unheard.start)
  }
}

const overlaps =
  (start: Seconds, end: Seconds) =>
  (span: Span): boolean =>
    span.start < end - SAME && span.end > start + SAME
