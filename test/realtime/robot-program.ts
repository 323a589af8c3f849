/**
 * A program as a user writes it, on a real serial port: `robot-program.ts <port> <how it goes wrong>`. Its lines on
 * standard output are JSON with the wall time in milliseconds, so that another process can compare them with bytes.
 */
import { defineRobot, deg, degPerSec, start } from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { serial } from 'tendon/serial'

const [path = '', mode = ''] = process.argv.slice(2)
const say = (event: string): void => {
  process.stdout.write(`${JSON.stringify({ event, at: performance.timeOrigin + performance.now() })}\n`)
}
const joint = (id: number, stop: 'park' | 'cut' = 'park') => ({
  position: [deg(-100), deg(100)] as const,
  velocity: degPerSec(60),
  servo: sts3215('servos', id),
  stop,
})
const model = defineRobot('arm', {
  categories: { motion: { conflict: 'preempt' } },
  buses: { servos: feetech({ port: serial({ path, baudRate: 1_000_000 }) }) },
  // One joint is cut at once: its stop frame begins at the torque register, which no setpoint does.
  joints: { pan: joint(1), lift: joint(2), elbow: joint(3, 'cut') },
})
const moveTo = model.moveTo({ category: 'motion' })
const rest = model.command({
  category: 'motion',
  claims: ['pan', 'lift', 'elbow'],
  async run({ joints }) {
    await joints.moveTo({ pan: 0, lift: 0, elbow: 0 })
  },
})
const sleepy = model.command({
  deadline: 'none',
  async run({ sleep }) {
    while (true) await sleep(0)
  },
})

const robot = await start(model.with({ moveTo, rest, sleepy }).rest(rest), { process: true })
const armed = await robot.arm()
if (!armed.armed) throw new Error(armed.problems.map((found) => found.what).join(' '))
say('armed')
const move = robot.moveTo({ pan: deg(90), lift: deg(80), elbow: deg(70) })
setTimeout(() => {
  say('moving')
  if (mode === 'throw')
    setTimeout(() => {
      say('acting')
      throw new Error('boom')
    }, 20)
  if (mode === 'reject') {
    say('acting')
    void Promise.reject(new Error('boom'))
  }
  if (mode === 'stop') {
    for (let i = 0; i < 50; i++) robot.sleepy()
    setTimeout(() => {
      say('acting')
      void robot.stop().then((verdict) => {
        say(verdict.confirmed ? 'confirmed' : 'not confirmed')
        void robot.close()
      })
    }, 50)
  }
}, 400)
void move.result().then((outcome) => say(outcome.status))
