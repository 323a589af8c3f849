import { minutes, playJoints } from 'tendon'
import { z } from 'zod'
import { so101 } from '../model.ts'
import { joints } from '../poses.ts'

/** Goes slowly to where a recording begins, then plays it; slower than recorded where a joint could not follow. */
export const play = so101.command({
  doc: 'Plays a recorded motion.',
  goal: z.object({
    name: z.string(),
    speed: z.number().positive().max(10).default(1),
    loops: z.int().min(1).max(1000).default(1),
  }),
  feedback: z.object({ fraction: z.number(), stretch: z.number() }),
  category: 'motion',
  claims: joints,
  during: 'playback',
  deadline: minutes(60),
  run: (ctx) => playJoints(ctx, { robot: so101, ...ctx.goal }),
})
