import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const readme = await readFile(join(root, 'README.md'), 'utf8')
const sample = readme.match(/```ts\n([\s\S]*?)```/)?.[1] ?? ''

describe('the README', () => {
  it('has one code sample, of at most 25 lines', () => {
    expect(readme.match(/```ts\n/g)).toHaveLength(1)
    expect(sample.trimEnd().split('\n').length).toBeLessThanOrEqual(25)
  })

  it('runs its sample: the move arrives, the stop confirms the servo off', { timeout: 30_000 }, async () => {
    // Inside the package, so that the sample imports what its readers import.
    const folder = await mkdtemp(join(root, 'test/docs/.sample-'))
    try {
      await writeFile(join(folder, 'sample.ts'), sample)
      const args = ['--conditions=tendon-source', '--import', 'tsx', join(folder, 'sample.ts')]
      const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root })
      expect(stdout).toMatch(/\d+ %\n/)
      expect(stdout).toMatch(/succeeded\npan: off\n$/)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('names for each promise tests that exist', async () => {
    const table = readme.match(/<!-- guarantees -->([\s\S]*?)<!-- \/guarantees -->/)?.[1] ?? ''
    const rows = table.split('\n').filter((line) => /^\| (P\d|[A-Z][a-z]{2})/.test(line))
    expect(rows.length).toBeGreaterThanOrEqual(20)
    const proofs = rows.flatMap((row) => [...row.matchAll(/`(test\/[^`]+|robots\/[^`]+)` "([^"]+)"/g)])
    expect(proofs.length).toBeGreaterThanOrEqual(rows.length)
    for (const [, file, title] of proofs) {
      const source = await readFile(join(root, file as string), 'utf8')
      expect(source, `${file} has no test "${title}"`).toContain(title as string)
    }
  })
})
