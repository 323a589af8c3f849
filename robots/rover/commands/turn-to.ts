import { deg, seconds } from 'tendon'
import { z } from 'zod'
import { rover } from '../model.ts'
import { TTL, wheelSpeeds, wheels } from '../wheels.ts'

/** Near enough, and how fast it turns at most and at least: slower the wheels would stick. */
const NEAR = deg(2)
const [FAST, SLOW] = [1.2, 0.2]

/** The shorter way round from one yaw to another, -pi to pi. */
const between = (from: number, to: number): number => Math.atan2(Math.sin(to - from), Math.cos(to - from))

/** Turns on the spot until the IMU says so: each of its readings is one order, so that a silent IMU stops the wheels. */
export const turnTo = rover.command({
  doc: 'Turns on the spot to a yaw in radians, by the IMU.',
  goal: z.object({ yaw: z.number().meta({ unit: 'rad' }) }),
  feedback: z.object({ left: z.number() }),
  category: 'motion',
  claims: wheels,
  deadline: seconds(15),
  async run({ goal, joints, sensors, feedback, fail }) {
    if (sensors.imu.health() !== 'ok') throw fail('the IMU is not heard')
    for await (const { value } of sensors.imu.readings()) {
      const left = between(value.yaw, goal.yaw)
      feedback({ left })
      if (Math.abs(left) <= NEAR) break
      const angular = Math.sign(left) * Math.min(FAST, Math.max(SLOW, 2 * Math.abs(left)))
      joints.drive(wheelSpeeds({ linear: 0, angular }).speeds, { ttl: TTL })
    }
    await joints.halt()
    const { value } = await sensors.imu.next()
    return { yaw: value.yaw }
  },
})
