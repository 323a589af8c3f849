import { env } from 'node:process'
import fc from 'fast-check'
import { describe, it } from 'vitest'
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
}

describe('the robot beside its reference', () => {
  it(`${runs} random schedules of up to 60 steps, on three joints of the simulated Feetech bus, agree with it at every step`, async () => {
    await fc.assert(fc.asyncProperty(schedules(60), follow), { seed, numRuns: runs, endOnFailure, ...path })
  }, 170_000)
})
