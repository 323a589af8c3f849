import { describe, expect, it } from 'vitest'
import { isMatch, type Judgement, judgeNumber } from '../../src/rules/judge.ts'

const base = { sensor: 's', forAtLeast: 0, of: (x: number) => x }
const above = { ...base, kind: 'above', limit: 40, hysteresis: 5 } as const
const below = { ...base, kind: 'below', limit: 10, hysteresis: 2 } as const
const inside = { ...base, kind: 'inside', range: [0, 10], hysteresis: 1 } as const
const outside = { ...base, kind: 'outside', range: [0, 10], hysteresis: 1 } as const
const plain = { ...base, kind: 'above', limit: 40, hysteresis: 0 } as const

describe('a number', () => {
  it.each<[string, Parameters<typeof judgeNumber>[0], [number, Judgement][]]>([
    [
      'above 40, 5 back',
      above,
      [
        [40, 'neither'],
        [40.001, 'holds'],
        [Number.POSITIVE_INFINITY, 'holds'],
        [35.001, 'neither'],
        [35, 'over'],
        [Number.NEGATIVE_INFINITY, 'over'],
        [Number.NaN, 'neither'],
      ],
    ],
    [
      'above 40, without hysteresis',
      plain,
      [
        [40, 'over'],
        [40.001, 'holds'],
        [Number.NaN, 'neither'],
      ],
    ],
    [
      'below 10, 2 back',
      below,
      [
        [10, 'neither'],
        [9.999, 'holds'],
        [11.999, 'neither'],
        [12, 'over'],
        [Number.NaN, 'neither'],
      ],
    ],
    [
      'inside 0 to 10, 1 back',
      inside,
      [
        [0, 'holds'],
        [10, 'holds'],
        [-0.5, 'neither'],
        [11, 'neither'],
        [-1.001, 'over'],
        [11.001, 'over'],
        [Number.NaN, 'neither'],
      ],
    ],
    [
      'outside 0 to 10, 1 back',
      outside,
      [
        [0, 'neither'],
        [-0.001, 'holds'],
        [10.001, 'holds'],
        [0.999, 'neither'],
        [1, 'over'],
        [9, 'over'],
        [Number.NaN, 'neither'],
      ],
    ],
  ])('%s: each side of each edge', (_, condition, cells) => {
    expect(cells.map(([x]) => [x, judgeNumber(condition, x)])).toEqual(cells)
  })
})

describe('a pattern', () => {
  it.each<[string, unknown, unknown, boolean]>([
    ['a predicate that says yes', (x: number) => x > 1, 2, true],
    ['a predicate that says no', (x: number) => x > 1, 1, false],
    ['an equal value', 'stop', 'stop', true],
    ['another value', 'stop', 'stop ', false],
    ['equal fields, others are free', { open: true }, { open: true, lock: 'on' }, true],
    ['one field that differs', { open: true, lock: 'off' }, { open: true, lock: 'on' }, false],
    ['a field that is missing', { open: undefined }, null, false],
    ['fields of what has none', { length: 4 }, 'stop', false],
    ['an expression in a text', /st.p/, 'please stop', true],
    ['an expression in a number', /1/, 1, false],
  ])('%s', (_, pattern, value, is) => {
    expect(isMatch(pattern, value)).toBe(is)
  })

  it('that is a global expression finds the same text every time', () => {
    const pattern = /stop/g
    expect([isMatch(pattern, 'stop'), isMatch(pattern, 'stop')]).toEqual([true, true])
  })
})
