import { describe, expect, it } from 'vitest'
import { nearNames } from '../../src/base/problem.ts'

describe('near names', () => {
  it.each([
    ['quikc', ['quick', 'slow'], ['quick']],
    ['elbow_flx', ['elbow_flex', 'wrist_flex'], ['elbow_flex']],
    ['WAVE', ['wave', 'save'], ['wave', 'save']],
    ['teleport', ['wave', 'home'], []],
    ['x', [], []],
  ])('of %s among %j are %j', (name, known, near) => {
    expect(nearNames(name, known)).toEqual(near)
  })
})
