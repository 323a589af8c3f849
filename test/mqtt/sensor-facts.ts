import { defineRobot } from 'tendon'
import { mqtt, mqttSensor } from 'tendon/mqtt'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { BrokerKind } from './brokers.ts'
import { boot, lab } from './lab.ts'

// The definition names no broker that exists: every test puts the one that it started in the place of this link.
const links = { lab: mqtt({ url: 'mqtt://nowhere.invalid' }) }
const room = defineRobot('room', {
  links,
  sensors: {
    temperature: mqttSensor('lab', 'room/temperature', z.number()),
    door: mqttSensor('lab', 'room/door'),
    light: mqttSensor('lab', 'room/light', { parse: (_, bytes) => bytes[0] ?? 0 }),
    rooms: mqttSensor('lab', '+/temperature', z.number()),
    all: mqttSensor('lab', '#'),
  },
}).with({})

const kept = defineRobot('kept', {
  links,
  sensors: {
    plain: mqttSensor('lab', 'kept', z.number()),
    aged: mqttSensor('lab', 'kept', z.number(), { maxAge: 60 }),
    fresh: mqttSensor('lab', 'kept', z.number(), { maxAge: 60, retained: 'fresh' }),
    live: mqttSensor('lab', 'kept', z.number(), { retained: 'ignore' }),
    done: mqttSensor('lab', 'done'),
  },
}).with({})

const MANY = 300
const many = defineRobot('many', {
  links,
  sensors: Object.fromEntries(
    Array.from({ length: MANY }, (_, i) => [`s${i}`, mqttSensor('lab', `many/${i}`, z.number())]),
  ),
}).with({})

