import { seconds } from 'tendon'
import { so101 } from '../model.ts'

/** The named joints to these angles in radians; ends when they have been read there. */
export const moveTo = so101.moveTo({
  doc: 'Moves joints to angles in radians; all arrive together.',
  category: 'motion',
  deadline: seconds(10),
})
