import { minutes } from 'tendon'
import { z } from 'zod'
import { rover } from '../model.ts'
import { odometer, TTL, wheelSpeeds, wheels } from '../wheels.ts'

/**
 * Drives at the speeds that are sent to it, and keeps each for 0.3 s at most: when they stop coming it brakes, stands, and
 * waits for the next. It ends when it is canceled, or at its deadline.
 */
export const drive = rover.command({
  doc: 'Drives at the speeds that it is sent; stands when none come.',
  message: z.object({ linear: z.number(), angular: z.number() }),
  feedback: z.object({ linear: z.number(), angular: z.number(), share: z.number() }),
  partial: z.object({ metres: z.number(), turned: z.number() }),
  category: 'motion',
  claims: wheels,
  deadline: minutes(10),
  async run({ inbox, joints, feedback, partial }) {
    const way = odometer(joints)
    partial(way())
    for await (let wanted of inbox) {
      // Of several that have come meanwhile the newest counts.
      for (let newer = inbox.take(); newer !== undefined; newer = inbox.take()) wanted = newer
      const { speeds, share } = wheelSpeeds(wanted)
      joints.drive(speeds, { ttl: TTL })
      feedback({ ...wanted, share })
      partial(way())
    }
  },
})
