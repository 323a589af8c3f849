import { defineRobot, type RobotEvent, start, systemClock } from 'tendon'
import { mqtt, mqttSensor } from 'tendon/mqtt'
import { describe, expect, it, onTestFinished } from 'vitest'
import { simulated } from '../../src/sim/simulated.ts'
import { eventOf } from '../mqtt/lab.ts'
import { Mosquitto } from '../system/mosquitto.ts'

const KEEPALIVE = 1

const room = defineRobot('room', {
  links: { lab: mqtt({ url: 'mqtt://nowhere.invalid' }) },
  sensors: { door: mqttSensor('lab', 'room/door') },
}).with({})

describe('a broker that is frozen', () => {
  it('is noticed within two keepalives, also while the robot goes on publishing, and is back when it thaws', async () => {
    await using broker = await Mosquitto.start()
    const robot = await start(simulated(room, { links: { lab: broker.link({ keepalive: KEEPALIVE }) } }))
    onTestFinished(async () => {
      await robot.close()
    })
    const note = (what: string) => (event: RobotEvent) => event.type === 'note' && event.what === what
    const lost = eventOf(robot, note('link.offline'))
    const frozen = systemClock.now()
    process.kill(broker.pid, 'SIGSTOP')
    // What is sent hides a dead link from those who only look at their own sending.
    const chatter = setInterval(() => void robot.links.lab.publish('chatter', 'x').catch(() => {}), 50)
    const { at } = await lost
    clearInterval(chatter)
    expect(at - frozen).toBeLessThanOrEqual(2 * KEEPALIVE)
    expect(robot.sensors.door.health()).toBe('lost')
    const back = eventOf(robot, note('link.online'))
    process.kill(broker.pid, 'SIGCONT')
    await back
  })
})

describe('an acknowledged message over loopback', () => {
  it('takes less than 20 ms in the median, before and after a loss: nobody waits to fill a packet', async () => {
    await using broker = await Mosquitto.start()
    const link = await broker.link().open({ clock: systemClock })
    onTestFinished(() => link.close())
    expect(await medianRoundTrip(link)).toBeLessThan(0.02)
    const back = new Promise<void>((resolve) => {
      link.onStatus(({ online }) => {
        if (online) resolve()
      })
    })
    await broker.kill()
    await broker.restart()
    await back
    expect(await medianRoundTrip(link)).toBeLessThan(0.02)
  })
})

/** From publishing with QoS 1 to hearing it oneself, with QoS 1. */
async function medianRoundTrip(link: Awaited<ReturnType<ReturnType<Mosquitto['link']>['open']>>): Promise<number> {
  let arrived = (): void => {}
  const leave = await link.subscribe('echo', () => arrived(), { qos: 1 })
  const times: number[] = []
  for (let i = 0; i < 51; i++) {
    const heard = new Promise<void>((resolve) => {
      arrived = resolve
    })
    const sent = systemClock.now()
    await Promise.all([link.publish('echo', 'x', { qos: 1 }), heard])
    times.push(systemClock.now() - sent)
  }
  leave()
  return times.sort((a, b) => a - b)[25] ?? Number.POSITIVE_INFINITY
}
