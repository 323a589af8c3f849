import type { ModelTypes } from '../../src/define/model-types.ts'
import type { RobotEvent } from '../../src/index.ts'
import type { RobotCore } from '../../src/runtime/robot.ts'

/** Which safety states may follow which. */
const NEXT: Readonly<Record<string, readonly string[]>> = {
  disarmed: ['arming', 'disarming', 'fault'],
  arming: ['armed', 'disarming', 'disarmed', 'fault'],
  armed: ['disarming', 'fault'],
  disarming: ['disarmed', 'fault'],
  fault: ['disarmed', 'fault'],
}
const SEATED = ['starting', 'running', 'stopping']

/** Holds one robot to its promises, by its log and by what it shows of itself. Keeps only what lives. */
export class LogWatch {
  readonly #robot: RobotCore<ModelTypes>
  readonly #violated: (what: string) => void
  /** Runs that have started and not ended, with the claims that they showed then. */
  readonly #live = new Map<string, readonly string[]>()
  #seen = 0
  #safety = 'disarmed'
  #state = 'disarmed'
  #latched = false
  #at = 0
  /** How often each kind of event was seen: proofs about what never happens prove nothing. */
  readonly tally: Map<string, number>

  constructor(robot: RobotCore<ModelTypes>, tally: Map<string, number>, violated: (what: string) => void) {
    this.#robot = robot
    this.tally = tally
    this.#violated = violated
  }

  get live(): number {
    return this.#live.size
  }

  /** Reads the robot's new log lines. Right at any instant. */
  catchUp(): void {
    if (this.#robot.log.seq === this.#seen) return
    for (const event of this.#robot.log.entries({ after: this.#seen })) this.#observe(event)
    this.#compare()
  }

  #observe(event: RobotEvent): void {
    const must = (holds: boolean, what: string): void => {
      if (!holds) this.#violated(`${event.type} (line ${event.seq}): ${what}: ${JSON.stringify(event).slice(0, 300)}`)
    }
    must(event.seq === this.#seen + 1, `after line ${this.#seen}`)
    must(event.at >= this.#at, 'time ran back')
    this.#seen = event.seq
    this.#at = event.at
    this.#count(event)
    if (event.type === 'started') {
      must(!this.#live.has(event.run), 'P5: it started twice')
      this.#live.set(event.run, this.#robot.runs().find(({ id }) => id === event.run)?.claims ?? [])
    } else if (event.type === 'ended') {
      const started = this.#live.delete(event.run)
      must(started || event.status === 'canceled' || event.status === 'refused', 'P5: it had not started')
    } else if (event.type === 'interrupted' || event.type === 'cut_off')
      must(this.#live.has(event.run), 'P5: it does not live')
    else if (event.type === 'safety') {
      must(event.from === this.#safety && (NEXT[event.from]?.includes(event.to) ?? false), `it was ${this.#safety}`)
      must(!(this.#latched && (event.to === 'arming' || event.to === 'armed')), 'P16: it is latched')
      this.#safety = event.to
    } else if (event.type === 'transition') {
      must(event.from === this.#state, `it was ${this.#state}`)
      this.#state = event.to
    } else if (event.type === 'latched') this.#latched = true
    else if (event.type === 'reset') this.#latched = false
  }

  #count(event: RobotEvent): void {
    let kind: string = event.type
    if (event.type === 'ended') kind = `ended ${event.status} ${event.reason ?? ''}`.trimEnd()
    else if (event.type === 'refused') kind = `refused ${event.problem.code}`
    else if (event.type === 'fault') kind = `fault ${event.problem.code}`
    else if (event.type === 'safety') kind = `safety ${event.from} ${event.to}`
    else if (event.type === 'verdict') kind = `verdict ${event.confirmed}`
    else if (event.type === 'note') kind = `note ${event.what}`
    this.tally.set(kind, (this.tally.get(kind) ?? 0) + 1)
  }

  /** P2, P7, P14: what the robot shows at this instant agrees with its log and its limits. */
  #compare(): void {
    const { state, safety } = this.#robot
    if (state !== this.#state) this.#violated(`P2: state ${state}, and the log says ${this.#state}`)
    if (safety.state !== this.#safety) this.#violated(`safety ${safety.state}, and the log says ${this.#safety}`)
    if ((safety.latch !== undefined) !== this.#latched) this.#violated('the latch and the log do not agree')
    if (safety.state !== 'armed' && state !== 'disarmed') this.#violated(`D14: ${state} while ${safety.state}`)
    const holders = new Map<string, string>()
    const seats = new Map<string, number>()
    for (const { id, category, claims, status, parent } of this.#robot.runs()) {
      if (!SEATED.includes(status) || parent !== undefined) continue
      seats.set(category, (seats.get(category) ?? 0) + 1)
      for (const claim of claims) {
        const other = holders.get(claim)
        if (other !== undefined) this.#violated(`P7: ${id} and ${other} both hold ${claim}`)
        holders.set(claim, id)
      }
    }
    for (const [category, count] of seats) {
      const { limit } = this.#robot.category(category)
      if (count > limit) this.#violated(`P7: ${count} runs in ${category}, whose limit is ${limit}`)
    }
  }
}
