import { seconds } from 'tendon'
import { wx200 } from '../model.ts'
import { folded, joints } from '../poses.ts'
import { progress } from '../progress.ts'

/** Folds the arm: what `retire()` does before it takes the power away. */
export const sleep = wx200.command({
  doc: 'Folds the arm.',
  feedback: progress,
  category: 'motion',
  claims: joints,
  deadline: seconds(15),
  async run({ joints, feedback, params }) {
    return await joints.moveTo(folded, { speed: params.cruise, onProgress: feedback })
  },
})
