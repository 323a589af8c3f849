import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { type Problem, TendonError } from '../../src/base/problem.ts'
import type { SensorSpec } from '../../src/device/sensor.ts'
import { framedSensor, type Heading, lineFraming, lines, nmea, nmeaChecksum } from '../../src/framing/index.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { FakePort } from './fake-port.ts'

const sentence = (text: string): string => `$${text}*${nmeaChecksum(text)}\r\n`

/** Opens a sensor on a port of the test and collects what it delivers. */
async function listen<T>(make: (port: FakePort) => SensorSpec<T>) {
  const port = new FakePort()
  const seen = { values: [] as T[], bad: [] as string[], ignored: 0, lost: [] as Problem[] }
  const connection = await make(port).open(
    { clock: new VirtualClock() },
    {
      value: (value) => seen.values.push(value),
      bad: (reason) => seen.bad.push(reason),
      ignored: () => seen.ignored++,
      lost: (problem) => seen.lost.push(problem),
    },
  )
  return { port, seen, connection }
}

const headingOf = async (text: string, options: Parameters<typeof nmea.heading>[1] = {}) => {
  const { port, seen } = await listen((on) => nmea.heading(on, options))
  port.feed(sentence(text))
  const [value] = seen.values
  if (!value) return seen.bad[0] ?? (seen.ignored === 1 ? 'ignored' : 'nothing')
  return {
    degrees: Math.round((value.heading * 180_000) / Math.PI) / 1000,
    reference: value.reference,
    from: value.talker,
  }
}

describe('nmea.heading', () => {
  test('reads HDM, HDT and HDG of any talker, in radians', async () => {
    const { port, seen } = await listen((on) => nmea.heading(on))
    port.feed(sentence('APHDM,180,M'))
    expect(seen.values).toEqual([{ heading: Math.PI, reference: 'magnetic', talker: 'AP' }])
    expect(await headingOf('HEHDT,274.07,T')).toEqual({ degrees: 274.07, reference: 'true', from: 'HE' })
    expect(await headingOf('HCHDG,101.1,,,,')).toEqual({ degrees: 101.1, reference: 'magnetic', from: 'HC' })
  })

  test('HDG adds deviation and variation, east positive, and goes round at north', async () => {
    expect(await headingOf('HCHDG,100.0,2.0,E,3.5,W')).toMatchObject({ degrees: 98.5, reference: 'true' })
    expect(await headingOf('HCHDG,100.0,2.0,W,,')).toMatchObject({ degrees: 98, reference: 'magnetic' })
    expect(await headingOf('HCHDG,359.0,,,3.0,E')).toMatchObject({ degrees: 2, reference: 'true' })
    expect(await headingOf('HCHDG,1.0,,,3.0,W')).toMatchObject({ degrees: 358 })
    expect(await headingOf('HCHDM,360.0,M')).toMatchObject({ degrees: 0 })
  })

  test('the wanted reference leaves the others out, and HDG then gives what was asked', async () => {
    expect(await headingOf('HCHDM,10,M', { reference: 'true' })).toBe('ignored')
    expect(await headingOf('HCHDG,10,,,3,E', { reference: 'magnetic' })).toMatchObject({ degrees: 10 })
    expect(await headingOf('HCHDG,10,,,,', { reference: 'true' })).toBe('ignored')
  })

  test('other sentences and empty headings are ignored; a wrong value is bad', async () => {
    expect(await headingOf('GPGSA,A,3,17')).toBe('ignored')
    expect(await headingOf('PTNTHTM,14223,N')).toBe('ignored')
    expect(await headingOf('HCHDM,,M')).toBe('ignored')
    for (const wrong of [
      'HCHDM,1e2,M',
      'HCHDM,361,M',
      'HCHDM,-1,M',
      'HCHDM,10,T',
      'HCHDG,10,2,X,,',
      'HCHDG,1,9999,E,,',
    ])
      expect(await headingOf(wrong)).toBe('value')
  })

  test('the type of its readings is a heading', () => {
    expectTypeOf(nmea.heading(new FakePort())).toEqualTypeOf<SensorSpec<Heading>>()
  })
})

test('nmea.sentences gives all of them, or those of the wanted types, and counts bad ones', async () => {
  const { port, seen } = await listen((on) => nmea.sentences(on, { types: ['HDM'] }))
  port.feed(sentence('APHDM,180,M') + sentence('APROT,1,A') + sentence('APHDM,180,M').replace('180', '181'))
  expect(seen.values.map((value) => value.type)).toEqual(['HDM'])
  expect([seen.ignored, seen.bad]).toEqual([1, ['checksum']])
})

