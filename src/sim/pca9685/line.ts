import type { Timer } from '../../base/clock.ts'
import type { Seconds } from '../../base/units.ts'
import type { DigitalOutput } from '../../device/digital-input.ts'
import { encodeI2cAnswer, type I2cRecords, type I2cRequest, i2cRequests } from '../../device/i2c-transaction.ts'
import type { Unsubscribe } from '../../device/transport.ts'
import type { HostEar, LineSetup, SimulatedLine, WireFrame } from '../family.ts'
import type { Utterance } from '../line-faults.ts'
import type { Timeline } from '../timeline.ts'
import { Pca9685Chip } from './chip.ts'
import { HobbyServo } from './hobby-servo.ts'
import { simulatedWire } from './wire.ts'

/** The address and the acknowledgement of a transaction, in bits; a byte has nine. */
const BITS = 9
/** Answers under way at once, at most: more than a host that waits for each can cause. */
const MOST_UNDER_WAY = 256

/** The I2C bus of one PCA9685 with its servos. A transaction is over when the host has handed it to its port. */
export class Pca9685Line implements SimulatedLine {
  readonly name: string
  readonly servos: readonly HobbyServo[]
  readonly baudRate: number
  readonly collisions = 0
  /** The chip's OE pin, wired to the host. */
  readonly outputEnable: DigitalOutput
  readonly chip: Pca9685Chip
  readonly #setup: LineSetup
  readonly #timeline: Timeline
  readonly #requests: I2cRecords
  readonly #taps = new Set<(frame: WireFrame) => void>()
  readonly #underWay = new Set<Timer>()
  #ear: HostEar | undefined
  #whole = true

  constructor(setup: LineSetup, address: number) {
    this.name = setup.name
    this.servos = setup.servos.filter((servo) => servo instanceof HobbyServo)
    this.baudRate = setup.baudRate
    this.#setup = setup
    this.#timeline = setup.timeline
    this.chip = new Pca9685Chip(address, this.servos[0]?.oscillator ?? 25_000_000)
    for (const servo of this.servos) servo.wire(this.chip)
    this.#requests = i2cRequests((request) => this.#perform(request))
    this.outputEnable = simulatedWire(`simulated ${setup.name} OE`, (level) => this.#setOutputs(level))
  }

  /** I2C has no echo. */
  get echo(): boolean {
    return false
  }

  set echo(_echo: boolean) {}

  send(bytes: Uint8Array): void {
    if (this.#whole) this.#requests.push(bytes)
  }

  connect(ear: HostEar | undefined): void {
    this.#forget()
    this.#requests.reset()
    this.#ear = ear
  }

  cut(): void {
    this.#whole = false
    this.#forget()
  }

  mend(): void {
    this.#whole = true
  }

  tap(listener: (frame: WireFrame) => void): Unsubscribe {
    this.#taps.add(listener)
    return () => this.#taps.delete(listener)
  }

  #perform({ tag, address, read, write }: I2cRequest): void {
    const now = this.#timeline.now()
    const there = this.chip.answersTo(address) && !this.servos.some((servo) => this.#setup.faults.silent(servo))
    for (const servo of this.servos) servo.settle(now)
    const data = there ? this.chip.transact(address, write, read, now) : new Uint8Array()
    const over = now + (BITS * (2 + write.length + read)) / this.baudRate
    this.#tapped('host', Uint8Array.of(address << 1, ...write), over)
    if (data.length > 0) this.#tapped('servo', data, over)
    if (tag === 0) return
    const answer = encodeI2cAnswer({ tag, address, state: there ? 'done' : 'nack', data })
    for (const { bytes, late = 0 } of this.#disturbed(answer)) this.#deliver(bytes, over + late)
  }

  /** One chip speaks for all of its servos, so that what disturbs the answers of one disturbs every answer. */
  #disturbed(answer: Uint8Array): readonly Utterance[] {
    let said: readonly Utterance[] = [{ bytes: answer }]
    for (const servo of this.servos)
      said = said.flatMap(({ bytes, late = 0 }) =>
        this.#setup.faults.reply(servo, bytes).map((more) => ({ bytes: more.bytes, late: late + (more.late ?? 0) })),
      )
    return said
  }

  #deliver(bytes: Uint8Array, at: Seconds): void {
    if (this.#underWay.size >= MOST_UNDER_WAY) return
    const timer = this.#timeline.at(at + this.#setup.latency, () => {
      this.#underWay.delete(timer)
      this.#ear?.(bytes)
    })
    this.#underWay.add(timer)
  }

  #forget(): void {
    for (const timer of this.#underWay) timer.cancel()
    this.#underWay.clear()
  }

  #setOutputs(level: 'high' | 'low' | undefined): void {
    const now = this.#timeline.now()
    for (const servo of this.servos) servo.settle(now)
    // A resistor on the board pulls the wire high when nobody drives it.
    this.chip.outputsOff = level !== 'low'
  }

  #tapped(from: 'host' | 'servo', bytes: Uint8Array, at: Seconds): void {
    for (const tap of this.#taps) tap({ at: this.#timeline.onClock(at), bus: this.name, from, bytes })
  }
}
