import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nmeaChecksum, nmeaFraming } from '../../src/framing/nmea.ts'
import { bytes, chunked, decode, join } from './decode.ts'

const GOOD = '$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47'
const OTHER = '$APHDM,218.634,M*39'
const line = (text: string): string => `${text}\r\n`
const sentence = (text: string): string => `$${text}*${nmeaChecksum(text)}`
const read = (...chunks: (Uint8Array | string)[]) => {
  const { frames, bad } = decode(nmeaFraming(), chunks)
  return { texts: frames.map((frame) => frame.text), bad }
}

describe('a good sentence', () => {
  test('is taken apart into talker, type and fields', () => {
    const [frame] = decode(nmeaFraming(), [line(OTHER)]).frames
    expect(frame).toEqual({ start: '$', talker: 'AP', type: 'HDM', fields: ['218.634', 'M'], text: OTHER })
  })

  test('of a maker has the talker P and the rest as its type', () => {
    const [frame] = decode(nmeaFraming(), ['$PTNTHTM,14223,N,169,N,-43,N,13641,2454*15']).frames
    expect(frame).toMatchObject({ talker: 'P', type: 'TNTHTM' })
  })

  test('starts with ! as well, may have lower-case digits, and needs no line end', () => {
    const ais = 'AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0'
    const text = `!${ais}*${nmeaChecksum(ais).toLowerCase()}`
    expect(read(text)).toEqual({ texts: [text], bad: {} })
    expect(decode(nmeaFraming(), [text]).frames[0]?.start).toBe('!')
  })

  test('may be longer than the 82 characters of the standard, up to the cap', () => {
    const at = (length: number): string => sentence(`GPTXT,${'x'.repeat(length - 10)}`)
    expect(at(120)).toHaveLength(120)
    expect(read(line(at(120)))).toEqual({ texts: [at(120)], bad: {} })
    expect(read(line(at(121)), line(OTHER))).toEqual({ texts: [OTHER], bad: { length: 1 } })
    expect(decode(nmeaFraming({ maxLength: 200 }), [at(121)]).frames).toHaveLength(1)
  })
})

describe('damage is counted once, and the next good sentence is found', () => {
  test.each<[string, string, Record<string, number>]>([
    ['a changed digit', line(OTHER.replace('218', '219')), { checksum: 1 }],
    ['a wrong checksum', line(OTHER.replace('*39', '*38')), { checksum: 1 }],
    ['a wrong first digit of the checksum', line(OTHER.replace('*39', '*49')), { checksum: 1 }],
    ['a letter in the checksum that is none', line(OTHER.replace('*39', '*3G')), { checksum: 1 }],
    ['no checksum', line('$APHDM,218.634,M'), { checksum: 1 }],
    ['half a checksum', line('$APHDM,218.634,M*3'), { checksum: 1 }],
    ['a line that a new sentence cuts off', '$APHDM,218.6', { checksum: 1 }],
    ['a lone start', line('$'), { checksum: 1 }],
    ['a line whose start is missing', line('634,M*39'), { noise: 1 }],
    ['binary noise', '\0\u0001\u007f', { noise: 1 }],
    ['noise on two lines', 'abc\r\ndef\r\n', { noise: 2 }],
    ['noise behind a good checksum', `${OTHER}abc\r\n`, { noise: 1 }],
    ['a sentence without an end', `$GPTXT,${'x'.repeat(5000)}`, { length: 1 }],
    ['a control byte in a sentence', line(OTHER.replace('.', '\u0001')), { checksum: 1 }],
    ['an empty sentence with a right checksum', line('$*00'), { noise: 1 }],
    ['a right checksum of text that is no sentence', line(sentence('a,b')), { noise: 1 }],
    ['a right checksum of binary text', line(sentence('APHDM,\u0002')), { noise: 1 }],
    ['empty lines', '\r\n\n\r\r\n', {}],
  ])('%s', (_, garbage, bad) => {
    const before = garbage.startsWith(OTHER) ? [OTHER] : []
    expect(read(line(GOOD), garbage, line(GOOD))).toEqual({ texts: [GOOD, ...before, GOOD], bad })
  })

  test('bytes over 0x7f inside a sentence make it a bad one', () => {
    const text = bytes(OTHER)
    text[8] = 0xb1
    expect(read(text, '\r\n', line(GOOD))).toEqual({ texts: [GOOD], bad: { checksum: 1 } })
  })
})

describe('comments', () => {
  test.each(['# Name: GlobalSat\n', '#\n', '# Note: Use of $AP prefix\n', '## x\r\n', '#\tü!\n'])(
    '%j is ignored',
    (text) => {
      expect(read(text, line(GOOD), text)).toEqual({ texts: [GOOD], bad: {} })
    },
  )

  test('a sentence that is commented out is not delivered', () => {
    expect(read(`# ${OTHER}\n`, line(GOOD))).toEqual({ texts: [GOOD], bad: {} })
  })

  test('a # that opens no comment is noise and hides no sentence', () => {
    expect(read(`#${OTHER}\n`, line(GOOD))).toEqual({ texts: [OTHER, GOOD], bad: { noise: 1 } })
    expect(read(`x# ${OTHER}\n`)).toEqual({ texts: [OTHER], bad: { noise: 1 } })
    expect(read(`# \0${OTHER}\n`)).toEqual({ texts: [OTHER], bad: { noise: 1 } })
  })
})

describe('whatever comes in', () => {
  const start = fc.constantFrom(...bytes('$!*#\r\n ,0'))
  const garbage = fc.array(fc.oneof(start, fc.integer({ min: 0, max: 255 })), { maxLength: 400 })

  test('nothing throws, and the next good sentence is found', () => {
    fc.assert(
      fc.property(garbage, (noise) => {
        // Only a comment hides what follows it, up to its line end.
        const open = /(^|[\r\n])#[ \t#][^\r\n]*$/.test(String.fromCharCode(...noise))
        const input = [Uint8Array.from(noise), open ? '\n' : '', GOOD, OTHER]
        expect(read(...input).texts.slice(-2)).toEqual([GOOD, OTHER])
      }),
      { numRuns: 2000 },
    )
  })

  test('any chunking gives the same frames and the same counts in the same order', () => {
    fc.assert(
      fc.property(garbage, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (noise, sizes) => {
        const input = join([Uint8Array.from(noise), bytes(GOOD), Uint8Array.from(noise)])
        expect(decode(nmeaFraming(), chunked(input, sizes))).toEqual(decode(nmeaFraming(), [input]))
      }),
      { numRuns: 500 },
    )
  })

  test('a sentence with a wrong checksum is never accepted', () => {
    const wrong = fc.tuple(fc.integer({ min: 1, max: OTHER.length - 4 }), fc.integer({ min: 1, max: 255 }))
    fc.assert(
      fc.property(wrong, ([at, flip]) => {
        const text = bytes(OTHER)
        text[at] = (text[at] ?? 0) ^ flip
        for (const frame of decode(nmeaFraming(), [text]).frames) {
          const body = frame.text.slice(1, -3)
          expect(frame.text.slice(-2)).toBe(nmeaChecksum(body))
        }
        expect(read(text, '\r\n', line(GOOD)).texts).toContain(GOOD)
      }),
      { numRuns: 1000 },
    )
  })
})

test('a cap that bounds nothing is refused', () => {
  for (const maxLength of [0, -1, 1.5, Number.NaN, Infinity])
    expect(() => nmeaFraming({ maxLength })).toThrow(/TENDON_ARGUMENT_INVALID/)
})
