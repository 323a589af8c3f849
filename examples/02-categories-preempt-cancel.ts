// Categories bound what runs at a time, preemption gives a newer command the place of an older one, and a cancel means
// "has stopped". npx tsx --conditions=tendon-source examples/02-categories-preempt-cancel.ts

import { defineRobot, deg, degPerSec, type Outcome, start } from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { serial } from 'tendon/serial'
import { simulated } from 'tendon/sim'

const joint = { position: [deg(-90), deg(90)], velocity: degPerSec(120), stop: 'park' } as const
const model = defineRobot('head', {
  categories: {
    motion: { limit: 1, conflict: 'preempt' },
    listening: { limit: 1, conflict: 'reject' },
  },
  buses: { servos: feetech({ port: serial({ path: '/dev/ttyACM0', baudRate: 1_000_000 }) }) },
  joints: {
    pan: { ...joint, servo: sts3215('servos', 1) },
    tilt: { ...joint, servo: sts3215('servos', 2) },
  },
})

const look = model.moveTo({ category: 'motion' })
const sweep = model.command({
  category: 'motion',
  claims: ['pan'],
  async run({ joints }) {
    await joints.moveTo({ pan: deg(-80) })
    await joints.moveTo({ pan: deg(80) })
  },
})
const listen = model.command({
  category: 'listening',
  async run({ sleep }) {
    await sleep(0.5)
    return 'heard nothing'
  },
})

await using robot = await start(simulated(model.with({ look, sweep, listen })))
await robot.arm()

const tell = (what: string, outcome: Outcome): void => {
  const why = outcome.status === 'canceled' ? `${outcome.reason}, stop confirmed ${outcome.stopConfirmed}` : ''
  const code = 'error' in outcome ? outcome.error.code : ''
  console.log(`${what}: ${outcome.status} ${why}${code}`.trimEnd())
}

// Two categories: both run at the same time.
const sweeping = robot.sweep()
const listening = robot.listen()
console.log(
  `side by side: ${robot
    .runs()
    .map((run) => `${run.command} in ${run.category}`)
    .join(', ')}`,
)

// `listening` is full, and its policy is to reject: nobody is disturbed.
tell('a second listen', await robot.listen().result())

// `motion` is full, and its policy is to preempt: the sweep stops, and only then does the look begin.
await sweeping.yield(0.3)
const looking = robot.look({ pan: deg(10), tilt: deg(15) })
tell('sweep', await sweeping.result())
tell('look', await looking.result())
tell('listen', await listening.result())

// A cancel resolves when the joint has been read standing still.
const again = robot.sweep()
await again.yield(0.3)
tell('canceled sweep', await again.cancel())
console.log(`pan turns: ${'velocity' in robot.joints.pan && Math.abs(robot.joints.pan.velocity) > 0.05}`)
await robot.disarm()
