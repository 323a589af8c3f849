import { defineRobot, deg, degPerSec, seconds } from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { serial } from 'tendon/serial'
import { z } from 'zod'

/** What the robot is: one servo on one bus. `tendon sim` puts a simulated servo in its place, byte by byte. */
const model = defineRobot('my-robot', {
  doc: 'A head that nods.',
  categories: { motion: { limit: 1, conflict: 'preempt' } },
  buses: { servos: feetech({ port: serial({ path: '/dev/ttyACM0', baudRate: 1_000_000 }) }) },
  joints: {
    neck: {
      servo: sts3215('servos', 1),
      position: [deg(-60), deg(60)],
      velocity: degPerSec(120),
      // What a stop does: it comes to rest where it is, and then the power goes.
      stop: 'park',
    },
  },
})

/** Turns the neck to an angle: `tendon exec look neck=30deg`. */
const look = model.moveTo({ doc: 'Turns the neck to an angle.', category: 'motion' })

/** Nods as often as it is told: `tendon exec nod times=3`. */
const nod = model.command({
  doc: 'Nods.',
  goal: z.object({ times: z.int().min(1).max(5).default(1) }).default({ times: 1 }),
  feedback: z.object({ fraction: z.number() }),
  category: 'motion',
  claims: ['neck'],
  deadline: seconds(20),
  async run({ goal, joints, feedback }) {
    const legs = [...Array.from({ length: goal.times }, () => [deg(25), deg(-15)]).flat(), 0]
    for (const [done, neck] of legs.entries())
      await joints.moveTo(
        { neck },
        { onProgress: ({ fraction }) => feedback({ fraction: (done + fraction) / legs.length }) },
      )
    return { times: goal.times }
  },
})

export default model.with({ look, nod })
