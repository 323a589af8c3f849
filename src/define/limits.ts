import type { Seconds } from '../base/units.ts'
import { defaultHardwareLimits, type HardwareLimits } from '../motion/limits.ts'
import { defaultSensorLimits, type SensorLimits } from '../stream/limits.ts'

/** Every bound of the runtime in one place. Durations in seconds, counts in whole numbers. */
export interface Limits extends HardwareLimits, SensorLimits {
  /** Live runs of the whole robot. At the bound: `TENDON_TOO_MANY_RUNS`. */
  readonly maxRuns: number
  /** Bodies that were cut off and have not returned. At the bound: `TENDON_TOO_MANY_ABANDONED`. */
  readonly maxAbandoned: number
  /** Events kept in memory; the oldest go first. */
  readonly eventLog: number
  /** Messages waiting in one run's inbox; the oldest go first and are counted. */
  readonly inbox: number
  /** Operations that one script may have under way at a time. */
  readonly strands: number
  /** Waiting runs of a category whose policy is `queue`, unless the category says otherwise. */
  readonly queueLength: number
  /** How long a run may wait in a queue. */
  readonly queueTimeout: Seconds
  /** Default deadline of a command, from its start. */
  readonly deadline: Seconds
  /** How long a canceled body may take to end before it is cut off. */
  readonly grace: Seconds
  /** How long `retire` may take to reach the rest pose before it disarms anyway. */
  readonly retireCap: Seconds
  /** How long a service may take to start or to stop. */
  readonly serviceTimeout: Seconds
  /** How long the storage may take for one text. */
  readonly storageTimeout: Seconds
  /** Changes of parameters that may wait for the storage; one more is refused. */
  readonly parameterQueue: number
}

export const defaultLimits: Limits = {
  maxRuns: 10_000,
  maxAbandoned: 16,
  eventLog: 4096,
  inbox: 64,
  strands: 256,
  queueLength: 64,
  queueTimeout: 30,
  deadline: 30,
  grace: 0.5,
  retireCap: 20,
  serviceTimeout: 10,
  storageTimeout: 5,
  parameterQueue: 64,
  ...defaultHardwareLimits,
  ...defaultSensorLimits,
}

const COUNTS = [
  'maxRuns',
  'maxAbandoned',
  'eventLog',
  'inbox',
  'strands',
  'queueLength',
  'parameterQueue',
  'sensorSubscriptions',
] as const

/** What is impossible about these limits, as [name, sentence] pairs. */
export function checkLimits(limits: Limits): [name: string, what: string][] {
  const faults: [string, string][] = []
  for (const [name, value] of Object.entries(limits)) {
    if (!(name in defaultLimits)) faults.push([name, `${name} is not a limit.`])
    else if (!(typeof value === 'number' && value > 0 && Number.isFinite(value)))
      faults.push([name, `${name} is ${value}, and must be a finite number above 0.`])
  }
  for (const name of COUNTS)
    if (!Number.isInteger(limits[name])) faults.push([name, `${name} is ${limits[name]}, and must be a whole number.`])
  if (limits.grace > limits.deadline)
    faults.push(['grace', `grace (${limits.grace} s) is longer than the default deadline (${limits.deadline} s).`])
  if (limits.sensorReopenAfter > limits.sensorReopenAtMost)
    faults.push(['sensorReopenAfter', 'sensorReopenAfter is longer than sensorReopenAtMost, the longest such wait.'])
  if (limits.rate > 1000) faults.push(['rate', `rate is ${limits.rate}; no bus can do over 1000.`])
  if (limits.haltTimeout * limits.rate < 5)
    faults.push(['haltTimeout', 'haltTimeout leaves fewer than 5 control ticks to see that a joint stands still.'])
  return faults
}
