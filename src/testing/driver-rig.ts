import { TendonError } from '../base/problem.ts'
import type { Seconds } from '../base/units.ts'
import type { ServoBus, ServoBusSpec, ServoMount, ServoSample } from '../device/servo-bus.ts'
import { codeOf, fail, must } from './conformance.ts'
import { TappedPort } from './tapped-port.ts'
import { VirtualClock } from './virtual-clock.ts'

/** A driver of servos behind its simulated servos. */
export interface DriverSubject {
  /** The bus as a definition has it; its port leads to the simulated servos, which take their time from its clock. */
  readonly spec: ServoBusSpec
  /** At least two servos that are there, without power, at rest, and free to turn by a radian about where they are. */
  readonly servos: readonly ServoMount[]
  /** One that is not there: nobody answers to its id. Absent: one device speaks for all of them, so none can be silent. */
  readonly absent?: ServoMount | undefined
  /** How often an opening writes, to ask what is there. Default 0. */
  readonly questions?: number | undefined
  /** Whether servos of this family measure their supply and their heat. Default true. */
  readonly measures?: boolean | undefined
  /** The truth: whether this servo has power now. */
  powered(id: number): boolean
}

/** A driver on a clock and a port of the suite. */
export class DriverRig {
  readonly clock = new VirtualClock()
  readonly port: TappedPort
  readonly bus: ServoBus
  readonly subject: DriverSubject
  readonly ids: readonly number[]
  readonly #absent: ServoMount | undefined
  /** The first two servos. */
  readonly a: number
  readonly b: number

  constructor(subject: DriverSubject, withAbsent: boolean) {
    this.subject = subject
    this.#absent = subject.absent
    this.ids = subject.servos.map(({ servo }) => servo.id)
    const [a, b] = this.ids
    if (a === undefined || b === undefined) fail('the suite needs at least two servos')
    this.a = a
    this.b = b
    this.port = new TappedPort(subject.spec.port)
    const mounts = withAbsent ? [...subject.servos, this.absent] : subject.servos
    this.bus = subject.spec.withPort(this.port).create({ clock: this.clock }, mounts)
  }

  /** Lets time pass until a promise settles. */
  run<T>(promise: Promise<T>): Promise<T> {
    return this.clock.run(promise, { limit: 60 })
  }

  /** The servo that is not there. */
  get absent(): ServoMount {
    return this.#absent ?? fail('the subject has no absent servo')
  }

  /** Opens the bus; each time it asks what the subject says, and nothing more. */
  async open(): Promise<void> {
    const before = this.port.written.length
    await this.run(this.bus.open())
    const writes = this.port.written.length - before
    const { questions = 0 } = this.subject
    must(writes === questions, `opening wrote ${writes} times, and the subject names ${questions} questions`)
  }

  /** All servos that are there have power, and know it. */
  async power(): Promise<void> {
    const confirmed = await this.run(this.bus.setTorque(this.ids, true))
    must(
      this.ids.every((id) => confirmed.has(id)),
      () => `setTorque on confirmed [${[...confirmed]}] of [${this.ids}]`,
    )
    this.mustHavePower(this.ids, true)
  }

  mustHavePower(ids: readonly number[], on: boolean, when = ''): void {
    const wrong = ids.filter((id) => this.subject.powered(id) !== on)
    must(wrong.length === 0, `servo ${wrong.join(', ')} ${on ? 'has no power' : 'still has power'} ${when}`.trimEnd())
  }

  async sample(id: number): Promise<ServoSample> {
    const samples = await this.run(this.bus.readMotion([id]))
    return samples.get(id) ?? fail(`servo ${id} was not read`)
  }

  /** Begins to turn a powered servo, slowly, and lets it go some way. */
  async turn(id: number, by: number, passing: Seconds): Promise<void> {
    const { position } = await this.sample(id)
    await this.run(this.bus.writeSetpoints([{ id, position: position + by, velocity: 0.5 }]))
    await this.clock.advance(passing)
  }

  /** Lets what was asked reach the port. No time passes and nothing is answered: the exchange is open. */
  async begun(): Promise<void> {
    for (let i = 0; i < 20; i++) await Promise.resolve()
  }

  /** Closes it, and sees that no timer is left once what was under way on the wire is over. */
  async close(): Promise<void> {
    await this.run(this.bus.close())
    await this.clock.advance(1)
    must(this.clock.pending === 0, `${this.clock.pending} timers are left behind a closed bus`)
  }
}

/** A promise that a check looks at later: its rejection is not unheard until then. */
export function later<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

/** What a promise of a driver rejects with: always a problem as data. Fails when it resolves or never settles. */
export async function refusalOf(rig: DriverRig, promise: Promise<unknown>, what: string): Promise<TendonError> {
  const settled = await rig.run(
    promise.then(
      () => undefined,
      (thrown: unknown) => ({ thrown }),
    ),
  )
  if (!settled) fail(`${what} resolved, and should have been refused`)
  if (settled.thrown instanceof TendonError) return settled.thrown
  return fail(`${what} rejected with no TendonError but ${codeOf(settled.thrown)}`)
}
