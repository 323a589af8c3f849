import { readFileSync } from 'node:fs'
import { allProblems } from 'tendon/problems'
import { describe, expect, it } from 'vitest'
import { declaredIn, root, sourcesIn, usedIn } from './sources.ts'

const source = sourcesIn('src', /\.ts$/)
const declared = source.flatMap(declaredIn)
const codes = Object.keys(allProblems)

describe('the table of all errors', () => {
  it('holds every code that a source file declares, and no other', () => {
    expect(codes.toSorted()).toEqual([...new Set(declared)].sort())
    expect(codes.length).toBeGreaterThan(80)
  })

  it('has no code twice', () => {
    expect(declared.filter((code, at) => declared.indexOf(code) !== at)).toEqual([])
  })

  it('holds every code that the source uses, and the source uses every code', () => {
    const used = new Set(source.filter((file) => declaredIn(file).length === 0).flatMap(usedIn))
    expect([...used].filter((code) => !Object.hasOwn(allProblems, code))).toEqual([])
    expect(codes.filter((code) => !used.has(code))).toEqual([])
  })

  it('holds every code that robots, examples and documentation name', () => {
    const pages = [
      ...sourcesIn('docs', /\.(md|ts)$/),
      ...sourcesIn('examples', /\.ts$/),
      ...sourcesIn('robots', /\.(md|ts)$/),
      { path: 'README.md', text: readFileSync(`${root}README.md`, 'utf8') },
    ]
    // Names of settings in the environment look like codes, and are none.
    const settings = source.flatMap(({ text }) =>
      [...text.matchAll(/\benv\.(TENDON_\w+)/g)].map((match) => match[1] ?? ''),
    )
    const unknown = pages.flatMap(({ path, text }) =>
      [...new Set(text.match(/\bTENDON_[A-Z0-9_]*[A-Z0-9](?!\w)/g))]
        .filter((name) => !Object.hasOwn(allProblems, name) && !settings.includes(name))
        .map((name) => `${path}: ${name}`),
    )
    expect(unknown).toEqual([])
  })

  it('still has every code that was ever published', () => {
    const published = readFileSync(new URL('published-codes.txt', import.meta.url), 'utf8')
      .trim()
      .split('\n')
    expect(published.filter((code) => !Object.hasOwn(allProblems, code))).toEqual([])
    // A code that is not in the list could be renamed unseen: write new ones into it.
    expect(codes.filter((code) => !published.includes(code))).toEqual([])
  })
})
