import { deg, seconds } from 'tendon'
import { z } from 'zod'
import { so101 } from '../model.ts'
import { progress } from '../progress.ts'

/** Where the wave starts, and the two ends of one swing. */
const raised = { shoulder_lift: deg(-30), elbow_flex: deg(-20), wrist_flex: deg(10) } as const
const left = { wrist_flex: deg(-35), wrist_roll: deg(-30) } as const
const right = { wrist_flex: deg(35), wrist_roll: deg(30) } as const

/** Raises the forearm and swings the hand to and fro. */
export const wave = so101.command({
  doc: 'Waves the hand.',
  goal: z.object({ times: z.int().min(1).max(10).default(2) }).default({ times: 2 }),
  feedback: progress,
  category: 'motion',
  claims: ['shoulder_lift', 'elbow_flex', 'wrist_flex', 'wrist_roll'],
  deadline: seconds(30),
  async run({ goal, joints, feedback }) {
    const swings = Array.from({ length: goal.times }, () => [left, right]).flat()
    const legs = [raised, ...swings, { wrist_flex: deg(10), wrist_roll: 0 }]
    for (const [done, leg] of legs.entries())
      await joints.moveTo(leg, {
        onProgress: ({ fraction }) => feedback({ fraction: (done + fraction) / legs.length }),
      })
    return { times: goal.times }
  },
})