/** What sensors over MQTT promise on any broker. */
export function sensorFacts(broker: BrokerKind): void {
  describe(`sensors over ${broker.name}`, () => {
    it('give what the schema makes of JSON, what a function makes of bytes, and plain text', async () => {
      const { broker: running, stranger } = await lab(broker)
      const robot = await boot(room, running)
      const values = [robot.sensors.temperature.next(), robot.sensors.door.next(), robot.sensors.light.next()]
      await stranger.say('room/temperature', '21.5')
      await stranger.say('room/door', 'öffen')
      await stranger.say('room/light', Uint8Array.of(0xff, 0x00))
      expect((await Promise.all(values)).map(({ value, seq }) => [value, seq])).toEqual([
        [21.5, 1],
        ['öffen', 1],
        [255, 1],
      ])
    })

    it('count what is no JSON, no UTF-8 or refused by the schema, and give the next good one', async () => {
      const { broker: running, stranger } = await lab(broker)
      const robot = await boot(room, running)
      const next = robot.sensors.temperature.next()
      const text = robot.sensors.door.next()
      await stranger.say('room/temperature', '21,5')
      await stranger.say('room/temperature', '')
      await stranger.say('room/temperature', '"warm"')
      await stranger.say('room/temperature', Uint8Array.of(0x22, 0xc3, 0x22))
      await stranger.say('room/temperature', '22')
      await stranger.say('room/door', Uint8Array.of(0xc3))
      await stranger.say('room/door', 'shut')
      expect(await next).toMatchObject({ value: 22, seq: 1 })
      expect(robot.sensors.temperature.counts()).toMatchObject({ readings: 1, bad: { parse: 3, schema: 1 } })
      expect(await text).toMatchObject({ value: 'shut' })
      expect(robot.sensors.door.counts().bad).toEqual({ parse: 1 })
    })

    it('say the topic where their filter has wildcards, and overlapping ones get each message once', async () => {
      const { broker: running, stranger } = await lab(broker)
      const robot = await boot(room, running)
      const seen = { rooms: [] as unknown[], all: [] as unknown[] }
      robot.sensors.rooms.subscribe(({ value }) => seen.rooms.push(value))
      robot.sensors.all.subscribe(({ value }) => seen.all.push(value))
      const last = robot.sensors.all.next()
      await stranger.say('hall/temperature', '18')
      await last
      const done = robot.sensors.door.next()
      await stranger.say('room/temperature', '21')
      await stranger.say('room/door', 'shut')
      await done
      expect(seen.rooms).toEqual([
        { topic: 'hall/temperature', value: 18 },
        { topic: 'room/temperature', value: 21 },
      ])
      expect(seen.all).toEqual([
        { topic: 'hall/temperature', value: '18' },
        { topic: 'room/temperature', value: '21' },
        { topic: 'room/door', value: 'shut' },
      ])
      expect(robot.sensors.temperature.counts().readings).toBe(1)
    })
  })

  describe(`retained messages over ${broker.name}`, () => {
    it('are values, marked, and stale where there is a maxAge, unless they are declared fresh or ignored', async () => {
      const { broker: running, stranger } = await lab(broker)
      await stranger.say('kept', '7', true)
      const robot = await boot(kept, running)
      const { plain, aged, fresh, live, done } = robot.sensors
      // What comes after the subscriptions comes after everything that was retained.
      const after = done.next()
      await stranger.say('done', '')
      await after
      expect(plain.latest()).toMatchObject({ status: 'fresh', reading: { value: 7, seq: 1, ageUnknown: true } })
      expect(aged.latest()).toMatchObject({ status: 'stale', reading: { value: 7, seq: 1, ageUnknown: true } })
      expect(fresh.latest()).toMatchObject({ status: 'fresh', reading: { value: 7, seq: 1 } })
      expect(fresh.latest()).not.toHaveProperty('reading.ageUnknown')
      expect(live.latest()).toEqual({ status: 'unknown' })
      expect(live.counts()).toMatchObject({ readings: 0, ignored: 1 })
      expect([plain.health(), aged.health(), fresh.health(), live.health()]).toEqual(['ok', 'unknown', 'ok', 'unknown'])
    })

    it('are followed by live ones, which are fresh and not marked', async () => {
      const { broker: running, stranger } = await lab(broker)
      await stranger.say('kept', '7', true)
      const robot = await boot(kept, running)
      const { aged, live } = robot.sensors
      const next = live.next()
      await stranger.say('kept', '8', true)
      await next
      expect(aged.latest()).toMatchObject({ status: 'fresh', reading: { value: 8, seq: 2 } })
      expect(aged.latest()).not.toHaveProperty('reading.ageUnknown')
      expect(aged.health()).toBe('ok')
    })
  })

  describe(`many sensors over ${broker.name}`, () => {
    it('share one connection, and a message wakes only the one that it is for', async () => {
      const { broker: running, stranger } = await lab(broker)
      const before = running.connections()
      const robot = await boot(many, running)
      expect(running.connections() - before).toBe(1)
      const first = robot.sensors.s0?.next()
      const last = robot.sensors[`s${MANY - 1}`]?.next()
      await stranger.say('many/0', '1')
      await stranger.say(`many/${MANY - 1}`, '2')
      expect((await first)?.value).toBe(1)
      expect((await last)?.value).toBe(2)
      const counts = Object.values(robot.sensors).map((sensor) => sensor.counts().readings)
      expect(counts.reduce((sum, count) => sum + count)).toBe(2)
    })

    it('a subscriber that never ends its work delays no other sensor and not its own', async () => {
      const { broker: running, stranger } = await lab(broker)
      const robot = await boot(room, running)
      const calls: unknown[] = []
      const stuck = robot.sensors.temperature.subscribe(({ value }) => {
        calls.push(value)
        return new Promise(() => {})
      })
      const done = robot.sensors.door.next()
      for (let i = 0; i < 100; i++) await stranger.say('room/temperature', `${i}`)
      await stranger.say('room/door', 'shut')
      await done
      expect(calls).toEqual([0])
      expect(stuck.dropped).toBe(98)
      expect(robot.sensors.temperature.latest()).toMatchObject({ reading: { value: 99, seq: 100 } })
    })
  })
}
