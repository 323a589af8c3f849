import { TendonError } from 'tendon'
import { describe, expect, it } from 'vitest'
import { goalFrom } from '../../src/cli/goal-words.ts'
import { quantityIn } from '../../src/cli/quantity.ts'

describe('a number with a unit', () => {
  it.each([
    ['30deg', Math.PI / 6],
    ['-1.5rad', -1.5],
    ['90 deg', Math.PI / 2],
    ['180deg/s', Math.PI],
    ['500ms', 0.5],
    ['2min', 120],
    ['12cm', 0.12],
    ['7mm', 0.007],
    ['70%', 0.7],
    ['1e3ms', 1],
    ['.5m', 0.5],
  ])('%s is %f in SI', (text, value) => {
    const read = quantityIn(text)
    expect(read && 'value' in read && read.value).toBeCloseTo(value, 12)
  })

  it.each(['', 'deg', 'abc', '1.2.3', '0x10', '--5', 'Infinity', 'NaN'])('%j is none', (text) => {
    expect(quantityIn(text)).toBeUndefined()
  })

  it('is SI where no unit is written', () => {
    expect(quantityIn('0.4')).toEqual({ value: 0.4 })
  })
})

describe('a goal of the command line', () => {
  const problemIn = (words: readonly string[], json?: string) => {
    try {
      goalFrom('moveTo', words, json)
    } catch (error) {
      return error instanceof TendonError ? error.problem : undefined
    }
    return undefined
  }

  it('is made of key=value: SI values, which unit each was written in, and which had none', () => {
    const { goal, units, bare } = goalFrom('moveTo', ['pan=180deg', 'lift=0.4', 'name=home', 'slow=true'], undefined)
    expect({ ...(goal as object) }).toEqual({ pan: Math.PI, lift: 0.4, name: 'home', slow: true })
    expect([units, bare]).toEqual([{ pan: 'deg' }, ['lift']])
  })

  it('puts what has dots into objects, and reads JSON values', () => {
    const { goal } = goalFrom('moveTo', ['pose.x=10cm', 'pose.y=2m', 'way=[1,2]', 'text="30deg"'], undefined)
    expect(JSON.parse(JSON.stringify(goal))).toEqual({ pose: { x: 0.1, y: 2 }, way: [1, 2], text: '30deg' })
  })

  it('is what --goal says, and nothing when nothing was said', () => {
    expect(goalFrom('grip', [], '{"opening":0.5}').goal).toEqual({ opening: 0.5 })
    expect(goalFrom('home', [], undefined).goal).toBeUndefined()
  })

  it('tells all that is wrong with it at once', () => {
    const found = problemIn(['pan=30dge', '45deg', 'lift=[1', 'pan=1', 'lift=2', 'lift=3', '=4', 'a..b=1'])
    expect(found?.code).toBe('TENDON_CONTROL_GOAL')
    expect(found?.facts.issues).toEqual([
      { path: ['pan'], message: 'has no unit dge; did you mean deg?' },
      { path: [], message: "'45deg' is not key=value" },
      { path: ['lift'], message: expect.stringContaining('is no JSON') },
      { path: ['lift'], message: 'was given twice' },
      { path: [], message: "'=4' is not key=value" },
      { path: [], message: "'a..b=1' is not key=value" },
    ])
  })

  it('is refused when it is no JSON, and when it was given both ways', () => {
    expect(problemIn([], '{opening}')?.what).toContain('is no JSON')
    expect(problemIn(['opening=1'], '{}')?.what).toContain('given twice')
  })

  it('keeps a key like __proto__ a key', () => {
    const { goal } = goalFrom('moveTo', ['__proto__.polluted=1'], undefined)
    expect(JSON.stringify(goal)).toBe('{"__proto__":{"polluted":1}}')
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })
})
