import type { LineFaults } from './feetech/bus.ts'
import type { FeetechServo } from './feetech/servo.ts'
import type { SimulatedPort } from './line.ts'
import { named } from './named.ts'
import type { Random } from './random.ts'
import type { Roster, ServoRef } from './roster.ts'
import type { Timeline } from './timeline.ts'

/** Which replies a fault hits: the next so many, or each with this probability (drawn from the simulation's seed). */
export type Hits = { readonly next: number } | { readonly probability: number }

interface ServoFaults {
  silent: boolean
  drop: Draw
  corrupt: Draw
}

/** A fault that hits some of many replies. */
class Draw {
  #left = 0
  #probability = 0

  set(hits: Hits | undefined): void {
    this.#left = hits && 'next' in hits ? hits.next : 0
    this.#probability = hits && 'probability' in hits ? hits.probability : 0
  }

  hits(random: Random): boolean {
    if (this.#left === 0) return random.chance(this.#probability)
    this.#left--
    return true
  }
}

/**
 * What can go wrong with a simulated robot, on request and at run time. A servo is named by its joint, or by its id
 * where that is used once; every method throws a `TendonError` for a name that does not exist.
 */
export class Faults implements LineFaults {
  readonly #roster: Roster
  readonly #ports: ReadonlyMap<string, SimulatedPort>
  readonly #timeline: Timeline
  readonly #random: Random
  readonly #byServo = new Map<FeetechServo, ServoFaults>()

  constructor(roster: Roster, ports: ReadonlyMap<string, SimulatedPort>, timeline: Timeline, random: Random) {
    this.#roster = roster
    this.#ports = ports
    this.#timeline = timeline
    this.#random = random
  }

  /** Cuts the servo's data line: it hears nothing, answers nothing, and keeps its power and its last goal. */
  silence(ref: ServoRef): void {
    this.#of(ref).silent = true
  }

  /** The servo hears and obeys; these of its replies are lost. */
  dropReplies(ref: ServoRef, hits: Hits): void {
    this.#of(ref).drop.set(hits)
  }

  /** One bit of these of its replies arrives flipped. */
  corruptReplies(ref: ServoRef, hits: Hits): void {
    this.#of(ref).corrupt.set(hits)
  }

  /** Something holds the joint where it is: it does not move, and its load goes up with the distance to its goal. */
  jam(ref: ServoRef): void {
    this.#roster.find(ref).servo.jam(true, this.#timeline.now())
  }

  /** Makes its temperature sensor show this many degrees Celsius. */
  heat(ref: ServoRef, celsius: number): void {
    this.#roster.find(ref).servo.heat(celsius, this.#timeline.now())
  }

  /** Sets the supply voltage of one servo, or of all. Stays until it is set again. */
  supply(volts: number, ref?: ServoRef): void {
    const servos = ref === undefined ? this.#roster.all : [this.#roster.find(ref)]
    for (const { servo } of servos) servo.supply(volts, this.#timeline.now())
  }

  /**
   * Pulls the cable of one bus, or of all: the host's link is lost and cannot be opened again until `plug`. Servos keep
   * their power, and hold or go to their last goal.
   */
  unplug(bus?: string): void {
    for (const port of this.#named(bus)) port.unplug()
  }

  /** Puts the cable back: the port can be opened again. */
  plug(bus?: string): void {
    for (const port of this.#named(bus)) port.plug()
  }

  /** Ends the faults of one servo, or of all: silence, lost and corrupt replies, jam, heat. Not supply, not cables. */
  clear(ref?: ServoRef): void {
    const now = this.#timeline.now()
    for (const { servo } of ref === undefined ? this.#roster.all : [this.#roster.find(ref)]) {
      this.#byServo.delete(servo)
      servo.jam(false, now)
      servo.heat(undefined, now)
    }
  }

  /** For the bus: whether nothing reaches this servo. */
  silent(servo: FeetechServo): boolean {
    return this.#byServo.get(servo)?.silent ?? false
  }

  /** For the bus: what becomes of a reply. */
  reply(servo: FeetechServo, bytes: Uint8Array): Uint8Array | undefined {
    const faults = this.#byServo.get(servo)
    if (!faults) return bytes
    if (faults.drop.hits(this.#random)) return undefined
    if (faults.corrupt.hits(this.#random)) {
      const at = this.#random.below(bytes.length)
      bytes[at] = (bytes[at] as number) ^ (1 << this.#random.below(8))
    }
    return bytes
  }

  #of(ref: ServoRef): ServoFaults {
    const { servo } = this.#roster.find(ref)
    let faults = this.#byServo.get(servo)
    if (!faults) {
      faults = { silent: false, drop: new Draw(), corrupt: new Draw() }
      this.#byServo.set(servo, faults)
    }
    return faults
  }

  #named(bus: string | undefined): Iterable<SimulatedPort> {
    if (bus === undefined) return this.#ports.values()
    return [named('bus', this.#ports, bus)]
  }
}
