import { describe, expect, test } from 'vitest'
import type { Will } from '../../src/guard/contract.ts'
import { carryOut, type WillTools } from '../../src/guard/last-will.ts'

const HALT = Uint8Array.of(0xff, 1, 2, 3)
const OFF = Uint8Array.of(0xff, 9)
const will: Will = { halt: HALT, off: OFF, offAfter: 2, repeat: 3, gap: 0.005 }

const fault = (code: string): Error => Object.assign(new Error(code), { code })

/** A line that takes what `takes` says, and time that passes only while somebody sleeps. */
function line(takes: (bytes: Uint8Array, at: number) => number = (bytes) => bytes.length) {
  const written: { readonly at: number; readonly hex: string }[] = []
  const acts: string[] = []
  let at = 0
  const tools: WillTools = {
    write(bytes) {
      const taken = takes(bytes, at)
      acts.push('write')
      written.push({ at, hex: Buffer.from(bytes.subarray(0, taken)).toString('hex') })
      return taken
    },
    sleep(seconds) {
      at += seconds
    },
    silence: () => void acts.push('silence'),
    isGone: () => true,
  }
  return { tools, written, acts, at: () => at }
}

describe('carrying out a will', () => {
  test('silences the program before the first byte', () => {
    const { tools, acts } = line()
    carryOut(will, tools, () => {})
    expect(acts.slice(0, 2)).toEqual(['silence', 'write'])
    expect(acts.filter((act) => act === 'silence')).toHaveLength(1)
  })

  test('writes the halt frame three times with gaps, and after the cap the off frame three times', () => {
    const { tools, written } = line()
    const report = carryOut(will, tools, () => {})
    expect(written.map(({ hex }) => hex)).toEqual(['ff010203', 'ff010203', 'ff010203', 'ff09', 'ff09', 'ff09'])
    const [first = 0, second = 0, third = 0, off = 0] = written.map(({ at }) => at)
    expect(first).toBeLessThanOrEqual(0.001)
    expect([second - first, third - second]).toEqual([0.005, 0.005].map((gap) => expect.closeTo(gap, 9)))
    expect(off - third).toBeGreaterThanOrEqual(2)
    expect(report).toEqual({
      gone: true,
      wrote: [
        { frame: 'halt', bytes: 'ff010203', copies: 3 },
        { frame: 'off', bytes: 'ff09', copies: 3 },
      ],
    })
  })

  test('where one frame does everything it waits for nothing after it', () => {
    const { tools, at } = line()
    const report = carryOut({ ...will, off: undefined }, tools, () => {})
    expect(report.wrote).toHaveLength(1)
    expect(at()).toBeLessThan(0.02)
  })

  test('tells of the first half before the cap, should somebody end the guard meanwhile', () => {
    const { tools, at } = line()
    const told: [number, unknown][] = []
    carryOut(will, tools, ({ wrote }) => told.push([at(), wrote]))
    expect(told).toEqual([[expect.any(Number), [{ frame: 'halt', bytes: 'ff010203', copies: 3 }]]])
    expect(told[0]?.[0]).toBeLessThan(1)
  })

  test('a port that takes a byte at a time gets each frame whole', () => {
    const { tools, written } = line(() => 1)
    const report = carryOut({ ...will, off: undefined }, tools, () => {})
    expect(written.map(({ hex }) => hex).join('')).toBe('ff010203'.repeat(3))
    expect(report.wrote[0]?.copies).toBe(3)
  })

  test('a port that is full for a moment is tried again until it takes the frame', () => {
    const { tools, written } = line((bytes, at) => {
      if (at < 0.03) throw fault('EAGAIN')
      return bytes.length
    })
    const report = carryOut({ ...will, off: undefined }, tools, () => {})
    expect(report.wrote[0]).toMatchObject({ copies: 3 })
    expect(written).toHaveLength(3)
  })

  test('a port that stays full is given up, within a bound, and said', () => {
    const { tools, at } = line(() => {
      throw fault('EAGAIN')
    })
    const report = carryOut({ ...will, off: undefined }, tools, () => {})
    expect(report.wrote).toEqual([{ frame: 'halt', bytes: 'ff010203', copies: 0, trouble: 'EAGAIN' }])
    expect(at()).toBeLessThan(0.2)
  })

  test('a port that is gone is said, and the off frame is tried all the same', () => {
    const { tools } = line(() => {
      throw fault('EIO')
    })
    const troubles = carryOut(will, tools, () => {}).wrote.map(({ frame, trouble }) => [frame, trouble])
    expect(troubles).toEqual([
      ['halt', 'EIO'],
      ['off', 'EIO'],
    ])
  })
})
