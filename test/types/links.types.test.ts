import { defineRobot, type RobotOf } from 'tendon'
import { nmea } from 'tendon/framing'
import { type FromTopic, mqtt, mqttSensor } from 'tendon/mqtt'
import { serial } from 'tendon/serial'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'

// Right lines compile, wrong ones carry @ts-expect-error. `tsc` proves them; nothing here is started.
const links = { lab: mqtt({ url: 'mqtt://localhost' }), hall: mqtt({ url: 'mqtt://hall' }) }
const robotOf = defineRobot('room', {
  links,
  sensors: {
    temperature: mqttSensor('lab', 'room/temperature', z.object({ celsius: z.number() })),
    doors: mqttSensor('hall', 'doors/+', z.enum(['open', 'shut'])),
    everything: mqttSensor('lab', '#'),
    text: mqttSensor('lab', 'note'),
    bytes: mqttSensor('lab', 'light', { parse: (_, bytes) => bytes.length }),
    heading: nmea.heading(serial({ path: '/dev/null', baudRate: 4800 })),
  },
})
type Robot = RobotOf<ReturnType<typeof robotOf.with<Record<never, never>>>>

/** Code that is compiled and never run. */
const compiled = (_code: () => unknown): void => {}

describe('links of a definition are types', () => {
  it('a sensor over a link that is not declared does not compile', () => {
    compiled(() => {
      defineRobot('a', { links, sensors: { t: mqttSensor('lab', 'a', z.number()) } })
      const lap = { t: mqttSensor('lap', 'a', z.number()) }
      // @ts-expect-error no link 'lap'
      defineRobot('a', { links, sensors: lap })
      // @ts-expect-error no link 'lap', written in place
      defineRobot('a', { links, sensors: { t: mqttSensor('lap', 'a', z.number()) } })
      // @ts-expect-error no links at all
      defineRobot('a', { sensors: { t: mqttSensor('lab', 'a', z.number()) } })
    })
    expect(Object.keys(robotOf.spec.links ?? {})).toEqual(['lab', 'hall'])
  })

  it('a reading has the type of the schema, with its topic where the filter has wildcards', () => {
    compiled(() => {
      const { sensors } = {} as Robot
      expectTypeOf(sensors.temperature.next()).resolves.toHaveProperty('value').toEqualTypeOf<{ celsius: number }>()
      expectTypeOf(sensors.doors.next()).resolves.toHaveProperty('value').toEqualTypeOf<FromTopic<'open' | 'shut'>>()
      expectTypeOf(sensors.everything.next()).resolves.toHaveProperty('value').toEqualTypeOf<FromTopic<string>>()
      expectTypeOf(sensors.text.next()).resolves.toHaveProperty('value').toEqualTypeOf<string>()
      expectTypeOf(sensors.bytes.next()).resolves.toHaveProperty('value').toEqualTypeOf<number>()
      const filter: string = 'from/a/file'
      const dynamic = mqttSensor('lab', filter, z.number())
      expectTypeOf(dynamic.open)
        .parameter(1)
        .toHaveProperty('value')
        .parameter(0)
        .toEqualTypeOf<number | FromTopic<number>>()
    })
  })

  it('only declared links can be published through, and only what a message is made of', () => {
    compiled(() => {
      const robot = {} as Robot
      void robot.links.lab.publish('a', 'text', { qos: 1, retain: true })
      void robot.links.hall.publish('a', new Uint8Array())
      // @ts-expect-error no link 'lap'
      robot.links.lap
      // @ts-expect-error an object is no payload
      void robot.links.lab.publish('a', { on: true })
      // @ts-expect-error no QoS 2
      void robot.links.lab.publish('a', 'b', { qos: 2 })
      // @ts-expect-error only the runtime closes a link
      robot.links.lab.close()
    })
  })

  it('options that do not exist do not compile', () => {
    compiled(() => {
      // @ts-expect-error no such version
      mqtt({ url: 'mqtt://localhost', version: 3 })
      // @ts-expect-error a url is needed
      mqtt({})
      // @ts-expect-error no such policy
      mqttSensor('lab', 'a', z.number(), { retained: 'accept' })
      // @ts-expect-error a command may not be called links
      robotOf.with({ links: robotOf.halt() })
    })
  })
})
