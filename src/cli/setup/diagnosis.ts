import { type Problem, problem } from 'tendon/device'
import { leastVoltageOf } from './families.ts'
import { type ChainServo, missingProblem } from './missing.ts'
import type { Finding, Scanned } from './scan-line.ts'

/** What should be on a line. */
export interface Expected {
  readonly chain: readonly ChainServo[]
  readonly baudRate: number
}

/** What is wrong with a line, judged from who answered on it; empty where nothing is. Pure. */
export function diagnose(port: string, scanned: Scanned, expected?: Expected): Problem[] {
  const { findings, bauds, ids } = scanned
  if (findings.length === 0) return [problem('TENDON_NO_SERVO', { port, bauds, ids })]
  return [
    ...findings.filter(({ servo }) => !servo).map(({ id }) => problem('TENDON_SERVO_ID_TWICE', { port, servo: id })),
    ...baudProblems(port, findings, expected),
    ...missingOnes(port, findings, expected),
    ...findings.flatMap((finding) => conditionProblems(port, finding)),
  ]
}

function baudProblems(port: string, findings: readonly Finding[], expected: Expected | undefined): Problem[] {
  const rates = [...new Set(findings.map(({ baudRate }) => baudRate))]
  const found = rates.map((baudRate) => ({
    baudRate,
    ids: findings.filter((one) => one.baudRate === baudRate).map(({ id }) => id),
  }))
  const wanted = expected?.baudRate ?? 0
  const others = wanted === 0 ? found : found.filter(({ baudRate }) => baudRate !== wanted)
  const isMismatch = wanted === 0 ? found.length > 1 : others.length > 0
  return isMismatch ? [problem('TENDON_BAUD_MISMATCH', { port, found: others, wanted })] : []
}

/** One that answers at another rate is not missing: it has a problem of its own. */
function missingOnes(port: string, findings: readonly Finding[], expected: Expected | undefined): Problem[] {
  if (!expected) return []
  const there = new Set(findings.map(({ id }) => id))
  const crowd = findings.some(({ servo }) => !servo)
  const strangers = findings.some(({ id }) => !expected.chain.some((servo) => servo.id === id))
  const missing = missingProblem(port, expected.chain, (id) => there.has(id), crowd || strangers)
  return missing ? [missing] : []
}

function conditionProblems(port: string, { family, id, glance }: Finding): Problem[] {
  if (!glance) return []
  const { voltage, alarms } = glance
  const least = leastVoltageOf(family)
  return [
    ...(least !== undefined && voltage < least
      ? [problem('TENDON_SERVO_LOW_VOLTAGE', { port, servo: id, voltage, least })]
      : []),
    ...(alarms.length > 0 ? [problem('TENDON_SERVO_HAS_ALARM', { port, servo: id, alarms })] : []),
  ]
}
