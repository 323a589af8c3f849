import { seconds } from 'tendon'
import { so101 } from '../model.ts'
import { joints, zero } from '../poses.ts'
import { progress } from '../progress.ts'

/** Every joint to the zero of the URDF, together. */
export const home = so101.command({
  doc: 'Brings every joint to zero.',
  feedback: progress,
  category: 'motion',
  claims: joints,
  deadline: seconds(10),
  async run({ joints, feedback, params }) {
    return await joints.moveTo(zero, { speed: params.cruise, onProgress: feedback })
  },
})
