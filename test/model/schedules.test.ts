import { env } from 'node:process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RobotEvent } from '../../src/index.ts'
import { type Schedule, schedules } from './schedule.ts'
import { World } from './world.ts'

/**
 * Replay what failed: TENDON_SEED=<seed> TENDON_PATH=<path> npx vitest run test/model (both are in the failure's text).
 * TENDON_RUNS sets the number of schedules, TENDON_SEED alone tries other ones, TENDON_SHRINK=0 ends at the first
 * failing schedule as it is.
 */
const seed = Number(env.TENDON_SEED ?? 20_260_101)
const runs = Number(env.TENDON_RUNS ?? 300)
const path = env.TENDON_PATH === undefined ? {} : { path: env.TENDON_PATH }
const endOnFailure = env.TENDON_PATH !== undefined || env.TENDON_SHRINK === '0'

async function follow({ steps, abrupt }: Schedule): Promise<void> {
  const world = await World.open()
  for (const step of steps) {
    const work = world.perform(step)
    if (work) await work
  }
  await world.settle()
  await (abrupt ? world.close() : world.finishAtRest())
  for (const event of world.robot.log.entries()) {
    const kind = kindOf(event)
    reached.set(kind, (reached.get(kind) ?? 0) + 1)
  }
}

/** How often each kind of event was in the logs of all schedules: proofs about what never happens prove nothing. */
const reached = new Map<string, number>()

function kindOf(event: RobotEvent): string {
  if (event.type === 'ended') return `ended ${event.status} ${event.reason ?? ''}`.trimEnd()
  if (event.type === 'refused') return `refused ${event.problem.code}`
  if (event.type === 'safety') return `safety ${event.from} ${event.to}`
  return event.type === 'verdict' ? `verdict ${event.confirmed}` : event.type
}

const MUST_BE_REACHED = [
  ...[
    'queued',
    'started',
    'interrupted',
    'cut_off',
    'late_call',
    'late_end',
    'transition',
    'latched',
    'reset',
    'fault',
  ],
  ...['requested', 'preempted', 'deadline', 'safety', 'shutdown', 'parent'].map((reason) => `ended canceled ${reason}`),
  ...['ended succeeded', 'ended failed', 'verdict true', 'verdict false', 'arm_refused', 'user_code_threw'],
  ...['CATEGORY_FULL', 'CLAIM_TAKEN', 'OUTRANKED', 'QUEUE_FULL', 'QUEUE_TIMEOUT', 'STATE_NOT_ALLOWED', 'DISARMED'].map(
    (code) => `refused TENDON_${code}`,
  ),
  ...['LATCHED', 'IN_FAULT', 'CLOSED', 'TOO_MANY_ABANDONED', 'UNKNOWN_COMMAND'].map((code) => `refused TENDON_${code}`),
  ...[
    'disarmed arming',
    'arming armed',
    'arming disarming',
    'armed disarming',
    'disarming disarmed',
    'armed fault',
  ].map((change) => `safety ${change}`),
  'safety fault disarmed',
]

describe('the robot beside its reference', () => {
  it(`${runs} random schedules of up to 60 steps, on three joints of the simulated Feetech bus, agree with it at every step`, async () => {
    await fc.assert(fc.asyncProperty(schedules(60), follow), {
      seed,
      numRuns: runs,
      includeErrorInReport: true,
      endOnFailure,
      ...path,
    })
    if (runs >= 300 && env.TENDON_PATH === undefined)
      expect(MUST_BE_REACHED.filter((kind) => (reached.get(kind) ?? 0) < 3)).toEqual([])
    if (env.TENDON_TALLY !== undefined) console.table([...reached].sort())
  }, 170_000)
})
