import { seconds } from 'tendon'
import { wx200 } from '../model.ts'

/** The named joints to these angles in radians, the finger in metres; ends when they have been read there. */
export const moveTo = wx200.moveTo({
  doc: 'Moves joints to angles in radians, the finger in metres; all arrive together.',
  category: 'motion',
  deadline: seconds(15),
})
