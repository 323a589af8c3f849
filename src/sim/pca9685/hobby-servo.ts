import type { Radians, RadiansPerSecond, Seconds } from '../../base/units.ts'
import type { ServoScale, ServoUnit } from '../family.ts'
import { type Body, type Drive, Motion, STEP } from '../mechanics/motion.ts'
import type { Pca9685Chip } from './chip.ts'

/** What a hobby servo makes of its pulses. Positions are the lengths of pulses in microseconds. */
export interface HobbySetup {
  readonly channel: number
  readonly shortest: Seconds
  readonly longest: Seconds
  /** How far it turns between these two. */
  readonly travel: Radians
  readonly speed: RadiansPerSecond
  /** Where the shaft is at first. */
  readonly angle: Radians
  readonly ends: readonly [min: Radians, max: Radians] | undefined
  readonly gravity: number
  /** Volts. */
  readonly supply: number
  /** Hertz of the chip that it hangs on. */
  readonly oscillator: number
}

/** Registers of the chip that concern one servo, and the length of its pulse in microseconds, 0 for none. */
export const REGISTERS = ['mode1', 'mode2', 'prescale', 'on', 'off', 'pulse', 'oscillator'] as const
export type Pca9685Register = (typeof REGISTERS)[number]

/** Volts below which the motor has no force. Ours, not measured. */
const WEAKEST = 3.5
/** How long a servo takes to its full speed. Ours, not measured. */
const RUN_UP: Seconds = 0.03
/** A servo takes shorter and longer pulses than it should get, and ignores what is far from being one. */
const LENIENCE = 1.2

const stepsAt = (now: Seconds): number => Math.floor(now / STEP + 1e-6)

/**
 * A hobby servo: with pulses it goes to where they say, at its own speed and with all its force; without them it is limp.
 * It measures nothing that anybody could read. The shaft is integrated in fixed steps up to each look at it.
 */
export class HobbyServo implements ServoUnit {
  readonly id: number
  readonly scale: ServoScale
  readonly registerNames = REGISTERS
  readonly oscillator: number
  readonly #motion: Motion
  readonly #nominal: number
  readonly #fastest: number
  readonly #range: readonly [number, number]
  #body: Body
  #chip: Pca9685Chip | undefined
  #supply: number
  #pace = 1
  #step = 0

  constructor(setup: HobbySetup) {
    const { channel, shortest, longest, travel, speed, angle, ends, gravity, supply, oscillator } = setup
    const perRadian = ((longest - shortest) * 1e6) / travel
    const middle = ((longest + shortest) * 1e6) / 2
    const raw = (at: Radians): number => middle + at * perRadian
    this.id = channel
    this.scale = { zero: middle, turn: 2 * Math.PI * perRadian }
    this.oscillator = oscillator
    this.#fastest = speed * perRadian
    this.#range = [(shortest * 1e6) / LENIENCE, longest * 1e6 * LENIENCE]
    this.#motion = new Motion(raw(angle))
    this.#body = { gravity, min: raw(ends?.[0] ?? -travel / 2), max: raw(ends?.[1] ?? travel / 2), jammed: false }
    this.#nominal = supply
    this.#supply = supply
  }

  /** Hangs it on its channel. */
  wire(chip: Pca9685Chip): void {
    this.#chip = chip
  }

  get supplied(): boolean {
    return this.#supply >= WEAKEST
  }

  /** Lets its time pass under the pulses that it has had: to be called before they change. */
  settle(now: Seconds): void {
    const goal = stepsAt(now)
    const drive = this.#drive()
    while (this.#step < goal) {
      this.#step++
      // At rest more steps of the same change nothing.
      if (this.#motion.step(drive, this.#body)) this.#step = goal
    }
  }

  register(name: string, now: Seconds): number {
    this.settle(now)
    const chip = this.#chip
    const at = 6 + 4 * this.id
    if (!chip) return 0
    if (name === 'mode1') return chip.register(0)
    if (name === 'mode2') return chip.register(1)
    if (name === 'prescale') return chip.register(0xfe)
    if (name === 'on') return chip.register(at) | (chip.register(at + 1) << 8)
    if (name === 'off') return chip.register(at + 2) | (chip.register(at + 3) << 8)
    if (name === 'oscillator') return this.oscillator
    return (chip.pulse(this.id) ?? 0) * 1e6
  }

  read(address: number, count: number): Uint8Array {
    return Uint8Array.from({ length: count }, (_, at) => this.#chip?.register((address + at) & 0xff) ?? 0)
  }

  position(now: Seconds): number {
    this.settle(now)
    return this.#motion.position
  }

  velocity(now: Seconds): number {
    this.settle(now)
    return this.#motion.velocity
  }

  presentPosition(now: Seconds): number {
    return this.presentGoal(now)
  }

  /** Where its pulses send it; without pulses, where it is. */
  presentGoal(now: Seconds): number {
    const drive = this.#drive()
    return drive.powered ? drive.target : this.position(now)
  }

  moving(now: Seconds): boolean {
    return this.velocity(now) !== 0
  }

  powered(now: Seconds): boolean {
    this.settle(now)
    return this.#drive().powered
  }

  alarms(): readonly string[] {
    return []
  }

  turnTo(position: number, now: Seconds): void {
    this.settle(now)
    this.#motion.position = Math.max(this.#body.min, Math.min(this.#body.max, position))
    this.#motion.velocity = 0
  }

  jam(jammed: boolean, now: Seconds): void {
    this.settle(now)
    this.#body = { ...this.#body, jammed }
  }

  slow(pace: number, now: Seconds): void {
    this.settle(now)
    this.#pace = pace
  }

  /** It has no alarm that could trip, ... */
  overload(): void {}

  /** ... none to clear, ... */
  clearAlarms(): void {}

  /** ... and no sensor that could show heat. */
  heat(): void {}

  supply(volts: number | undefined, now: Seconds): void {
    this.settle(now)
    this.#supply = volts ?? this.#nominal
  }

  /** Board and servos hang on one supply: the chip forgets everything, and sends no pulses. */
  powerCycle(now: Seconds): void {
    this.settle(now)
    this.#chip?.reset()
  }

  #drive(): Drive {
    const pulse = (this.#chip?.pulse(this.id) ?? 0) * 1e6
    const [least, most] = this.#range
    const velocity = this.#fastest * this.#pace
    return {
      powered: this.supplied && pulse >= least && pulse <= most,
      kind: 'position',
      target: Math.max(this.#body.min, Math.min(this.#body.max, pulse)),
      velocity,
      acceleration: Math.max(1, velocity / RUN_UP),
      authority: 1,
    }
  }
}
