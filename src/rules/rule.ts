import type { Timer } from '../base/clock.ts'
import { describe } from '../base/problem.ts'
import type { Seconds } from '../base/units.ts'
import type { ConditionData } from '../define/condition.ts'
import type { RuleData } from '../define/rule.ts'
import type { SensorReader } from '../define/sensor-reader.ts'
import type { Reading } from '../device/sensor.ts'
import type { SensorHealth } from '../stream/health.ts'
import { isPowerOfTen } from '../stream/tally.ts'
import { isMatch, type Judgement, judgeNumber, rounded, wordsOf } from './judge.ts'
import { type Reaction, type RulesHost, react } from './reaction.ts'

/** One rule of a running robot, as `robot.rules()` shows it. */
export interface RuleInfo {
  readonly name: string
  readonly doc: string | undefined
  readonly sensor: string
  /** `ready` to fire; `holding`: its condition holds, but not long enough or during a cooldown; `fired`, and not over. */
  readonly phase: 'ready' | 'holding' | 'fired'
  /** How often it fired, was kept from firing, and how often its own functions threw: since the start of the robot. */
  readonly fired: number
  readonly suppressed: number
  readonly faults: number
  /** What it started and has not ended: the id of a run, or `callback`. */
  readonly live: string | undefined
}

/**
 * One reactive rule. Ready, it waits until its condition has held for long enough; then it fires, and is ready again
 * when the condition is over. It has at most one timer: the end of a hold, or of a cooldown while a hold lasts.
 */
export class Rule {
  readonly name: string
  readonly #data: RuleData
  readonly #condition: ConditionData
  readonly #sensor: SensorReader<unknown>
  readonly #host: RulesHost
  #fired = false
  /** Since when the condition holds without a break, while the rule has not fired for it. */
  #since: Seconds | undefined
  /** The newest reading of that hold, and why it counts. */
  #reading: Reading<unknown> | undefined
  #why = ''
  /** This hold was kept from firing, and that is in the log. */
  #held = false
  #coolUntil: Seconds = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined
  #live: Reaction | undefined
  #ended = false
  #firings = 0
  #suppressed = 0
  #suppressedSince = 0
  #faults = 0

  constructor(name: string, data: RuleData, sensor: SensorReader<unknown>, host: RulesHost) {
    this.name = name
    this.#data = data
    this.#condition = data.when.condition
    this.#sensor = sensor
    this.#host = host
  }

  get info(): RuleInfo {
    const ready = this.#since === undefined ? 'ready' : 'holding'
    return {
      name: this.name,
      doc: this.#data.doc,
      sensor: this.#condition.sensor,
      phase: this.#fired ? 'fired' : ready,
      fired: this.#firings,
      suppressed: this.#suppressed,
      faults: this.#faults,
      live: this.#live?.name,
    }
  }

  // ── what it hears ────────────────────────────────────────────────────────────────────────────────────────────────

