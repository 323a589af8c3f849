// A script commands the robot. As a generator it can be cut at any `yield`, whatever it waits for, and its `finally`
// still runs. npx tsx --conditions=tendon-source examples/04-generator-script.ts

import { all, defineRobot, deg, degPerSec, race, sleep, start } from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { serial } from 'tendon/serial'
import { simulated } from 'tendon/sim'
import { z } from 'zod'

const joint = { position: [deg(-90), deg(90)], velocity: degPerSec(240), stop: 'park' } as const
const model = defineRobot('picker', {
  categories: { arm: { limit: 1 }, hand: { limit: 1 } },
  buses: { servos: feetech({ port: serial({ path: '/dev/ttyACM0', baudRate: 1_000_000 }) }) },
  joints: {
    arm: { ...joint, servo: sts3215('servos', 1) },
    jaw: { ...joint, position: [0, deg(60)], servo: sts3215('servos', 2) },
  },
})

const moveTo = model.moveTo({ category: 'arm' })
const grip = model.command({
  goal: z.object({ opening: z.number().min(0).max(1) }),
  category: 'hand',
  claims: ['jaw'],
  async run({ goal, joints }) {
    await joints.moveTo({ jaw: goal.opening * deg(60) })
    return goal.opening
  },
})

const pickAndPlace = model.script({
  uses: { moveTo, grip },
  *run(robot) {
    try {
      // `robot.x()` makes an operation; it starts when it is yielded. `all` starts them together.
      yield* all([robot.moveTo({ arm: deg(50) }), robot.grip({ opening: 1 })])
      console.log('  above it, jaws open')
      yield* robot.grip({ opening: 0.3 })
      console.log('  gripped')
      yield* sleep(0.1)
      yield* robot.moveTo({ arm: deg(-50) })
      // The first to end wins, and the other is canceled before `race` goes on.
      yield* race([robot.grip({ opening: 1 }), sleep(2)])
      return 'placed'
    } finally {
      console.log('  finally')
    }
  },
})

await using robot = await start(simulated(model.with({ moveTo, grip, pickAndPlace })))
await robot.arm()

console.log('a whole run')
console.log(await robot.pickAndPlace().value())

console.log('cut in the middle')
const cut = robot.pickAndPlace()
await cut.yield(0.25)
console.log(
  `live: ${robot
    .runs()
    .map((run) => run.command)
    .join(', ')}`,
)
const outcome = await cut.cancel()
console.log(outcome.status === 'canceled' ? `canceled: ${outcome.reason}` : outcome.status)
console.log(`left alive: ${robot.runs().length}`)
await robot.disarm()