describe('lines', () => {
  test('are text, without the empty ones', async () => {
    const { port, seen } = await listen((on) => lines(on))
    expectTypeOf(seen.values).toEqualTypeOf<string[]>()
    port.feed('a\r\n\r\nb\n')
    expect([seen.values, seen.ignored]).toEqual([['a', 'b'], 1])
  })

  test('are parsed as JSON and checked by a schema; what fails is counted and the next is found', async () => {
    const { port, seen } = await listen((on) => lines(on, { schema: z.object({ t: z.number() }) }))
    expectTypeOf(seen.values).toEqualTypeOf<{ t: number }[]>()
    port.feed('{"t":1}\n{"t":\n{"t":"x"}\nnull\n{"t":2}\n')
    expect(seen.values).toEqual([{ t: 1 }, { t: 2 }])
    expect(seen.bad).toEqual(['parse', 'schema', 'schema'])
  })

  test('are parsed by a function that may throw, alone or before a schema', async () => {
    const parse = (line: string): number => {
      if (line === 'boom') throw new Error('boom')
      return Number(line)
    }
    const alone = await listen((on) => lines(on, { parse }))
    expectTypeOf(alone.seen.values).toEqualTypeOf<number[]>()
    alone.port.feed('1\nboom\n2\n')
    expect([alone.seen.values, alone.seen.bad]).toEqual([[1, 2], ['parse']])
    const checked = await listen((on) => lines(on, { parse, schema: z.number().min(2) }))
    checked.port.feed('1\nboom\n2\n')
    expect([checked.seen.values, checked.seen.bad]).toEqual([[2], ['schema', 'parse']])
  })

  test('a schema that throws or turns out asynchronous costs only that line', async () => {
    const odd = (result: () => never | Promise<never>) =>
      ({
        '~standard': { version: 1, vendor: 'test', validate: (v: unknown) => (v === 7 ? result() : { value: v }) },
      }) as const
    const fail = (): never => {
      throw new Error('boom')
    }
    const boom = await listen((on) => lines(on, { schema: odd(fail) }))
    boom.port.feed('7\n8\n')
    expect([boom.seen.values, boom.seen.bad]).toEqual([[8], ['schema']])
    const late = await listen((on) => lines(on, { schema: odd(() => Promise.reject(new Error('late'))) }))
    late.port.feed('7\n8\n')
    expect([late.seen.values, late.seen.bad]).toEqual([[8], ['schema_async']])
  })

  test('a schema that is asynchronous from the start is refused', () => {
    const asynchronous = {
      '~standard': { version: 1, vendor: 'test', validate: (v: unknown) => Promise.resolve({ value: v }) },
    } as const
    expect(() => lines(new FakePort(), { schema: asynchronous })).toThrow(TendonError)
  })
})

describe('framedSensor', () => {
  test('withPort is the same sensor behind another port', async () => {
    const [first, second] = [new FakePort(), new FakePort('other')]
    const spec = nmea.heading(first, { maxAge: 0.5 })
    const moved = spec.withPort(second)
    expect([moved.kind, moved.maxAge, moved.port, spec.port]).toEqual(['nmea', 0.5, second, first])
    const { seen, port } = await listen(() => moved)
    second.feed(sentence('APHDM,180,M'))
    expect([seen.values.length, second.opened, first.opened, port.opened]).toEqual([1, 1, 0, 0])
  })

  test('a map that throws costs one frame; a lost port is passed on; closing closes the port', async () => {
    const map = (text: string): { value: string } => {
      if (text === 'boom') throw new Error('boom')
      return { value: text }
    }
    const { port, seen, connection } = await listen((on) => framedSensor(on, lineFraming(), map))
    port.feed('a\nboom\nb\n')
    expect([seen.values, seen.bad]).toEqual([['a', 'b'], ['map']])
    port.lose({ code: 'TEST_LOST' } as Problem)
    expect(seen.lost).toHaveLength(1)
    await connection.close()
    expect(port.closed).toBe(1)
  })

  test('each opening starts with an empty decoder', async () => {
    const port = new FakePort()
    const spec = lines(port)
    const open = () => listen(() => spec)
    const first = await open()
    port.feed('half a li')
    await first.connection.close()
    const second = await open()
    port.feed('ne\n')
    expect([first.seen.values, second.seen.values]).toEqual([[], ['ne']])
  })
})