  /** The state in which it finds its sensor counts like news. */
  start(): void {
    if (this.#condition.kind === 'health') return this.health(this.#sensor.health())
    const newest = this.#sensor.latest()
    const each = this.#condition.kind === 'matches' && this.#condition.each
    if (newest.status === 'fresh' && !each) this.reading(newest.reading)
  }

  /** A reading of its sensor. Never throws. */
  reading(reading: Reading<unknown>): void {
    const condition = this.#condition
    if (condition.kind === 'health' || this.#ended) return
    // What a broker had kept for who knows how long says nothing about now.
    if (reading.ageUnknown && this.#sensor.latest().status === 'stale') return
    // A hold that was complete before this reading came has fired before it, however late the timer is.
    this.#attempt()
    const found = this.#judge(condition, reading.value)
    if (found.judgement === 'holds') {
      this.#reading = reading
      this.#why = found.why
    }
    if (condition.kind === 'matches' && condition.each) {
      if (found.judgement === 'holds') this.#fireOr(this.#hindrance())
    } else this.#judged(found.judgement)
  }

  /** The health of its sensor is now this: for rules on values, all but `ok` breaks a hold. */
  health(is: SensorHealth): void {
    const condition = this.#condition
    if (this.#ended) return
    this.#attempt()
    if (condition.kind !== 'health') {
      if (is !== 'ok') this.#break()
      return
    }
    const newest = this.#sensor.latest()
    this.#reading = 'reading' in newest ? newest.reading : undefined
    this.#why = `${condition.sensor} is ${is}`
    this.#judged(condition.is.includes(is) ? 'holds' : 'over')
  }

  /** No further firing, and no timer. */
  end(): void {
    this.#ended = true
    this.#break()
  }

  #judge(
    condition: Exclude<ConditionData, { kind: 'health' }>,
    value: unknown,
  ): { readonly judgement: Judgement; readonly why: string } {
    try {
      if (condition.kind === 'matches') {
        const judgement = isMatch(condition.pattern, value) ? 'holds' : 'over'
        return { judgement, why: judgement === 'holds' ? `${condition.sensor} said ${short(value)}` : '' }
      }
      const x = condition.of(value as never)
      const judgement = typeof x === 'number' ? judgeNumber(condition, x) : 'neither'
      return {
        judgement,
        why: judgement === 'holds' ? `${condition.sensor} is ${rounded(x)}, ${wordsOf(condition)}` : '',
      }
    } catch (error) {
      this.#threw(error)
      return { judgement: 'neither', why: '' }
    }
  }

  // ── when it fires ────────────────────────────────────────────────────────────────────────────────────────────────

  #judged(judgement: Judgement): void {
    if (this.#fired) {
      if (judgement === 'over') this.#fired = false
    } else if (judgement === 'holds') {
      this.#since ??= this.#host.clock.now()
      this.#attempt()
    } else this.#break()
  }

  #break(): void {
    this.#since = undefined
    this.#held = false
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** Fires if the hold has lasted long enough and nothing hinders it; otherwise waits for what it lacks. */
  readonly #attempt = (): void => {
    if (this.#since === undefined) return
    const due = this.#since + this.#condition.forAtLeast
    if (this.#host.clock.now() < due) return this.#wakeAt(due)
    const hindrance = this.#hindrance()
    if (hindrance === undefined || !this.#held) this.#fireOr(hindrance)
    // A run that has not ended wakes the rule itself.
    if (hindrance !== undefined && !this.#live) this.#wakeAt(this.#coolUntil)
  }

  #wakeAt(at: Seconds): void {
    this.#timer ??= this.#host.clock.after(at - this.#host.clock.now(), () => {
      this.#timer = undefined
      this.#attempt()
    })
  }

  /** What keeps it from firing now. */
  #hindrance(): string | undefined {
    if (this.#live) return `${this.#live.name} has not ended`
    const left = this.#coolUntil - this.#host.clock.now()
    return left > 0 ? `cooldown for another ${rounded(left)} s` : undefined
  }

  #fireOr(hindrance: string | undefined): void {
    if (hindrance === undefined) return this.#fire()
    this.#held = true
    this.#suppressed++
    this.#suppressedSince++
    if (isPowerOfTen(this.#suppressedSince)) this.#record('suppressed', `${this.#reason()}; ${hindrance}`)
  }

  #reason(): string {
    const { forAtLeast } = this.#condition
    return forAtLeast > 0 ? `${this.#why} for ${rounded(forAtLeast)} s` : this.#why
  }

  #fire(): void {
    const reason = this.#reason()
    // One that takes each reading by itself has nothing that could be over.
    this.#fired = !(this.#condition.kind === 'matches' && this.#condition.each)
    this.#break()
    this.#coolUntil = this.#host.clock.now() + (this.#data.cooldown ?? 0)
    this.#firings++
    this.#record('fired', reason)
    this.#suppressedSince = 0
    try {
      const occasion = { rule: this.name, reason, reading: this.#reading }
      this.#follow(react(this.#data, occasion, this.#host))
    } catch (error) {
      this.#threw(error)
    }
  }

  /** While what it started lives it does not fire; when that has ended, it does if it should have. */
  #follow(reaction: Reaction | undefined): void {
    if (!reaction) return
    this.#live = reaction
    const over = (): void => {
      this.#live = undefined
      this.#attempt()
    }
    reaction.ended.then(over, (error: unknown) => {
      this.#threw(error)
      over()
    })
  }

  // ── what it tells ────────────────────────────────────────────────────────────────────────────────────────────────

  #record(what: 'fired' | 'suppressed', reason: string): void {
    const { sensor } = this.#condition
    const reading = this.#reading?.seq
    const suppressed = this.#suppressedSince
    this.#host.log.record({ type: 'rule', rule: this.name, sensor, what, reason, reading, suppressed })
    this.#host.tell()
  }

  #threw(error: unknown): void {
    this.#faults++
    if (!isPowerOfTen(this.#faults)) return
    const where = `rule ${this.name}`
    this.#host.log.record({ type: 'user_code_threw', where, run: undefined, message: describe(error) })
    this.#host.tell()
  }
}

/** A value for a sentence: not all of a camera's picture. */
function short(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : describe(value)
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}
