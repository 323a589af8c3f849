import { readFileSync, writeFileSync } from 'node:fs'
import { allProblems, explanationMarkdown } from 'tendon/problems'

// `npm run docs:errors`: the page of all error codes, from their catalogues. A test compares the two.
writeFileSync(new URL('../reference/errors.md', import.meta.url), explanationMarkdown())

// Codes are only ever added to the list of those that people may rely on: one that goes, or changes its name, stays in
// it and fails a test.
const list = new URL('../../test/problems/published-codes.txt', import.meta.url)
const published = readFileSync(list, 'utf8').trim().split('\n')
writeFileSync(list, `${[...new Set([...published, ...Object.keys(allProblems)])].sort().join('\n')}\n`)
