import type { Seconds } from '../base/units.ts'
import type { LinePort, ServoUnit, SimulatedLine } from './family.ts'
import type { LineFaults, Utterance } from './line-faults.ts'
import { named } from './named.ts'
import type { Random } from './random.ts'
import { Draw, type Hits, ReplyFaults } from './reply-faults.ts'
import type { Roster, ServoRef } from './roster.ts'
import type { SimulatedServo } from './simulated-servo.ts'
import type { Timeline } from './timeline.ts'

/** A bus of the simulation: its line, and the port that the host opens. */
export interface FaultyBus {
  readonly bus: SimulatedLine
  readonly port: LinePort
}

/** Bytes of one burst of noise, and how long behind the host's frame it begins, at most. */
const MOST_NOISE = 12
const NOISE_AFTER: Seconds = 0.001

/**
 * What can go wrong with a simulated robot, on request and at run time. A servo is named by its joint, which stands for
 * its shadows too, or by its id where that is used once; every method throws a `TendonError` for a name that does not
 * exist. Where hits, seconds or the like may be `undefined`, that ends the fault. Whatever is left to chance is drawn
 * from the simulation's seed.
 */
export class Faults implements LineFaults {
  readonly #roster: Roster
  readonly #buses: ReadonlyMap<string, FaultyBus>
  readonly #timeline: Timeline
  readonly #random: Random
  readonly #replies = new Map<ServoUnit, ReplyFaults>()
  readonly #noise = new Map<SimulatedLine, Draw>()
  /** Lines that echo because of a fault; others may because of their wiring. */
  readonly #echoing = new Set<SimulatedLine>()

  constructor(roster: Roster, buses: ReadonlyMap<string, FaultyBus>, timeline: Timeline, random: Random) {
    this.#roster = roster
    this.#buses = buses
    this.#timeline = timeline
    this.#random = random
  }

  // Replies

