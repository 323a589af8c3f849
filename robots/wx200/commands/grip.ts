import { seconds } from 'tendon'
import { z } from 'zod'
import { wx200 } from '../model.ts'
import { finger } from '../poses.ts'
import { progress } from '../progress.ts'

/** Brings the fingers this far apart: 0 closed, 1 as wide as they go. Both move; the right one follows the left one. */
export const grip = wx200.command({
  doc: 'Opens or closes the gripper; opening 0..1.',
  goal: z.object({ opening: z.number().min(0).max(1) }),
  feedback: progress,
  category: 'motion',
  claims: ['left_finger'],
  deadline: seconds(5),
  async run({ goal, joints, feedback }) {
    const at = finger.closed + goal.opening * (finger.open - finger.closed)
    const { position } = await joints.moveTo({ left_finger: at }, { onProgress: feedback })
    return { opening: ((position.left_finger ?? at) - finger.closed) / (finger.open - finger.closed) }
  },
})
