import type { ConditionData } from '../define/condition.ts'

/**
 * What one reading, or one state of health, says of a condition: it `holds`; it is `over`, beyond the hysteresis, so that
 * the rule may fire again; or `neither`, between the two, or nothing that can be judged (NaN).
 */
export type Judgement = 'holds' | 'over' | 'neither'

type NumberCondition = ConditionData & { kind: 'above' | 'below' | 'inside' | 'outside' }

/** Judges a number: pure, and the only place that knows what a threshold and its hysteresis mean. */
export function judgeNumber(condition: NumberCondition, x: number): Judgement {
  // NaN is on neither side of anything: every comparison below is false for it.
  const { hysteresis } = condition
  if ('limit' in condition) {
    const beyond = condition.kind === 'above' ? x - condition.limit : condition.limit - x
    if (beyond > 0) return 'holds'
    return beyond <= -hysteresis ? 'over' : 'neither'
  }
  const [from, to] = condition.range
  const depth = Math.min(x - from, to - x)
  if (condition.kind === 'inside') {
    if (depth >= 0) return 'holds'
    return depth < -hysteresis ? 'over' : 'neither'
  }
  if (depth < 0) return 'holds'
  return depth >= hysteresis ? 'over' : 'neither'
}

/** Whether a value matches a pattern. Throws what a predicate throws. */
export function isMatch(pattern: unknown, value: unknown): boolean {
  if (typeof pattern === 'function') return Boolean(pattern(value))
  if (pattern instanceof RegExp) {
    // A sticky or global expression would go on where it found something last time.
    pattern.lastIndex = 0
    return typeof value === 'string' && pattern.test(value)
  }
  if (typeof pattern !== 'object' || pattern === null) return Object.is(pattern, value)
  if (typeof value !== 'object' || value === null) return false
  const fields = value as Record<string, unknown>
  return Object.entries(pattern).every(([field, wanted]) => Object.is(fields[field], wanted))
}

/** The condition in words that follow "is": `above 40`. */
export function wordsOf(condition: NumberCondition): string {
  if ('limit' in condition) return `${condition.kind} ${rounded(condition.limit)}`
  const [from, to] = condition.range
  return `${condition.kind} ${rounded(from)} to ${rounded(to)}`
}

/** A number for a sentence: six digits are enough for a person. */
export const rounded = (x: number): string => String(Number(x.toPrecision(6)))
