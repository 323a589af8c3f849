import { readdirSync, readFileSync } from 'node:fs'
import { join as joinPath } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { nmea } from '../../src/framing/index.ts'
import { streamTo } from '../../src/sim/index.ts'
import { buffer } from '../../src/stream/overflow.ts'
import { Sensor } from '../../src/stream/sensor.ts'
import { openPty } from '../../src/transports/pty.ts'
import { serial } from '../../src/transports/serial.ts'
import { corrupt, damages } from './damage.ts'
import { bytes, join } from './decode.ts'

/*
 * The same path as on a robot: bytes at the pace of 4800 baud into a pty, the real serialport at its other end, the
 * sensor. The time that this takes is that of the wire; nothing is concluded from it.
 */
const BAUD_RATE = 4800
const folder = process.env.TENDON_RECORDINGS
const shortest = (path: string): string =>
  readdirSync(path)
    .filter((name) => name.endsWith('.log'))
    .map((name) => readFileSync(joinPath(path, name), 'latin1'))
    .reduce((least, text) => (text.length < least.length ? text : least))
const recording = shortest(folder ?? joinPath(import.meta.dirname, 'fixtures'))

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** What a sensor on a serial port made of these bytes. */
async function heard(input: Uint8Array) {
  const pty = await openPty()
  ends.push(() => pty.close())
  const spec = nmea.sentences(serial({ path: pty.path, baudRate: BAUD_RATE }))
  const sensor = new Sensor('compass', spec, { clock: systemClock }, { note() {}, lost() {} })
  ends.push(() => sensor.close())
  await sensor.open()
  const texts: string[] = []
  sensor.subscribe(({ value }) => texts.push(value.text), { overflow: buffer(1000) })
  await streamTo(pty.connection, input, { baudRate: BAUD_RATE, loop: false, clock: systemClock }).ended
  // A last sentence of our own says that everything before it has arrived.
  pty.connection.write(bytes('\r\n$TXEND*43\r\n'))
  while (texts.at(-1) !== '$TXEND*43') await sensor.next()
  return { texts: texts.slice(0, -1), bad: sensor.counts().bad }
}

describe('a recording through a serial port at 4800 baud', () => {
  test('arrives sentence by sentence, none bad', { timeout: 30_000 }, async () => {
    const rows = recording.split('\n').filter((row) => row !== '' && !row.startsWith('#'))
    const { texts, bad } = await heard(bytes(recording.replaceAll('\n', '\r\n')))
    expect(texts).toEqual(rows.map((row) => row.trimEnd()))
    expect(bad).toEqual({})
  })

  test('with flipped digits, cut lines and noise between is counted exactly, and nothing wrong is delivered', {
    timeout: 30_000,
  }, async () => {
    const [list = []] = fc.sample(damages, { seed: 4800, numRuns: 9 }).sort((a, b) => b.length - a.length)
    const { input, good, checksum, noise } = corrupt(recording, list)
    expect(checksum).toBeGreaterThan(0)
    expect(noise).toBeGreaterThan(0)
    const { texts, bad } = await heard(join(input))
    expect(texts).toEqual(good)
    expect({ checksum: 0, noise: 0, ...bad }).toEqual({ checksum, noise })
  })
})
