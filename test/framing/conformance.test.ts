import { describe, expect, test } from 'vitest'
import { catalogue } from './catalogue.ts'

describe.each(Object.entries(catalogue))('%s', (_, entry) => {
  // Where silences end frames, each frame takes a turn of the clock.
  const checks = entry.conformance(entry.gap === undefined ? 60_000 : 10_000)
  test.each(checks.map(({ name, run }) => [name, run] as const))('%s', { timeout: 60_000 }, (_name, run) => run())
})

test('every kind of framing that is exported goes through the suite', () => {
  const kinds = new Set(Object.values(catalogue).map(({ framing }) => framing.kind))
  expect([...kinds].sort()).toEqual(['cobs', 'fixedLength', 'jsonLines', 'lines', 'modbus', 'nmea', 'slip'])
})
