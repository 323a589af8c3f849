import { describe, expect, it } from 'vitest'
import { blocksOf, pages } from '../blocks.ts'
import { PageRun } from './page-run.ts'

const runnable = pages().filter((page) => page.blocks.some((block) => ['ts', 'sh'].includes(block.language)))

describe('whoever does what a page says', () => {
  it.each(runnable.map((page) => [page.path, page] as const))('%s: gets what it shows', async (_, page) => {
    const run = await PageRun.of(page)
    try {
      await run.run()
    } finally {
      await run.close()
    }
  })
})

describe('the run of a page', () => {
  const runOf = async (markdown: string): Promise<void> => {
    const run = await PageRun.of({ path: 'docs/of-a-test.md', blocks: blocksOf(markdown) })
    try {
      await run.run()
    } finally {
      await run.close()
    }
  }

  it('fails when a program prints something else', async () => {
    const page = (shown: string): string => `\`\`\`ts\nconsole.log('one 1 two')\n\`\`\`\n\`\`\`text\n${shown}\n\`\`\`\n`
    await runOf(page('one … two'))
    await expect(runOf(page('one … three'))).rejects.toThrow('did not print')
  })

  it('fails when a command ends with another code', async () => {
    await runOf('```sh exit=3\nexit 3\n```\n')
    await expect(runOf('```sh\nexit 3\n```\n')).rejects.toThrow('ended with 3')
  })

  it('runs files together that a page has written before', async () => {
    await runOf(
      '```ts file=a.ts\nexport const a = 1\n```\n```ts\nimport { a } from "./a.ts"\nif (a !== 1) throw a\n```\n',
    )
  })

  it('waits until a program in the background is up, and ends it', async () => {
    await runOf('```sh background until=up\necho up; sleep 100\n```\n```sh\ntrue\n```\n')
    await expect(runOf('```sh background until=up\necho down\n```\n')).rejects.toThrow('before it printed')
  })
})
