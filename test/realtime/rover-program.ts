/** A rover that drives for ever, by its own hand: `rover-program <port> <records>`. Says `driving` on standard output. */
import { writeSync } from 'node:fs'
import { defineRobot, processGuard, radPerSec, start } from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { serial } from 'tendon/serial'

const [path = '', records = ''] = process.argv.slice(2)
const wheel = (id: number, direction: 1 | -1) => ({
  velocity: radPerSec(4.5),
  acceleration: 6,
  stop: 'park' as const,
  direction,
  servo: sts3215('wheels', id, { mode: 'velocity' }),
})
const model = defineRobot('rover', {
  // Servos are forgiven when the machine keeps the process waiting in which they live.
  buses: { wheels: feetech({ port: serial({ path, baudRate: 1_000_000 }), slack: 0.25 }) },
  joints: { left_wheel: wheel(1, 1), right_wheel: wheel(2, -1) },
  limits: { parkCap: 0.5, silence: 5, stallTime: 5 },
})
const drive = model.command({
  claims: ['left_wheel', 'right_wheel'],
  deadline: 'none',
  async run({ joints, sleep }) {
    for (let beat = 0; ; beat++) {
      joints.drive({ left_wheel: radPerSec(3), right_wheel: radPerSec(3) }, { ttl: 60 })
      if (beat === 10) writeSync(1, 'driving\n')
      await sleep(0.1)
    }
  },
})

const robot = await start(model.with({ drive }), { guard: processGuard({ records }) })
const armed = await robot.arm()
if (!armed.armed) throw new Error(armed.problems.map(({ what }) => what).join('; '))
robot.drive()
