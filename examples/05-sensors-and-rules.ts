// A thermometer and two rules: a hot room turns the arm away, and a thermometer that nobody hears stops the robot. The
// log says who did what and why. npx tsx --conditions=tendon-source examples/05-sensors-and-rules.ts

import { above, defineRobot, deg, degPerSec, seconds, stale, start } from 'tendon'
import type { ByteConnection } from 'tendon/device'
import { feetech, sts3215 } from 'tendon/feetech'
import { lines } from 'tendon/framing'
import { serial } from 'tendon/serial'
import { simulated } from 'tendon/sim'
import { MemoryTransport } from 'tendon/testing'
import { z } from 'zod'

const model = defineRobot('turret', {
  categories: { motion: { limit: 1, conflict: 'preempt' } },
  buses: { servos: feetech({ port: serial({ path: '/dev/ttyACM0', baudRate: 1_000_000 }) }) },
  joints: {
    pan: { servo: sts3215('servos', 1), position: [deg(-90), deg(90)], velocity: degPerSec(180), stop: 'park' },
  },
  sensors: {
    // One JSON object a line; lines that are none are counted and never become a reading.
    room: lines(serial({ path: '/dev/ttyUSB0', baudRate: 9600 }), {
      schema: z.object({ celsius: z.number() }),
      maxAge: seconds(1),
    }),
  },
})
const turret = model.with({ look: model.moveTo({ category: 'motion' }) }).rules({
  // Fires when it was above 40 for 0.1 s, and again only after it was at 35 or below.
  overheated: {
    when: above('room', (room) => room.celsius, 40, { hysteresis: 5, forAtLeast: seconds(0.1) }),
    run: 'look',
    goal: ({ reading }) => ({ pan: deg(reading.value.celsius > 60 ? -90 : -30) }),
  },
  // Silent or unplugged, which is the same to somebody who relies on it.
  unheard: { when: stale('room'), call: ({ robot }) => robot.stop() },
})

// In the thermometer's place: a port in memory, at whose other end this program speaks, twenty times a second.
let thermometer: ByteConnection | undefined
const port = new MemoryTransport({ address: 'thermometer', connect: (device) => (thermometer = device) })
let celsius = 22
const speaking = setInterval(() => {
  if (thermometer?.isOpen) thermometer.write(new TextEncoder().encode(`${JSON.stringify({ celsius })}\n`))
}, 50)

await using robot = await start(simulated(turret, { sensors: { room: port } }))
robot.log.onAny((event) => {
  if (event.type === 'sensor') console.log(`  ${event.sensor}: ${event.from} -> ${event.to}`)
  if (event.type === 'rule') console.log(`  rule ${event.rule} ${event.what}: ${event.reason}`)
  if (event.type === 'started')
    console.log(`  ${event.command} started, because of ${event.cause?.by ?? 'nobody'}: ${event.cause?.reason ?? ''}`)
  if (event.type === 'latched') console.log(`  stopped by ${event.by}: ${event.reason}`)
})
await robot.arm()
/** Lets the thermometer say this for a while: at least so many readings. */
async function roomIs(degrees: number, readings = 6): Promise<void> {
  celsius = degrees
  while ((await robot.sensors.room.next()).value.celsius !== degrees);
  for (let i = 1; i < readings; i++) await robot.sensors.room.next()
}

console.log('warm, hot, a little cooler, hot again: once')
for (const degrees of [22, 41, 38, 42]) await roomIs(degrees)
console.log('cool, then very hot: again')
for (const degrees of [34, 70]) await roomIs(degrees)

console.log('the cable is pulled')
port.unplug()
await robot.whenState('disarmed')
console.log(`room is ${robot.sensors.room.health()}, the robot is ${robot.state}`)

console.log('and put back: the sensor finds its way by itself')
port.plug()
await roomIs(21)
for (const { name, fired } of robot.rules()) console.log(`rule ${name}: fired ${fired} times`)
clearInterval(speaking)
