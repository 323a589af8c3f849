// Your own driver: a servo protocol of our own, simulated servos that speak it behind a port in memory, a joint that
// moves, and the suite that every driver must pass. npx tsx --conditions=tendon-source examples/06-your-own-driver.ts

import { defineRobot, deg, degPerSec, start, toDegrees } from 'tendon'
import type { ServoSpec } from 'tendon/device'
import { framedLine, type ServoProtocol, servoDriver } from 'tendon/drivers'
import { cobs, crc16X25 } from 'tendon/framing'
import { driverConformance, MemoryTransport } from 'tendon/testing'

// The protocol: packets of [to, order, data]. Whom it is for alone answers [id, powered, position, speed], in mrad.
const packets = cobs({ max: 200, check: crc16X25 })
const ORDER = { report: 0, off: 1, on: 2, goals: 3, stop: 4 } as const
const ALL = 0xff
const mrad = (angle: number): number[] => [(Math.round(angle * 1000) >> 8) & 0xff, Math.round(angle * 1000) & 0xff]
const angleAt = (bytes: Uint8Array, at: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset).getInt16(at) / 1000

// The driver: what is particular to these servos. Turns, retries, stops and losses are the same for all families.
const blips: ServoProtocol<Uint8Array> = {
  family: 'blip',
  line: framedLine(packets, ([id = ALL]) => id),
  replyBytes: 11,
  report: (id) => packets.encode(Uint8Array.of(id, ORDER.report)),
  power: (id, on) => packets.encode(Uint8Array.of(id, on ? ORDER.on : ORDER.off)),
  goals: (setpoints) => {
    const entries = setpoints.map(({ id, position, velocity = 5 }) => [id, ...mrad(position), ...mrad(velocity)])
    return packets.encode(Uint8Array.of(ALL, ORDER.goals, ...entries.flat()))
  },
  /** Whom it does not name lets go. */
  stop: ({ freeze }) => packets.encode(Uint8Array.of(ALL, ORDER.stop, ...freeze.map(({ id }) => id))),
  stateOf: (reply) => ({
    powered: reply[1] === 1,
    position: angleAt(reply, 2),
    velocity: angleAt(reply, 4),
    load: 0,
    alarms: [],
  }),
  inspection: () => ({
    model: 'BLIP',
    firmware: '1',
    voltage: 7.4,
    voltageRange: [6, 8.4],
    temperature: 30,
    temperatureLimit: 70,
    mismatches: [],
  }),
}
const blip = (id: number): ServoSpec<'servos'> => ({
  family: 'blip',
  model: 'BLIP',
  bus: 'servos',
  id,
  ids: { min: 0, max: 200 },
  options: {},
})

// The simulated servos: they go to their goal at their speed as long as they have power.
function simulatedBlips(...ids: number[]) {
  const servos = new Map(ids.map((id) => [id, { powered: false, position: 0, goal: 0, speed: 0, since: 0 }]))
  const port = new MemoryTransport({
    connect(host, { clock }) {
      const order = (id: number, powered: boolean, goal?: number, speed = 1): void => {
        const servo = servos.get(id)
        if (!servo) return
        const reach = servo.speed * (clock.now() - servo.since)
        const way = servo.powered ? servo.goal - servo.position : 0
        const position = servo.position + Math.sign(way) * Math.min(Math.abs(way), reach)
        servos.set(id, { powered, position, goal: goal ?? position, speed, since: clock.now() })
      }
      const hear = (packet: Uint8Array): void => {
        const [to = ALL, what, ...ids] = packet
        if (what === ORDER.stop) for (const id of servos.keys()) order(id, ids.includes(id))
        for (let at = 2; what === ORDER.goals && at < packet.length; at += 5) {
          const id = packet[at] ?? ALL
          order(id, servos.get(id)?.powered ?? false, angleAt(packet, at + 1), angleAt(packet, at + 3))
        }
        const servo = servos.get(to)
        if (!servo) return
        order(
          to,
          what === ORDER.report ? servo.powered : what === ORDER.on,
          what === ORDER.report ? servo.goal : undefined,
          servo.speed,
        )
        const { powered, position = 0, goal = 0, speed = 0 } = servos.get(to) ?? servo
        const velocity = powered && goal !== position ? Math.sign(goal - position) * speed : 0
        host.write(packets.encode(Uint8Array.of(to, powered ? 1 : 0, ...mrad(position), ...mrad(velocity))))
      }
      const decoder = packets.create()
      host.onBytes((chunk) => decoder.push(chunk, { frame: hear, bad() {} }))
    },
  })
  return { port, powered: (id: number) => servos.get(id)?.powered ?? false }
}

// A robot with one of them.
const model = defineRobot('waver', {
  buses: { servos: servoDriver(blips, { port: simulatedBlips(1).port }) },
  joints: { arm: { servo: blip(1), position: [deg(-90), deg(90)], velocity: degPerSec(180), stop: 'park' } },
})
await using robot = await start(model.with({ wave: model.moveTo() }))
console.log(`armed: ${(await robot.arm()).armed}`)
const { position } = await robot.wave({ arm: deg(40) }).value()
console.log(`the arm was read at ${toDegrees(position.arm ?? Number.NaN).toFixed(0)} degrees`)
const { joints } = await robot.stop()
console.log(`stopped: ${joints.map(({ joint, verdict }) => `${joint} ${verdict}`).join(', ')}`)

// Does the driver keep every promise of the contract? In a project of yours: a test for each check.
const checks = driverConformance(() => {
  const { port, powered } = simulatedBlips(1, 2)
  const servos = [1, 2].map((id) => ({ joint: `joint_${id}`, servo: blip(id) }))
  return { spec: servoDriver(blips, { port }), servos, absent: { joint: 'nobody', servo: blip(9) }, powered }
})
for (const { run } of checks) await run()
console.log(`${checks.length} checks hold`)
