import type { Seconds } from '../../base/units.ts'
import type { ServoSample } from '../../device/servo-bus.ts'
import type { Reply } from '../half-duplex-bus.ts'
import type { LineRequest } from '../line-request.ts'
import { ALERTED, alarmsOf, isAlert, WATCHDOG_ALARM } from './alarms.ts'
import type { RegisterAccess } from './register-access.ts'
import { endOf, type Register, TRIPPED, valueIn, X_SERIES } from './registers.ts'
import * as requests from './requests.ts'
import { limitsBefore, type ServoLimits } from './servo-limits.ts'
import { modelOf } from './servos.ts'
import type { StatusFrame } from './status-decoder.ts'
import { toAngle, toLoad, toSpeed, toVolts } from './units.ts'

/** A block of registers that is read in one go of all servos. */
interface Span {
  readonly label: string
  readonly address: number
  readonly count: number
}

const span = (label: string, first: Register, last: Register): Span => ({
  label,
  address: first.address,
  count: endOf(last) - first.address,
})

const MOTION = span('read motion', X_SERIES.present_current, X_SERIES.present_position)
/** From the torque register on: a servo that has restarted answers as if nothing had been, but without torque. */
const STATUS = span('read status', X_SERIES.torque, X_SERIES.present_temperature)

/** After so many fast readings in a row that nobody answered whole, servos are asked one by one until the port is opened anew. */
const FAST_FAILURES = 3

/**
 * Joined readings of the servos of a bus, what each of them last told of its position, and what limits it has. Nothing is
 * read but in a call that somebody makes: retries end with it, and no timer asks by itself. So the packets that feed the
 * servos' bus watchdogs come from the control loop and from nobody else, and end when it ends.
 */
export class Telemetry {
  readonly #access: RegisterAccess
  /** How many single reads one joined read may add for servos that did not answer it. */
  readonly #retryBudget: number
  readonly #fast: boolean
  #fastFailures = 0
  readonly #positions = new Map<number, number>()
  readonly #limits = new Map<number, ServoLimits>()
  /** Servos whose bus watchdog has tripped, as the last status said. */
  readonly #tripped = new Set<number>()

  constructor(access: RegisterAccess, retryBudget: number, fast: boolean) {
    this.#access = access
    this.#retryBudget = retryBudget
    this.#fast = fast
  }

  /** By servo id, in raw steps; those that never answered are missing. */
  get positions(): ReadonlyMap<number, number> {
    return this.#positions
  }

  get tripped(): ReadonlySet<number> {
    return this.#tripped
  }

  limitsOf(id: number): ServoLimits {
    return this.#limits.get(id) ?? limitsBefore(this.#access.mountOf(id))
  }

  /** What the servo says of its own limits, and that its watchdog has been cleared. */
  learn(id: number, limits: ServoLimits): void {
    this.#limits.set(id, limits)
  }

  watchdogCleared(id: number): void {
    this.#tripped.delete(id)
  }

  /** A new link: fast readings are tried again. */
  opened(): void {
    this.#fastFailures = 0
  }

  /** A servo counts as read when its shadows were read too. One with an alert is asked at once what is wrong. */
  async readMotion(ids: readonly number[] = this.#access.ids): Promise<ReadonlyMap<number, ServoSample>> {
    const samples = await this.#readGroups(MOTION, ids, (id, at, frame) => this.#motion(id, at, frame, MOTION))
    const alerted = [...samples.values()].filter(({ alarms }) => alarms.length > 0).map(({ id }) => id)
    if (alerted.length === 0) return samples
    for (const [id, sample] of await this.readStatus(alerted)) samples.set(id, sample)
    return samples
  }

  readStatus(ids: readonly number[] = this.#access.ids): Promise<Map<number, ServoSample>> {
    return this.#readGroups(STATUS, ids, (id, at, frame) => this.#status(id, at, frame))
  }

