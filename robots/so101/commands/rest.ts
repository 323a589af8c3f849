import { seconds } from 'tendon'
import { so101 } from '../model.ts'
import { folded, joints } from '../poses.ts'
import { progress } from '../progress.ts'

/** Folds the arm: what `retire()` does before it takes the power away. */
export const rest = so101.command({
  doc: 'Folds the arm.',
  feedback: progress,
  category: 'motion',
  claims: joints,
  allowed: ['idle', 'recording', 'playback'],
  deadline: seconds(10),
  async run({ joints, feedback, params }) {
    return await joints.moveTo(folded, { speed: params.cruise, onProgress: feedback })
  },
})
