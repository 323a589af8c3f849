import type { ServoCalibration } from 'tendon/device'

/** How a family of servos counts. */
export interface Scale {
  /** Raw steps of one turn. */
  readonly steps: number
  /** The raw position that is the middle. */
  readonly centre: number
  /** Whether the offset is added to the shaft's own position, or taken from it. */
  readonly addsOffset?: boolean | undefined
}

/** From -half a turn to less than +half a turn: the short way round. */
function shortWay(steps: number, { steps: turn }: Scale): number {
  const rest = ((steps % turn) + turn) % turn
  return rest >= turn / 2 ? rest - turn : rest
}

/** The offset that makes this position the middle: half a turn less one step is the most that a register holds. */
export function centringOffset(position: number, offset: number, scale: Scale): number {
  const sign = scale.addsOffset ? -1 : 1
  const own = position + sign * offset
  const most = scale.steps / 2 - 1
  const centring = sign * shortWay(own - scale.centre, scale)
  return Math.max(-most, Math.min(most, centring))
}

/**
 * Follows one shaft while a hand turns it, in the steps that a new offset will give it. A register wraps at the end of
 * its turn; this goes on counting, so that a range over that edge shows as one that does not fit.
 */
export class RangeTracker {
  readonly #scale: Scale
  readonly #shift: number
  readonly offset: number
  #position: number
  #min: number
  #max: number

  /** `position` and `offset`: what the servo says now, in the pose that becomes its middle. */
  constructor(position: number, offset: number, scale: Scale) {
    this.#scale = scale
    this.offset = centringOffset(position, offset, scale)
    const sign = scale.addsOffset ? -1 : 1
    this.#shift = sign * (offset - this.offset)
    this.#position = scale.centre + shortWay(position + this.#shift - scale.centre, scale)
    this.#min = this.#max = this.#position
  }

  get position(): number {
    return this.#position
  }
  get min(): number {
    return this.#min
  }
  get max(): number {
    return this.#max
  }

  /** What the servo says now. Between two calls it must turn by less than half a turn. */
  take(position: number): void {
    this.#position += shortWay(position + this.#shift - this.#position, this.#scale)
    this.#min = Math.min(this.#min, this.#position)
    this.#max = Math.max(this.#max, this.#position)
  }

  /** What would be written. */
  get calibration(): ServoCalibration {
    return { homingOffset: this.offset, rangeMin: this.#min, rangeMax: this.#max }
  }
}
