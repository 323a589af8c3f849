import { TendonError } from '../base/problem.ts'
import type { Seconds } from '../base/units.ts'
import { recordingProblem } from './problems.ts'

/** How long a hand may take to hold the joints still, and the pause between two tries. */
const PATIENCE: Seconds = 5
const PAUSE: Seconds = 0.1
/** A stop, a disarm or the end of the run has the joints now: what becomes of them is not ours to say. */
const TAKEN: ReadonlySet<string> = new Set([
  'TENDON_MOTION_IN_CLEANUP',
  'TENDON_NOT_ARMED',
  'TENDON_ACCESS_REVOKED',
  'TENDON_ACCESS_AFTER_END',
])

interface HoldContext<J extends string> {
  readonly joints: { engage(...joints: J[]): Promise<void> }
  now(): Seconds
  sleep(duration: Seconds): Promise<void>
}

/**
 * Powers joints up again where they are, read back; tries again while a hand still moves them. Leaves them alone when a
 * safety act has them. Rejects with `TENDON_RECORDING_NOT_HELD` when they could not be held within 5 s.
 */
export async function holdAgain<J extends string>(
  ctx: HoldContext<J>,
  name: string,
  joints: readonly J[],
): Promise<void> {
  const end = ctx.now() + PATIENCE
  while (true) {
    try {
      return await ctx.joints.engage(...joints)
    } catch (error) {
      if (!(error instanceof TendonError)) throw error
      if (TAKEN.has(error.code)) return
      const facts = { name, joints, reason: error.problem.what }
      if (ctx.now() >= end) throw new TendonError(recordingProblem('TENDON_RECORDING_NOT_HELD', facts, error))
    }
    await ctx.sleep(PAUSE)
  }
}
