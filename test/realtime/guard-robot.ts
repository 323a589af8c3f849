/**
 * A robot program that goes wrong: `guard-robot <how> <records> <port> [<second port>]`. It says on standard output, as
 * JSON lines with the monotonic time of the machine, what it does. Lines on standard input tell it to `arm`, to `move`,
 * and to `act`: that is its evil deed.
 */
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { type Clock, defineRobot, deg, degPerSec, processGuard, start, systemClock } from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { serial } from 'tendon/serial'

const [how = '', records = '', ...ports] = process.argv.slice(2)
// At once, and also by a program that is about to die or never to yield again.
const say = (event: string, facts: object = {}): void => {
  const at = Number(process.hrtime.bigint()) / 1e6
  writeSync(1, `${JSON.stringify({ event, at, ...facts })}\n`)
}

let isFrozen = false
/** Its timers can be made to stand still while the process itself goes on: the control tick is one of them. */
const clock: Clock = {
  ...systemClock,
  after: (delay, fn) =>
    systemClock.after(delay, () => {
      if (!isFrozen) fn()
    }),
}

function model(path: string, name: string) {
  const joint = (id: number, stop: 'park' | 'hold' | 'cut') => ({
    position: [deg(-100), deg(100)] as const,
    velocity: degPerSec(60),
    servo: sts3215('servos', id),
    stop,
  })
  const made = defineRobot(name, {
    categories: { motion: { limit: 2 } },
    // Servos are forgiven when the machine keeps the process waiting in which they live.
    buses: { servos: feetech({ port: serial({ path, baudRate: 1_000_000 }), slack: 0.25 }) },
    joints: { pan: joint(1, 'park'), lift: joint(2, 'hold'), elbow: joint(3, 'cut') },
    // And a short way to the off frame.
    limits: { parkCap: 0.3, silence: 5, stallTime: 5, arriveTimeout: 20 },
  })
  const spin = made.command({
    category: 'motion',
    claims: ['lift'],
    run() {
      say('acting')
      for (;;);
    },
  })
  return made.with({ moveTo: made.moveTo({ category: 'motion' }), spin })
}

const guard = processGuard({ records })
const robots = await Promise.all(ports.map((path, index) => start(model(path, `robot${index}`), { guard, clock })))
for (const robot of robots) {
  robot.log.on('fault', (event) => say('fault', { code: event.problem.code }))
  robot.log.on('verdict', (event) => say('verdict', { confirmed: event.confirmed }))
}

async function arm(): Promise<void> {
  for (const robot of robots) {
    const armed = await robot.arm()
    if (!armed.armed) return say('not armed', { problems: armed.problems.map((found) => found.what) })
  }
  say('armed')
}

function move(): void {
  for (const robot of robots) robot.moveTo({ pan: deg(90), elbow: deg(70) })
  setTimeout(() => say('moving'), 120)
}

/** What it does by itself; what is done to it from outside is not here. */
const deeds: Readonly<Record<string, () => void>> = {
  spin: () => void robots[0]?.spin(),
  exit() {
    say('acting')
    process.exit(3)
  },
  memory() {
    say('acting')
    const hoard: unknown[] = []
    for (;;) hoard.push(Array.from({ length: 1000 }, (_, i) => ({ i })))
  },
  tick() {
    say('acting')
    isFrozen = true
    setInterval(() => say('alive'), 20)
  },
}

const orders = createInterface({ input: process.stdin })
// It does not outlive a test that was broken off.
orders.on('close', () => process.exit())
orders.on('line', (line) => {
  if (line === 'arm') void arm()
  else if (line === 'move') move()
  else deeds[how]?.()
})
say('up')
