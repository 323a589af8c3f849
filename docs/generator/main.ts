// Writes the reference pages: npm run docs:reference
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { referencePages } from './pages.ts'
import { root } from './source.ts'

for (const [path, text] of referencePages()) {
  await writeFile(join(root, path), text)
  console.log(path)
}