  async #readGroups(
    what: Span,
    ids: readonly number[],
    sampleOf: (id: number, at: Seconds, frame: StatusFrame) => ServoSample,
  ): Promise<Map<number, ServoSample>> {
    const samples = new Map<number, ServoSample>()
    const replies = await this.#read(
      what,
      ids.flatMap((id) => this.#access.groupOf(id)),
    )
    for (const id of ids) {
      const group = this.#access.groupOf(id).flatMap((member) => {
        const reply = replies.get(member)
        return reply ? [sampleOf(member, reply.at, reply.frame)] : []
      })
      const [own, ...shadows] = group
      if (own && group.length === this.#access.groupOf(id).length) samples.set(id, joined(own, shadows))
    }
    return samples
  }

  async #read(what: Span, ids: readonly number[]): Promise<Map<number, Reply<StatusFrame>>> {
    const found = new Map<number, Reply<StatusFrame>>()
    if (ids.length === 0) return found
    const isFast = this.#fast && this.#fastFailures < FAST_FAILURES && ids.length <= requests.mostFast(what.count)
    if (isFast) await this.#readFast(what, ids, found)
    if (found.size === 0) await this.#readSync(what, ids, found, isFast)
    const silent = ids.filter((id) => !found.has(id))
    for (let left = this.#retryBudget; left > 0 && silent.length > 0; left--) {
      const id = silent.shift() as number
      const request = requests.read(id, what.address, what.count, { label: what.label, tries: 1, isRetry: true })
      const [reply] = await this.#access.line.perform(request)
      if (reply) found.set(id, reply)
      else silent.push(id)
    }
    return found
  }

  async #readFast(what: Span, ids: readonly number[], found: Map<number, Reply<StatusFrame>>): Promise<void> {
    const request = requests.fastSyncRead(ids, what.address, what.count, { label: what.label, tries: 1 })
    const [reply] = await this.#access.line.perform(request)
    const entries = reply && requests.fastEntries(reply.frame, ids, what.count)
    if (reply && entries) for (const frame of entries) found.set(frame.id, { frame, at: reply.at })
    this.#fastFailures = entries ? 0 : this.#fastFailures + 1
  }

  async #readSync(what: Span, ids: readonly number[], found: Map<number, Reply<StatusFrame>>, isRetry: boolean) {
    const manner = { label: what.label, tries: 1, isRetry }
    const request: LineRequest = requests.syncRead(ids, what.address, what.count, manner)
    const replies = await this.#access.line.perform(request)
    ids.forEach((id, index) => {
      const reply = replies[index]
      if (reply) found.set(id, reply)
    })
  }

  #motion(id: number, at: Seconds, { error, params }: StatusFrame, { address }: Span): ServoSample {
    const position = valueIn(params, address, X_SERIES.present_position)
    this.#positions.set(id, position)
    return {
      id,
      at,
      position: toAngle(position),
      velocity: toSpeed(valueIn(params, address, X_SERIES.present_velocity)),
      load: this.#load(id, params, address),
      alarms: isAlert(error) ? ALERTED : [],
    }
  }

  #status(id: number, at: Seconds, frame: StatusFrame): ServoSample {
    const value = (register: Register): number => valueIn(frame.params, STATUS.address, register)
    const { currentUnit } = modelOf(this.#access.mountOf(id).servo)
    const motion = this.#motion(id, at, frame, STATUS)
    const named = alarmsOf(value(X_SERIES.hardware_error))
    const isTripped = value(X_SERIES.bus_watchdog) === TRIPPED
    if (isTripped) this.#tripped.add(id)
    else this.#tripped.delete(id)
    return {
      ...motion,
      powered: value(X_SERIES.torque) !== 0,
      voltage: toVolts(value(X_SERIES.present_voltage)),
      temperature: value(X_SERIES.present_temperature),
      moving: value(X_SERIES.moving) !== 0,
      ...(currentUnit !== undefined && { current: value(X_SERIES.present_current) * currentUnit }),
      alarms: [...(named.length > 0 ? named : motion.alarms), ...(isTripped ? [WATCHDOG_ALARM] : [])],
    }
  }

  /** Share of the largest torque; where the servo measures its current, of the largest current that it may use. */
  #load(id: number, params: Uint8Array, address: number): number {
    const { currentUnit } = modelOf(this.#access.mountOf(id).servo)
    if (currentUnit === undefined) return toLoad(valueIn(params, address, X_SERIES.present_load))
    return valueIn(params, address, X_SERIES.present_current) / Math.max(1, this.limitsOf(id).current)
  }
}

/** One joint: with power only where all have it, with the alarms of all, as warm as the warmest. */
function joined(own: ServoSample, shadows: readonly ServoSample[]): ServoSample {
  if (shadows.length === 0) return own
  const all = [own, ...shadows]
  const isStatus = own.powered !== undefined
  return {
    ...own,
    alarms: [...new Set(all.flatMap(({ alarms }) => alarms))],
    ...(isStatus && {
      powered: all.every(({ powered }) => powered === true),
      temperature: Math.max(...all.map(({ temperature = 0 }) => temperature)),
    }),
  }
}
