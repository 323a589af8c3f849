import { type JointRecording, minutes, recordJoints, seconds } from 'tendon'
import { z } from 'zod'
import { so101 } from '../model.ts'
import { joints } from '../poses.ts'

/** Lets the arm go limp and records where a hand guides it, until somebody sends `done`; then it holds again. */
export const record = so101.command({
  doc: 'Records the arm while a hand guides it.',
  goal: z.object({ name: z.string(), seconds: z.number().positive().max(600).default(60) }),
  feedback: z.object({ seconds: z.number(), samples: z.number(), missed: z.number() }),
  partial: z.custom<JointRecording>(),
  message: z.literal('done'),
  category: 'motion',
  claims: joints,
  during: 'recording',
  deadline: minutes(11),
  // A hand may need some seconds to hold the arm still, so that it can be powered up again.
  grace: seconds(6),
  run: (ctx) => recordJoints(ctx, { robot: so101, name: ctx.goal.name, seconds: ctx.goal.seconds }),
})
