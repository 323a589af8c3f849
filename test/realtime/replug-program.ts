/**
 * A robot on the port of its first argument, which does what the lines of its standard input say, one after the other,
 * and tells of each as a line of JSON. Its guard is a process of its own, which must let go of a port that is lost.
 */
import { createInterface } from 'node:readline'
import { defineRobot, deg, degPerSec, start } from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { serial } from 'tendon/serial'

const [path = ''] = process.argv.slice(2)
const say = (what: string, facts: object = {}): void => {
  process.stdout.write(`${JSON.stringify({ what, at: performance.timeOrigin + performance.now(), ...facts })}\n`)
}
const joint = (id: number) =>
  ({
    servo: sts3215('servos', id),
    position: [deg(-110), deg(110)],
    velocity: degPerSec(90),
    stop: 'park',
  }) as const
const model = defineRobot('arm', {
  categories: { motion: { conflict: 'preempt' } },
  // Simulated servos in another process answer late when the machine is busy, which is not the matter here.
  buses: { servos: feetech({ port: serial({ path, baudRate: 1_000_000 }), slack: 0.3 }) },
  joints: { pan: joint(1), lift: joint(2), elbow: joint(3) },
})
const arm = model.with({ move: model.moveTo({ category: 'motion' }) })

async function live(lines: AsyncIterator<string>): Promise<void> {
  // The port is there only now.
  await lines.next()
  // Nor is a machine that stalls.
  const robot = await start(arm, { limits: { guardLimit: 2, armStill: 3, silence: 3, callTimeout: 3 } })
  robot.log.onAny((event) => {
    if (event.type === 'fault') say('fault', { code: event.problem.code })
    if (event.type === 'verdict') say('verdict', { confirmed: event.confirmed })
  })
  say('started')
  for (;;) {
    const { value: line, done } = await lines.next()
    if (done || line === 'close') break
    if (line === 'arm') {
      const verdict = await robot.arm()
      say('armed', { ok: verdict.armed, why: verdict.armed ? [] : verdict.problems.map(({ what }) => what) })
    } else if (line === 'acknowledge') {
      const { confirmed } = await robot.acknowledge({ by: 'test' })
      say('acknowledged', { ok: confirmed, state: robot.safety.state })
    } else if (line) {
      const pan = Number(line)
      void robot
        .move({ pan: deg(pan), lift: deg(pan / 2) })
        .result()
        .then((outcome) =>
          say('moved', { status: outcome.status, ...('error' in outcome && { code: outcome.error.code }) }),
        )
    }
  }
  const { confirmed } = await robot.close()
  say('closed', { ok: confirmed })
}

const input = createInterface({ input: process.stdin })
await live(input[Symbol.asyncIterator]())
input.close()
