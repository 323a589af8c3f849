import { type Metres, type Seconds, seconds, TendonError } from 'tendon'
import { z } from 'zod'
import { rover } from '../model.ts'
import { odometer, TTL, wheelSpeeds, wheels } from '../wheels.ts'

/** How fast it creeps, how far at most, and how long it waits for current once its wheels are blocked. */
const CREEP = wheelSpeeds({ linear: 0.08, angular: 0 }).speeds
const FARTHEST: Metres = 1.5
const CONTACT: Seconds = 2
const BEAT: Seconds = 0.1

/** Wheels that push against something: here that may be what was looked for. */
const isBlocked = (error: unknown): boolean => error instanceof TendonError && error.code === 'TENDON_JOINT_NOT_TURNING'

/** Creeps forward until the battery says that it charges. The dock is straight ahead; turn to it before. */
export const dock = rover.command({
  doc: 'Creeps forward until the battery charges.',
  feedback: z.object({ metres: z.number() }),
  partial: z.object({ metres: z.number() }),
  category: 'motion',
  claims: wheels,
  deadline: seconds(40),
  async run({ joints, sensors, sleep, feedback, partial, fail }) {
    const charges = (): boolean => {
      const battery = sensors.battery.latest()
      if (battery.status !== 'fresh') throw fail('the battery is not heard: nobody can tell whether it charges')
      return battery.reading.value.charging
    }
    const way = odometer(joints)
    let blocked = false
    while (!charges() && !blocked && way().metres < FARTHEST) {
      try {
        joints.drive(CREEP, { ttl: TTL })
      } catch (error) {
        if (!isBlocked(error)) throw error
        blocked = true
      }
      feedback({ metres: way().metres })
      partial({ metres: way().metres })
      await sleep(BEAT)
    }
    await joints.halt()
    for (let waited = 0; blocked && !charges() && waited < CONTACT; waited += BEAT) await sleep(BEAT)
    const { metres } = way()
    if (charges()) return { metres }
    throw fail(blocked ? 'the wheels are blocked, and nothing charges' : 'there is no dock ahead', { metres })
  },
})
