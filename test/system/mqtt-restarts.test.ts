import { defineRobot, type RobotEvent, type RobotOf } from 'tendon'
import { mqtt, mqttSensor } from 'tendon/mqtt'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Stranger } from '../mqtt/brokers.ts'
import { boot } from '../mqtt/lab.ts'
import { refusal } from '../mqtt/refusals.ts'
import { Mosquitto } from './mosquitto.ts'

const RESTARTS = 20

const room = defineRobot('room', {
  links: { lab: mqtt({ url: 'mqtt://nowhere.invalid' }) },
  sensors: {
    temperature: mqttSensor('lab', 'room/temperature', z.number()),
    door: mqttSensor('lab', 'room/door'),
  },
}).with({})

describe(`a broker that restarts ${RESTARTS} times under a running robot`, () => {
  it('is found again each time: its sensors heal, and nothing of an outage is ever delivered', {
    timeout: 60_000,
  }, async () => {
    await using broker = await Mosquitto.start()
    const robot = await boot(room, broker.link({ reconnectLimit: 0.5 }))
    const next = (what: string): Promise<void> =>
      new Promise((resolve) => {
        const off = robot.log.onAny((event: RobotEvent) => {
          if (event.type !== 'note' || event.what !== what) return
          off()
          resolve()
        })
      })
    let said = 0
    for (let time = 1; time <= RESTARTS; time++) {
      const offline = next('link.offline')
      await broker.kill()
      await offline
      expect(robot.sensors.temperature.health()).toBe('lost')
      // What a robot wants to say meanwhile is refused, and kept by nobody.
      for (const qos of [0, 1] as const)
        expect(await refusal(robot.links.lab.publish('orders', `late ${time}`, { qos }))).toMatchObject({
          code: 'TENDON_LINK_CLOSED',
        })
      const healed = Promise.all([robot.sensors.temperature.next(), robot.sensors.door.next()])
      await broker.restart()
      await using stranger = await Stranger.at(broker.url, { protocolVersion: 5 })
      // Somebody who hears everything from before the robot is back.
      await stranger.listen('orders')
      await backOnline(robot)
      await robot.links.lab.publish('orders', `new ${time}`, { qos: 1 })
      await stranger.hears(`orders new ${time}`)
      expect(stranger.heard).toEqual([`orders new ${time}`])
      await stranger.say('room/temperature', `${time}`)
      await stranger.say('room/door', `door ${time}`)
      expect((await healed).map(({ value }) => value)).toEqual([time, `door ${time}`])
      expect([robot.sensors.temperature.health(), robot.sensors.door.health()]).toEqual(['ok', 'ok'])
      said++
    }
    expect(robot.sensors.temperature.counts()).toMatchObject({ readings: said })
  })
})

/** The link is online, and both sensors have their subscriptions again. */
async function backOnline({ log }: Pick<RobotOf<typeof room>, 'log'>): Promise<void> {
  const ready = (): boolean => {
    const entries = log.entries()
    const lost = entries.findLastIndex((event) => event.type === 'note' && event.what === 'link.offline')
    const opened = entries.slice(lost).filter((event) => event.type === 'note' && event.what === 'sensor.opened')
    return opened.length === 2
  }
  if (ready()) return
  await new Promise<void>((resolve) => {
    const off = log.onAny(() => {
      if (!ready()) return
      off()
      resolve()
    })
  })
}
