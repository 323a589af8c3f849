import { seconds } from 'tendon'
import { wx200 } from '../model.ts'
import { finger } from '../poses.ts'
import { progress } from '../progress.ts'

/** Lets go of what it holds: the fingers as wide as they go. */
export const release = wx200.command({
  doc: 'Opens the gripper.',
  feedback: progress,
  category: 'motion',
  claims: ['left_finger'],
  deadline: seconds(5),
  async run({ joints, feedback }) {
    await joints.moveTo({ left_finger: finger.open }, { onProgress: feedback })
  },
})
