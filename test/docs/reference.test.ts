import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { referencePages } from '../../docs/generator/pages.ts'
import { root } from './blocks.ts'

it.each(referencePages())('%s is what the source says (npm run docs:reference)', async (path, text) => {
  expect(await readFile(join(root, path), 'utf8')).toBe(text)
})
