import type { Seconds } from '../../base/units.ts'
import type { LineFaults, Utterance } from '../line-faults.ts'
import type { LineServo } from './half-duplex-line.ts'
import type { Wire } from './wire.ts'

/** How servos get their replies onto the line, and what faults make of them on the way. */
export class Speaker<Servo extends LineServo> {
  readonly #wire: Pick<Wire, 'say' | 'duration'>
  readonly #faults: LineFaults

  constructor(wire: Pick<Wire, 'say' | 'duration'>, faults: LineFaults) {
    this.#wire = wire
    this.#faults = faults
  }

  /** Seconds that `count` bytes take. */
  duration(count: number): Seconds {
    return this.#wire.duration(count)
  }

  /**
   * Says each servo's status frame, when `from` and its return delay have passed. Returns when their turn on the line is
   * over. Servos that share an id talk at once, and the line is low wherever one of them pulls it low: what they say
   * alike arrives, the rest does not add up.
   */
  answer(servos: readonly Servo[], frameOf: (servo: Servo) => Uint8Array, from: Seconds): Seconds {
    if (servos.length === 0) return from
    const frames = servos.map(frameOf)
    const earliest = from + Math.max(...servos.map((servo) => servo.returnDelay))
    const turn = earliest + this.duration(Math.max(...frames.map(({ length }) => length)))
    const said = frames.flatMap((frame, index) => this.reply(servos[index] as Servo, frame))
    if (servos.length > 1 && said.length > 1) return Math.max(turn, this.#wire.say(overlaid(said), earliest))
    return Math.max(turn, this.say(said, earliest))
  }

  /** What becomes of these bytes of a servo on their way to the line. */
  reply(servo: Servo, bytes: Uint8Array): readonly Utterance[] {
    return this.#faults.reply(servo, bytes)
  }

  /** Says these one behind the other; those that are late hold up nobody. Returns when the last in time is over. */
  say(said: readonly Utterance[], earliest: Seconds): Seconds {
    let end = earliest
    for (const { bytes, late = 0, cuts } of said)
      if (late > 0) this.#wire.say(bytes, end + late, { cuts })
      else end = this.#wire.say(bytes, end, { cuts })
    return end
  }
}

function overlaid(said: readonly Utterance[]): Uint8Array {
  const bytes = new Uint8Array(Math.max(...said.map((one) => one.bytes.length))).fill(0xff)
  for (const one of said) for (const [at, byte] of one.bytes.entries()) bytes[at] = (bytes[at] as number) & byte
  return bytes
}