  /** Cuts the servo's data line: it hears nothing, answers nothing, and keeps its power and its last goal. */
  silence(ref: ServoRef): void {
    for (const one of this.#of(ref)) one.silent = true
  }

  /** Connects the data line of a silent servo again. */
  unsilence(ref: ServoRef): void {
    for (const one of this.#of(ref)) one.silent = false
  }

  /** The servo hears and obeys; these of its replies are lost. */
  dropReplies(ref: ServoRef, hits: Hits | undefined): void {
    for (const one of this.#of(ref)) one.drop.set(hits)
  }

  /** One bit of these of its replies arrives flipped. */
  corruptReplies(ref: ServoRef, hits: Hits | undefined): void {
    for (const one of this.#of(ref)) one.corrupt.set(hits)
  }

  /** These of its replies are on the line twice, one behind the other. */
  duplicateReplies(ref: ServoRef, hits: Hits | undefined): void {
    for (const one of this.#of(ref)) one.duplicate.set(hits)
  }

  /** These of its replies reach the host in two to four pieces, a millisecond apart, as adapters cut them. */
  splitReplies(ref: ServoRef, hits: Hits | undefined): void {
    for (const one of this.#of(ref)) one.split.set(hits)
  }

  /** Its replies come so many seconds late, and may meet what is said by then. */
  delayReplies(ref: ServoRef, late: Seconds | undefined): void {
    for (const one of this.#of(ref)) one.late = late ?? 0
  }

  // Lines

  /** The host hears its own bytes on this bus, or on all, as with a wiring that was never meant to. */
  echo(bus?: string): void {
    for (const { bus: line } of this.#named(bus)) {
      if (!line.echo) this.#echoing.add(line)
      line.echo = true
    }
  }

  /** Ends the echo that was a fault; a simulation that was made with `echo: true` keeps it. */
  endEcho(bus?: string): void {
    for (const { bus: line } of this.#named(bus)) if (this.#echoing.delete(line)) line.echo = false
  }

  /** Behind these of the host's frames 1 to 12 random bytes are on the line, for the host and for the servos. */
  garbage(hits: Hits | undefined, bus?: string): void {
    for (const { bus: line } of this.#named(bus)) {
      const draw = this.#noise.get(line) ?? new Draw()
      draw.set(hits)
      this.#noise.set(line, draw)
    }
  }

  /**
   * Pulls the cable of one bus, or of all: the host's link is lost and cannot be opened again until `plug`. Servos keep
   * their power, and hold or go to their last goal.
   */
  unplug(bus?: string): void {
    for (const { port } of this.#named(bus)) port.unplug()
  }

  /** Puts the cable back: the port can be opened again. */
  plug(bus?: string): void {
    for (const { port } of this.#named(bus)) port.plug()
  }

  // Servos

  /** Something holds the joint where it is: it does not move, and its load goes up with the distance to its goal. */
  jam(ref: ServoRef): void {
    for (const { servo } of this.#servos(ref)) servo.jam(true, this.#timeline.now())
  }

  /** Lets a jammed joint go. */
  free(ref: ServoRef): void {
    for (const { servo } of this.#servos(ref)) servo.jam(false, this.#timeline.now())
  }

  /** The joint follows at this share of the speed it was told, 0 to 1; 1 ends it. */
  slow(ref: ServoRef, share: number): void {
    for (const { servo } of this.#servos(ref)) servo.slow(share, this.#timeline.now())
  }

  /**
   * Trips the servo's overload alarm, as a while against an obstacle does, until `relieve` or a power cycle. Every reply
   * carries it. A Feetech motor has only its protection torque left, and torque off clears the alarm; a Dynamixel motor
   * is switched off, and only a reboot clears it.
   */
  overload(ref: ServoRef): void {
    for (const { servo } of this.#servos(ref)) servo.overload(this.#timeline.now())
  }

  /** Clears the alarms that have tripped, whatever tripped them. */
  relieve(ref: ServoRef): void {
    for (const { servo } of this.#servos(ref)) servo.clearAlarms(this.#timeline.now())
  }

  /** Makes its temperature sensor show this many degrees Celsius. Above its limit the motor is unloaded. */
  heat(ref: ServoRef, celsius: number | undefined): void {
    for (const { servo } of this.#servos(ref)) servo.heat(celsius, this.#timeline.now())
  }

  /**
   * Sets the supply voltage of one servo, or of all; `undefined`: what it was made with. Below its lower limit the
   * voltage alarm shows; below 3 V the servo browns out: limp and deaf, and when the voltage returns it is as after a
   * power cycle, torque off and RAM forgotten.
   */
  supply(volts: number | undefined, ref?: ServoRef): void {
    for (const { servo } of this.#servos(ref)) servo.supply(volts, this.#timeline.now())
  }

  /**
   * Ends every fault of one servo; without a name those of all servos, and echo and garbage too. A supply that was set
   * stays set, and a cable that was pulled stays out until `plug`.
   */
  clear(ref?: ServoRef): void {
    const now = this.#timeline.now()
    for (const { servo } of this.#servos(ref)) {
      this.#replies.delete(servo)
      servo.jam(false, now)
      servo.heat(undefined, now)
      servo.slow(1, now)
    }
    if (ref !== undefined) return
    this.endEcho()
    this.garbage(undefined)
  }

  // For the bus

  /** Whether nothing reaches this servo. */
  silent(servo: ServoUnit): boolean {
    return this.#replies.get(servo)?.silent ?? false
  }

  /** What becomes of a reply. */
  reply(servo: ServoUnit, bytes: Uint8Array): readonly Utterance[] {
    return this.#replies.get(servo)?.apply(bytes, this.#random) ?? [{ bytes }]
  }

  /** What comes behind a frame of the host that nobody sent. */
  noise(bus: SimulatedLine): { readonly bytes: Uint8Array; readonly after: Seconds } | undefined {
    if (!this.#noise.get(bus)?.hits(this.#random)) return undefined
    const bytes = Uint8Array.from({ length: 1 + this.#random.below(MOST_NOISE) }, () => this.#random.below(256))
    return { bytes, after: this.#random.next() * NOISE_AFTER }
  }

  #of(ref: ServoRef): readonly ReplyFaults[] {
    return this.#roster.group(ref).map(({ servo }) => {
      const faults = this.#replies.get(servo) ?? new ReplyFaults()
      this.#replies.set(servo, faults)
      return faults
    })
  }

  #servos(ref: ServoRef | undefined): readonly SimulatedServo[] {
    return ref === undefined ? this.#roster.all : this.#roster.group(ref)
  }

  #named(bus: string | undefined): Iterable<FaultyBus> {
    return bus === undefined ? this.#buses.values() : [named('bus', this.#buses, bus)]
  }
}
