import type { Radians, RadiansPerSecond, Seconds } from '../../base/units.ts'

/** Readings further apart say nothing of how fast it turns now. */
const OLDEST: Seconds = 0.5

/**
 * Where a servo that measures nothing must be by now: at its last pulse, or on the way there at its own speed. Nobody
 * knows whether something holds it, or whether it stood where it was assumed at first.
 */
export class Whereabouts {
  readonly #speed: RadiansPerSecond
  #from: Radians
  #since: Seconds = 0
  #target: Radians
  #seen: { readonly at: Seconds; readonly position: Radians; readonly velocity: RadiansPerSecond } | undefined

  constructor(assumed: Radians, speed: RadiansPerSecond) {
    this.#from = assumed
    this.#target = assumed
    this.#speed = speed
  }

  /** The angle of the pulse that it has got last. */
  get target(): Radians {
    return this.#target
  }

  /** From now on it turns to this angle. */
  follow(target: Radians, now: Seconds): void {
    this.#from = this.at(now)
    this.#since = now
    this.#target = target
  }

  /** It gets no more pulses: it stays where it is, for all that is known. */
  stay(now: Seconds): void {
    this.follow(this.at(now), now)
  }

  /** It is there: an angle that its chip was found sending pulses for. */
  foundAt(angle: Radians): void {
    this.#from = angle
    this.#target = angle
  }

  at(now: Seconds): Radians {
    const way = this.#target - this.#from
    const gone = this.#speed * Math.max(0, now - this.#since)
    return gone >= Math.abs(way) ? this.#target : this.#from + Math.sign(way) * gone
  }

  /** A reading: where it is, and how fast it turned since the reading before. */
  read(now: Seconds): { readonly position: Radians; readonly velocity: RadiansPerSecond } {
    const position = this.at(now)
    const seen = this.#seen
    const elapsed = seen ? now - seen.at : OLDEST
    if (seen && elapsed <= 0) return { position, velocity: seen.velocity }
    const velocity = seen && elapsed < OLDEST ? (position - seen.position) / elapsed : 0
    this.#seen = { at: now, position, velocity }
    return { position, velocity }
  }
}
