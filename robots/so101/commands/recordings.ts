import { recordings as shelf } from 'tendon'
import { so101 } from '../model.ts'

/** The names of what was recorded, in the storage that the robot was started with. */
export const recordings = so101.command({
  doc: 'Lists the recorded motions.',
  allowed: ['idle', 'recording', 'playback', 'disarmed'],
  async run({ storage }) {
    return { names: await shelf(storage, so101).list() }
  },
})
