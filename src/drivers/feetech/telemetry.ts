import type { Seconds } from '../../base/units.ts'
import type { ServoSample } from '../../device/servo-bus.ts'
import type { Reply } from '../half-duplex-bus.ts'
import type { LineRequest } from '../line-request.ts'
import { alarmsOf } from './alarms.ts'
import type { Frame } from './frame.ts'
import type { RegisterAccess } from './register-access.ts'
import { endOf, STS3215, valueIn } from './registers.ts'
import * as requests from './requests.ts'
import { toAmperes, toAngle, toLoad, toVelocity, toVolts } from './units.ts'

/** A block of registers that is read in one go of all servos. */
interface Span {
  readonly label: string
  readonly address: number
  readonly count: number
  sample(id: number, at: Seconds, frame: Frame): ServoSample
}

const MOVING = STS3215.present_position.address

const MOTION: Span = {
  label: 'read motion',
  address: MOVING,
  count: endOf(STS3215.present_load) - MOVING,
  sample: (id, at, frame) => ({ ...motionOf(id, at, frame.params, MOVING), alarms: alarmsOf(frame.code) }),
}

/** From the torque register on: a servo that has restarted answers as if nothing had been, but without torque. */
const POWERED = STS3215.torque.address

const STATUS: Span = {
  label: 'read status',
  address: POWERED,
  count: endOf(STS3215.present_current) - POWERED,
  sample: (id, at, { code, params }) => ({
    ...motionOf(id, at, params, POWERED),
    powered: valueIn(params, POWERED, STS3215.torque) !== 0,
    voltage: toVolts(valueIn(params, POWERED, STS3215.present_voltage)),
    temperature: valueIn(params, POWERED, STS3215.present_temperature),
    current: toAmperes(valueIn(params, POWERED, STS3215.present_current)),
    moving: valueIn(params, POWERED, STS3215.moving) !== 0,
    alarms: alarmsOf(code | valueIn(params, POWERED, STS3215.status)),
  }),
}

function motionOf(id: number, at: Seconds, params: Uint8Array, base: number): Omit<ServoSample, 'alarms'> {
  return {
    id,
    at,
    position: toAngle(valueIn(params, base, STS3215.present_position)),
    velocity: toVelocity(valueIn(params, base, STS3215.present_velocity)),
    load: toLoad(valueIn(params, base, STS3215.present_load)),
  }
}

/** Joined readings of the servos of a bus, and the last raw position that each of them told. */
export class Telemetry {
  readonly #access: RegisterAccess
  /** How many single reads one joined read may add for servos that did not answer it. */
  readonly #retryBudget: number
  readonly #positions = new Map<number, number>()
  /** The joined requests for all servos, which are the same each time. */
  readonly #ofAll = new Map<Span, LineRequest>()

  constructor(access: RegisterAccess, retryBudget: number) {
    this.#access = access
    this.#retryBudget = retryBudget
  }

  /** By servo id, in raw steps; those that never answered are missing. */
  get positions(): ReadonlyMap<number, number> {
    return this.#positions
  }

  readMotion(ids?: readonly number[]): Promise<ReadonlyMap<number, ServoSample>> {
    return this.#read(MOTION, ids)
  }

  readStatus(ids?: readonly number[]): Promise<ReadonlyMap<number, ServoSample>> {
    return this.#read(STATUS, ids)
  }

  async #read(span: Span, ids?: readonly number[]): Promise<ReadonlyMap<number, ServoSample>> {
    const samples = new Map<number, ServoSample>()
    const asked = ids ?? this.#access.ids
    if (asked.length === 0) return samples
    const replies = await this.#access.line.perform(this.#request(span, ids))
    const silent: number[] = []
    asked.forEach((id, index) => {
      const reply = replies[index]
      if (reply) samples.set(id, this.#take(span, id, reply))
      else silent.push(id)
    })
    if (silent.length > 0) await this.#retry(span, silent, samples)
    return samples
  }

  /** Asks those that are missing one by one, in turn, until all have answered or the budget is spent. */
  async #retry(span: Span, silent: number[], samples: Map<number, ServoSample>): Promise<void> {
    const manner = { label: span.label, tries: 1, isRetry: true }
    for (let left = this.#retryBudget; left > 0 && silent.length > 0; left--) {
      const id = silent.shift() as number
      const [reply] = await this.#access.line.perform(requests.read(id, span.address, span.count, manner))
      if (reply) samples.set(id, this.#take(span, id, reply))
      else silent.push(id)
    }
  }

  #take(span: Span, id: number, { frame, at }: Reply<Frame>): ServoSample {
    this.#positions.set(id, valueIn(frame.params, span.address, STS3215.present_position))
    return span.sample(id, at, frame)
  }

  #request(span: Span, ids?: readonly number[]): LineRequest {
    const manner = { label: span.label, tries: 1 }
    if (ids) return requests.syncRead(ids, span.address, span.count, manner)
    const known = this.#ofAll.get(span)
    if (known) return known
    const made = requests.syncRead(this.#access.ids, span.address, span.count, manner)
    this.#ofAll.set(span, made)
    return made
  }
}
