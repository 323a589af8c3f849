import { expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { jsonLines, type TwoWayFraming } from '../../src/framing/index.ts'
import { decode } from './decode.ts'

const framing = jsonLines({ schema: z.object({ t: z.number() }), maxLength: 20 })

test('each line is a value that the schema has checked, and its type is that of the schema', () => {
  expectTypeOf(framing).toEqualTypeOf<TwoWayFraming<{ t: number }>>()
  expectTypeOf(jsonLines()).toEqualTypeOf<TwoWayFraming<unknown>>()
  expect(decode(framing, ['{"t":1}\r\n\n{"t":2}\n'])).toMatchObject({ frames: [{ t: 1 }, { t: 2 }], bad: {} })
  expect(decode(jsonLines(), ['[1]\nnull\n"a"\n'])).toMatchObject({ frames: [[1], null, 'a'], bad: {} })
})

test('what is no JSON, no such value, or too long is counted apart, and the next line is found', () => {
  const { frames, bad } = decode(framing, ['{"t":\n{"t":"x"}\n', `{"t":${'1'.repeat(40)}}\n`, '{"t":3}\n'])
  expect([frames, bad]).toEqual([[{ t: 3 }], { parse: 1, schema: 1, length: 1 }])
})

test('values are written as lines; what JSON cannot hold, or is too long, is refused', () => {
  expect(new TextDecoder().decode(framing.encode({ t: 1.5 }))).toBe('{"t":1.5}\n')
  const loop: unknown[] = []
  loop.push(loop)
  for (const value of [undefined, () => 0, loop, 'x'.repeat(5000)])
    expect(() => jsonLines().encode(value)).toThrow(/TENDON_ARGUMENT_INVALID/)
})

test('a schema that is asynchronous from the start is refused', () => {
  const schema = {
    '~standard': { version: 1, vendor: 'test', validate: (v: unknown) => Promise.resolve({ value: v }) },
  }
  expect(() => jsonLines({ schema: schema as never })).toThrow(/TENDON_LINE_SCHEMA_ASYNC/)
})
