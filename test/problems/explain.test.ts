import { readFileSync } from 'node:fs'
import { allProblems, explain, explanationMarkdown, nearCodes } from 'tendon/problems'
import { describe, expect, it } from 'vitest'
import { root } from './sources.ts'

describe('explain', () => {
  it('says what a code means, from the row that makes the error itself', () => {
    expect(explain('TENDON_LATCHED')).toMatchObject({
      code: 'TENDON_LATCHED',
      severity: 'error',
      power: 'unchanged',
      what: 'The robot was stopped by operator: a hand near the gripper.',
      fix: 'Look at the robot, then: robot.reset(); await robot.arm()',
      facts: ['by', 'reason'],
      area: 'Refused commands',
    })
  })

  it('tells somebody beside the robot to keep clear wherever power may still be on', () => {
    for (const code of Object.keys(allProblems))
      expect(explain(code)?.meaning.includes('keep clear'), code).toBe(allProblems[code]?.power === 'unknown')
  })

  it('takes a code as it is typed', () => {
    for (const text of ['latched', 'Tendon-Latched', ' TENDON_LATCHED '])
      expect(explain(text)?.code).toBe('TENDON_LATCHED')
  })

  it('knows no other names, and names those that are near', () => {
    for (const text of ['TENDON_LATCHT', 'toString', '', 'constructor']) expect(explain(text)).toBeUndefined()
    expect(nearCodes('TENDON_LATCHT')[0]).toBe('TENDON_LATCHED')
    expect(nearCodes('in_fualt')[0]).toBe('TENDON_IN_FAULT')
  })
})

describe('docs/reference/errors.md', () => {
  const page = readFileSync(`${root}docs/reference/errors.md`, 'utf8')

  it('is what the catalogues say (npm run docs:errors)', () => {
    expect(page).toBe(explanationMarkdown())
  })

  it('has a heading for every code, under the anchor that explain names', () => {
    const headings = [...page.matchAll(/^### (.*)$/gm)].map((match) => match[1] ?? '')
    expect(headings.toSorted()).toEqual(Object.keys(allProblems).sort())
    for (const code of headings) expect(explain(code)?.pageAnchor).toBe(code.toLowerCase())
  })
})
