import { allProblems, explain } from 'tendon/problems'
import { expect, it } from 'vitest'

it.each(Object.keys(allProblems))('%s reads as it did', (code) => {
  const found = explain(code)
  expect(
    [
      `${found?.severity}, ${found?.meaning}`,
      `what: ${found?.what}`,
      `why:  ${found?.why}`,
      `fix:  ${found?.fix}`,
      `facts: ${found?.facts.join(', ')}`,
    ].join('\n'),
  ).toMatchSnapshot()
})
