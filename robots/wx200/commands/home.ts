import { seconds } from 'tendon'
import { wx200 } from '../model.ts'
import { joints, upright } from '../poses.ts'
import { progress } from '../progress.ts'

/** Every joint to the zero of its table, together; the fingers half open, because their zero is outside of their limits. */
export const home = wx200.command({
  doc: 'Brings the arm upright, the fingers half open.',
  feedback: progress,
  category: 'motion',
  claims: joints,
  deadline: seconds(15),
  async run({ joints, feedback, params }) {
    return await joints.moveTo(upright, { speed: params.cruise, onProgress: feedback })
  },
})
