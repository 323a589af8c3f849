import type { Timer } from '../../base/clock.ts'
import type { Seconds } from '../../base/units.ts'
import type { HostEar } from '../family.ts'
import type { Timeline } from '../timeline.ts'

interface Piece {
  readonly bytes: Uint8Array
  /** It comes with a packet of its own. */
  readonly late: boolean
}

/** A full-speed USB adapter has a packet for the host each millisecond. */
const PACKET: Seconds = 0.001
/** Beyond this many pieces nothing is late any more: an adapter's memory is small. */
const MOST = 64

/**
 * The adapter between the line and the host: it hands bytes on in their order, some of them in pieces. One timer at
 * most is pending, none when everything has been handed on.
 */
export class HostSide {
  readonly #timeline: Timeline
  #ear: HostEar | undefined
  #waiting: Piece[] = []
  #timer: Timer | undefined

  constructor(timeline: Timeline) {
    this.#timeline = timeline
  }

  get ear(): HostEar | undefined {
    return this.#ear
  }

  /** From now on bytes go to this host; what was on its way to another is lost. */
  connect(ear: HostEar | undefined): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#waiting = []
    this.#ear = ear
  }

  /** Hands bytes on, behind those that still wait; from each of `cuts` on a packet later than the bytes before. */
  hand(bytes: Uint8Array, cuts: readonly number[] = []): void {
    const starts = [0, ...cuts]
    for (const [index, start] of starts.entries())
      this.#waiting.push({ bytes: bytes.slice(start, starts[index + 1]), late: index > 0 })
    if (!this.#timer) this.#pass()
  }

  #pass(): void {
    while (this.#waiting[0] && (!this.#waiting[0].late || this.#waiting.length > MOST)) this.#next()
    if (!this.#waiting[0] || this.#timer) return
    this.#timer = this.#timeline.at(this.#timeline.now() + PACKET, () => {
      this.#timer = undefined
      this.#next()
      this.#pass()
    })
  }

  #next(): void {
    const piece = this.#waiting.shift()
    if (piece) this.#ear?.(piece.bytes)
  }
}
