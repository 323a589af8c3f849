import { nearNames, oneOf, TendonError } from '../base/problem.ts'
import type { Seconds } from '../base/units.ts'
import { type FaultKind, type FaultKindSpec, type FaultValue, faultKinds } from './fault-kinds.ts'
import { simProblem } from './problems.ts'

/** One fault with its place in time, as data. */
export interface FaultPlan {
  /** A joint, a bus, or `all`. A bus stands for its servos where the fault is one of servos. */
  readonly subject: string
  readonly kind: FaultKind
  /** In the unit of the kind; absent: its usual value. */
  readonly value?: number | undefined
  /** Seconds from when it was scheduled. Default 0: from the beginning. */
  readonly from?: Seconds | undefined
  /** Default: it stays. */
  readonly until?: Seconds | undefined
}

const SHAPE = /^([^=@]+)=([a-z-]+)(?::([^@]+))?(?:@(.+?)(?:\.\.(.+))?)?$/
const NUMBER = /^(-?\d+(?:\.\d+)?)(.*)$/
/** How each unit may be written, and what one of it is in the plan. */
const UNITS: Readonly<Record<FaultValue['unit'], Readonly<Record<string, number>>>> = {
  share: { '': 1, '%': 0.01 },
  s: { '': 1, s: 1, ms: 0.001 },
  C: { '': 1, C: 1 },
  V: { '': 1, V: 1, mV: 0.001 },
}
/** A plan reaches a day ahead at most. */
const LATEST: Seconds = 86_400

/**
 * Reads `subject=kind[:value][@from[..until]]`: `elbow_flex=stuck@3s`, `servos=unplug@2s..4s`, `gripper=drop:20%@1s`,
 * `all=delay:5ms`. Throws a `TendonError` (`TENDON_SIM_FAULT_INVALID`) that says what to write; whether there is such
 * a joint or bus shows when the fault is scheduled.
 */
export function parseFault(text: string): FaultPlan {
  const parts = SHAPE.exec(text.trim())
  if (!parts) throw invalid(text, 'a fault is a subject, "=" and a kind', 'elbow_flex=stuck@3s')
  const [, subject = '', name = '', value, from, until] = parts
  if (!isKind(name)) throw unknownKind(text, name)
  const plan: FaultPlan = {
    subject,
    kind: name,
    value: value === undefined ? undefined : amountOf(text, name, value),
    from: from === undefined ? undefined : timeOf(text, from),
    until: until === undefined ? undefined : timeOf(text, until),
  }
  if (plan.until !== undefined && plan.until <= (plan.from ?? 0))
    throw invalid(text, 'it ends before it begins', `${subject}=${name}@1s..2s`)
  return plan
}

/** The same in the other direction: what `parseFault` reads as this plan. */
export function formatFault({ subject, kind, value, from, until }: FaultPlan): string {
  const amount = value === undefined ? '' : `:${value}`
  const times =
    from === undefined && until === undefined ? '' : `@${from ?? 0}s${until === undefined ? '' : `..${until}s`}`
  return `${subject}=${kind}${amount}${times}`
}

const isKind = (name: string): name is FaultKind => Object.hasOwn(faultKinds, name)

function amountOf(text: string, name: FaultKind, written: string): number {
  const { value }: FaultKindSpec = faultKinds[name]
  if (!value) throw invalid(text, `${name} takes no number`, text.replace(`:${written}`, ''))
  const { unit, usual, min, max } = value
  const number = numberIn(written, UNITS[unit])
  if (number !== undefined && number >= min && number <= max) return number
  const range = `${name} takes ${min} to ${max}${unit === 'share' ? ' (or percent)' : ` ${unit}`}`
  throw invalid(text, range, text.replace(`:${written}`, `:${usual}${unit === 'share' ? '' : unit}`))
}

function timeOf(text: string, written: string): Seconds {
  const time = numberIn(written, UNITS.s)
  if (time !== undefined && time >= 0 && time <= LATEST) return time
  throw invalid(text, `"${written}" is no time from 0 to ${LATEST} s`, text.replace(written, '3s'))
}

function numberIn(written: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, digits, unit = ''] = NUMBER.exec(written) ?? []
  const factor = units[unit.trim()]
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor
}

function unknownKind(text: string, name: string): TendonError {
  const known = Object.keys(faultKinds)
  const near = nearNames(name, known)
  const example = near[0] ?? 'stuck'
  return invalid(
    text,
    `there is no fault ${name}; there is ${oneOf(near.length > 0 ? near : known)}`,
    text.replace(name, example),
  )
}

const invalid = (text: string, reason: string, instead: string): TendonError =>
  new TendonError(simProblem('TENDON_SIM_FAULT_INVALID', { text, reason, instead }))
