import fc from 'fast-check'
import { TendonError } from 'tendon'
import { mqtt, mqttSensor } from 'tendon/mqtt'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { backoff } from '../../src/transports/mqtt/backoff.ts'
import { FilterIndex } from '../../src/transports/mqtt/filter-index.ts'

/** What MQTT says, level by level: slow, and nothing like the index. */
function matches(filter: string, topic: string): boolean {
  const wanted = filter.split('/')
  const levels = topic.split('/')
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false
  if (wanted.at(-1) === '#') {
    const head = wanted.slice(0, -1)
    return levels.length >= head.length && head.every((level, i) => level === '+' || level === levels[i])
  }
  return wanted.length === levels.length && wanted.every((level, i) => level === '+' || level === levels[i])
}

const word = fc.constantFrom('a', 'b', '', '$a')
const topics = fc.array(word, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'))
const filters = fc
  .tuple(fc.array(fc.oneof(word, fc.constant('+')), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([levels, rest]) => [...levels, ...(rest ? ['#'] : [])].join('/'))
  .filter((filter) => filter !== '')

describe('the index of filters', () => {
  it.each([
    ['a/+', 'a/b', true],
    ['a/+', 'a', false],
    ['a/+', 'a/b/c', false],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['#', 'a', true],
    ['#', '$SYS/a', false],
    ['+/a', '$SYS/a', false],
    ['$SYS/#', '$SYS/a', true],
    ['+', '', true],
    ['+/+', '/', true],
    ['/a', 'a', false],
  ])('%s and %s: %s', (filter, topic, found) => {
    const index = new FilterIndex<string>()
    index.set(filter, filter)
    expect(index.match(topic)).toEqual(found ? [filter] : [])
    expect(matches(filter, topic)).toBe(found)
  })

  it('finds exactly the filters that match, also after others were taken out', () => {
    fc.assert(
      fc.property(fc.uniqueArray(filters), fc.array(fc.boolean()), fc.array(topics), (all, stays, asked) => {
        const index = new FilterIndex<string>()
        for (const filter of all) index.set(filter, filter)
        const gone = all.filter((_, i) => stays[i] === false)
        for (const filter of gone) index.delete(filter)
        for (const topic of asked) {
          const expected = all.filter((filter) => !gone.includes(filter) && matches(filter, topic))
          expect(index.match(topic).sort()).toEqual(expected.sort())
        }
      }),
    )
  })
})

const codeOf = (make: () => unknown): string => {
  try {
    make()
  } catch (thrown) {
    if (thrown instanceof TendonError) return `${thrown.code} ${Object.values(thrown.problem.facts).join(' ')}`
  }
  return 'nothing'
}

describe('a sensor is checked when it is defined', () => {
  it.each(['', 'a/#/b', 'a/b+', 'a#', 'a/\0', '$share/group/a', `a${'/a'.repeat(200)}`, 'x'.repeat(65_536)])(
    'for its filter (%#)',
    (filter) => {
      expect(codeOf(() => mqttSensor('lab', filter))).toMatch(/^TENDON_MQTT_FILTER/)
    },
  )

  it('and accepts every filter that MQTT has', () => {
    for (const filter of ['a', '/', 'a//b', '+', '#', '+/a/#', '$SYS/broker/uptime', 'Räume/1'])
      expect(mqttSensor('lab', filter).kind).toBe('mqtt')
  })

  it('for its schema: one that is asynchronous is refused', () => {
    const slow = z.number().refine(async () => true)
    expect(codeOf(() => mqttSensor('lab', 'a', slow))).toMatch(/^TENDON_MQTT_SCHEMA_ASYNC/)
  })

  it('has no port to exchange: its link is what a simulation exchanges', () => {
    const port = { kind: 'none', address: 'nowhere', open: () => Promise.reject(new Error('no')) }
    expect(codeOf(() => mqttSensor('lab', 'a').withPort(port))).toMatch(/^TENDON_MQTT_NO_PORT/)
  })
})

describe('a link is checked when it is defined', () => {
  it.each([
    ['url', { url: 'localhost:1883' }],
    ['url', { url: 'http://localhost' }],
    ['version', { url: 'mqtt://localhost', version: 3 as 4 }],
    ['keepalive', { url: 'mqtt://localhost', keepalive: 0 }],
    ['keepalive', { url: 'mqtt://localhost', keepalive: 1.5 }],
    ['connectTimeout', { url: 'mqtt://localhost', connectTimeout: Number.POSITIVE_INFINITY }],
    ['reconnectLimit', { url: 'mqtt://localhost', reconnectLimit: -1 }],
    ['largestMessage', { url: 'mqtt://localhost', largestMessage: 1 }],
  ])('for its %s', (option, options) => {
    expect(codeOf(() => mqtt(options))).toMatch(new RegExp(`^TENDON_MQTT_OPTION ${option} `))
  })

  it('and never shows a password, not even of a url that is none', () => {
    expect(codeOf(() => mqtt({ url: 'amqp://robot:secret@localhost' }))).not.toMatch(/secret/)
    expect(mqtt({ url: 'mqtt://robot:secret@localhost' }).address).toBe('mqtt://localhost:1883')
    expect(mqtt({ url: 'mqtts://[::1]' }).address).toBe('mqtts://[::1]:8883')
  })
})

describe('the waits between two tries', () => {
  it('begin at a tenth of a second at most, grow, are never over the limit, and differ between clients', () => {
    const waits = (client: string) => Array.from({ length: 20 }, (_, failures) => backoff(failures, 5, client))
    const [one, two] = [waits('tendon-1'), waits('tendon-2')]
    expect(one[0]).toBeLessThanOrEqual(0.1)
    expect(one).toEqual(waits('tendon-1'))
    expect(one).not.toEqual(two)
    expect(Math.max(...one, ...two, backoff(Number.MAX_SAFE_INTEGER, 5, 'x'))).toBeLessThanOrEqual(5)
    for (const [i, wait] of one.entries()) expect(wait).toBeGreaterThanOrEqual(Math.min(0.1 * 2 ** i, 5) / 2)
  })
})
