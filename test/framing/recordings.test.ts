import { readFileSync } from 'node:fs'
import { join as joinPath } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nmeaFraming } from '../../src/framing/nmea.ts'
import { corrupt, damages } from './damage.ts'
import { bytes, chunked, decode, join } from './decode.ts'

interface Recording {
  readonly name: string
  readonly path: string
  readonly sentences: number
}

const own: Recording = {
  name: 'compass.log (self-made)',
  path: joinPath(import.meta.dirname, 'fixtures/compass.log'),
  sentences: 35,
}
const folder = process.env.TENDON_RECORDINGS
const real: Recording[] = folder
  ? [
      { name: 'nmea-bu353s4.log', sentences: 90 },
      { name: 'nmea-pypilot.log', sentences: 29 },
      { name: 'nmea-tnt-revolution.log', sentences: 60 },
    ].map((one) => ({ ...one, path: joinPath(folder, one.name) }))
  : []

describe.each([own, ...real])('$name', ({ path, sentences }) => {
  const recording = readFileSync(path, 'latin1')
  const rows = recording.split('\n').filter((row) => row !== '' && !row.startsWith('#'))

  test(`holds ${sentences} good sentences and no bad one`, () => {
    const { frames, bad } = decode(nmeaFraming(), [recording])
    expect(frames.map((frame) => frame.text)).toEqual(rows)
    expect(frames).toHaveLength(sentences)
    expect(bad).toEqual({})
  })

  test('any chunking gives the same sentences', () => {
    const whole = decode(nmeaFraming(), [recording])
    const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(sizes, (list) => {
        expect(decode(nmeaFraming(), chunked(bytes(recording), list))).toEqual(whole)
      }),
      { numRuns: 30 },
    )
  })

  test('a damaged copy is counted exactly and nothing wrong is delivered, however it is chunked', () => {
    fc.assert(
      fc.property(damages, fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), (list, sizes) => {
        const { input, good, checksum, noise } = corrupt(recording, list)
        const { frames, bad } = decode(nmeaFraming(), chunked(join(input), sizes))
        expect(frames.map((frame) => frame.text)).toEqual(good)
        expect({ checksum: 0, noise: 0, ...bad }).toEqual({ checksum, noise })
      }),
      { numRuns: 150 },
    )
  })
})
