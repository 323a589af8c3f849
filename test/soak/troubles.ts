import {
  type FaultKind,
  type FaultPlan,
  faultKinds,
  formatFault,
  type Random,
  scheduleFaults,
} from '../../src/sim/index.ts'
import type { Simulation } from '../../src/sim/simulation.ts'
import type { VirtualClock } from '../../src/testing/virtual-clock.ts'

const kinds = Object.keys(faultKinds) as FaultKind[]
/** More at a time, and the robot would do nothing but recover. */
const MOST = 3
/** Faults after which a servo may be believed again only some time later: it is read ten times a second when idle. */
const AFTERMATH = 0.5
/** These change nothing about what a servo answers. */
const HARMLESS: readonly FaultKind[] = ['stuck', 'slow', 'split', 'duplicate']

interface Trouble {
  readonly joints: readonly string[]
  readonly plan: FaultPlan
  readonly from: number
  readonly until: number
  end(): void
}

/** Random faults of every kind, each at its time and for its time, and what they excuse. */
export class Troubles {
  readonly #simulation: Simulation
  readonly #clock: VirtualClock
  readonly #random: Random
  #troubles: Trouble[] = []
  /** When cables were or will be pulled since the robot was last seen to have its bus. */
  #unplugs: number[] = []
  readonly tally = new Map<FaultKind, number>()

  constructor(simulation: Simulation, clock: VirtualClock, random: Random) {
    this.#simulation = simulation
    this.#clock = clock
    this.#random = random
  }

  /** Plans one more, if there are not too many. */
  add(): void {
    this.#forget()
    const now = this.#clock.now()
    if (this.#troubles.filter(({ until }) => until > now).length >= MOST) return
    const plan = this.#plan()
    const { servos } = this.#simulation
    const joints = servos.map(({ joint }) => joint).filter((joint) => plan.subject === joint || !isJoint(plan, servos))
    const { from = 0, until = 0 } = plan
    const end = scheduleFaults(this.#simulation, this.#clock, [plan])
    this.#troubles.push({ joints, plan, from: now + from, until: now + until, end })
    if (plan.kind === 'unplug') this.#unplugs.push(now + from)
    this.tally.set(plan.kind, (this.tally.get(plan.kind) ?? 0) + 1)
  }

  #plan(): FaultPlan {
    const random = this.#random
    // An unplugged bus costs a repair and sometimes a restart, so it comes more rarely than the others.
    const kind = kinds[random.below(kinds.length)] as FaultKind
    if (kind === 'unplug' && random.chance(0.7)) return this.#plan()
    const { of } = faultKinds[kind]
    const joint = this.#simulation.servos[random.below(this.#simulation.servos.length)]?.joint ?? 'all'
    const subject = of === 'bus' || random.chance(0.2) ? 'all' : joint
    const from = random.next() * 2
    const length = random.chance(0.5) ? random.next() * 0.3 : random.next() * 4
    return { subject, kind, value: this.#value(kind), from, until: from + 0.01 + length }
  }

  #value(kind: FaultKind): number | undefined {
    const { value } = { value: undefined, ...faultKinds[kind] }
    if (!value) return undefined
    if (kind === 'delay') return this.#random.next() ** 2 * 0.3
    if (kind === 'brown-out') return this.#random.chance(0.5) ? 2.5 : 3 + this.#random.next()
    if (kind === 'over-temperature') return 30 + this.#random.next() * 60
    return this.#random.next()
  }

  /** Ends them all, and puts everything back in order: what a person does before trying again. */
  heal(): void {
    for (const { end } of this.#troubles) end()
    const now = this.#clock.now()
    this.#troubles = this.#troubles.map((trouble) => ({ ...trouble, until: Math.min(trouble.until, now) }))
    this.#unplugs = this.#unplugs.filter((at) => at <= now)
    this.#simulation.faults.clear()
    this.#simulation.faults.supply(undefined)
    this.#simulation.faults.plug()
  }

  /** Whether a cable was pulled since `pluggedIn`. */
  get unplugged(): boolean {
    return this.#unplugs.some((at) => at <= this.#clock.now())
  }

  /** The robot has its bus. */
  pluggedIn(): void {
    this.#unplugs = this.#unplugs.filter((at) => at > this.#clock.now())
  }

  /** Whether what this servo answered, or did not, since then may be no proof of anything. */
  disturbed(joint: string, since: number): boolean {
    const now = this.#clock.now()
    return this.#troubles.some(
      ({ plan, joints, from, until }) =>
        !HARMLESS.includes(plan.kind) && joints.includes(joint) && from <= now && until + AFTERMATH >= since,
    )
  }

  /** For the text of a failure. */
  get recent(): string {
    return this.#troubles.map(({ plan, from }) => `${from.toFixed(2)}: ${formatFault(plan)}`).join(', ')
  }

  #forget(): void {
    const now = this.#clock.now()
    this.#troubles = this.#troubles.filter(({ until }) => until > now - 30)
  }
}

const isJoint = ({ subject }: FaultPlan, servos: readonly { readonly joint: string }[]): boolean =>
  servos.some(({ joint }) => joint === subject)
