import { seconds } from 'tendon'
import { z } from 'zod'
import { so101 } from '../model.ts'
import { jaws } from '../poses.ts'
import { progress } from '../progress.ts'

/** Opens the jaws this far: 0 closed, 1 as wide as they go, linear in the joint's angle. */
export const grip = so101.command({
  doc: 'Opens or closes the gripper; opening 0..1.',
  goal: z.object({ opening: z.number().min(0).max(1) }),
  feedback: progress,
  category: 'motion',
  claims: ['gripper'],
  deadline: seconds(5),
  async run({ goal, joints, feedback }) {
    const angle = jaws.closed + goal.opening * (jaws.open - jaws.closed)
    const { position } = await joints.moveTo({ gripper: angle }, { onProgress: feedback })
    return { opening: ((position.gripper ?? angle) - jaws.closed) / (jaws.open - jaws.closed) }
  },
})
