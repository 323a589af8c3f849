import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type LineOptions, lineFraming } from '../../src/framing/lines.ts'
import { bytes, chunked, decode } from './decode.ts'

const read = (options: LineOptions, ...chunks: (Uint8Array | string)[]) => {
  const { frames, bad } = decode(lineFraming(options), chunks)
  return { frames, bad }
}

test('LF and CR LF end a line, a lone CR does not, and an empty line is a line', () => {
  expect(read({}, 'a\nb\r\n\nc\rd\n\r\n').frames).toEqual(['a', 'b', '', 'c\rd', ''])
})

test('a last line without an end is not delivered', () => {
  expect(read({}, 'a\nb')).toEqual({ frames: ['a'], bad: {} })
})

test('a line at the cap is delivered, with either line end, and one byte more counts once as length', () => {
  expect(read({ maxLength: 4 }, 'abcd\nabcd\r\nabcde\nabcde\r\nabcd\rx\nok\n')).toEqual({
    frames: ['abcd', 'abcd', 'ok'],
    bad: { length: 3 },
  })
  expect(read({}, `${'x'.repeat(4096)}\n${'x'.repeat(4097)}\n`)).toMatchObject({ bad: { length: 1 } })
})

test('a device that never sends a line end counts once and the first line after it is found', () => {
  const decoder = lineFraming().create()
  const seen: string[] = []
  const emit = { frame: (text: string) => seen.push(text), bad: (reason: string) => seen.push(reason) }
  const chunk = new Uint8Array(65_536).fill(0x41)
  for (let i = 0; i < 200; i++) decoder.push(chunk, emit)
  decoder.push(bytes('\nok\n'), emit)
  expect(seen).toEqual(['length', 'ok'])
})

test('the rest of a line after opening is kept, dropped or counted, as asked', () => {
  expect(read({}, 'est\nline\n')).toEqual({ frames: ['est', 'line'], bad: {} })
  expect(read({ firstLine: 'drop' }, 'est\nline\n')).toEqual({ frames: ['line'], bad: {} })
  expect(read({ firstLine: 'count' }, 'est\nline\n')).toEqual({ frames: ['line'], bad: { partial: 1 } })
  expect(read({ firstLine: 'count', maxLength: 4 }, 'too long\nline\n')).toEqual({
    frames: ['line'],
    bad: { partial: 1 },
  })
})

test('a byte order mark at the start of a line is removed', () => {
  expect(read({}, Uint8Array.of(0xef, 0xbb, 0xbf, 0x61, 0x0a), 'b\n').frames).toEqual(['a', 'b'])
})

test('bytes that are not of the encoding make the line bad, and only that line', () => {
  expect(read({}, 'ü\n', Uint8Array.of(0xff, 0x0a), 'b\n')).toEqual({ frames: ['ü', 'b'], bad: { encoding: 1 } })
  expect(read({ encoding: 'ascii' }, 'ü\n', 'b\n')).toEqual({ frames: ['b'], bad: { encoding: 1 } })
})

test('the largest cap works for text as long', () => {
  const text = 'x'.repeat(1_048_576)
  expect(read({ maxLength: 1_048_576, encoding: 'ascii' }, `${text}\n`).frames).toEqual([text])
  expect(() => lineFraming({ maxLength: Infinity })).toThrow(/TENDON_ARGUMENT_INVALID/)
})

test('any bytes in any chunking give the same lines and counts, and nothing throws', () => {
  const byte = fc.oneof(fc.constantFrom(0x0a, 0x0d, 0x61, 0xef, 0xbb, 0xbf), fc.integer({ min: 0, max: 255 }))
  const firstLine = fc.constantFrom('keep' as const, 'drop' as const, 'count' as const)
  const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 })
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 200 }), sizes, firstLine, (list, cuts, first) => {
      const framing = lineFraming({ maxLength: 5, firstLine: first })
      const input = Uint8Array.from(list)
      expect(decode(framing, chunked(input, cuts))).toEqual(decode(framing, [input]))
    }),
    { numRuns: 1000 },
  )
})
