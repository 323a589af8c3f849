import { recordings } from 'tendon'
import { z } from 'zod'
import { so101 } from '../model.ts'

/** Removes a recording; nothing happens where there is none. */
export const forget = so101.command({
  doc: 'Forgets a recorded motion.',
  goal: z.object({ name: z.string() }),
  allowed: ['idle', 'disarmed'],
  async run({ goal, storage }) {
    await recordings(storage, so101).forget(goal.name)
  },
})
