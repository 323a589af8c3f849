import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { parse, verbNamed } from '../../src/cli/arguments.ts'
import { verbs } from '../../src/cli/verbs.ts'
import { blocksOf, fileOf, isFile, nameOf, type Page, pages, root } from './blocks.ts'

/** Inside the package, so that `from 'tendon'` means what its readers import. */
const place = join(root, '.tendon/docs-compiled')

const LANGUAGES = ['ts', 'sh', 'console', 'text', 'json', 'jsonl', 'ini', 'diff']

/** What a `console` block has somebody type who sits beside hardware, which no test has: `$ tendon scan`. */
const typed = (text: string): string[][] =>
  text
    .split('\n')
    .map((line) => /^\$ (?:npx )?tendon (.*)$/.exec(line)?.[1]?.replace(/\s+# .*$/, ''))
    .filter((words) => words !== undefined)
    .map((words) => words.trim().split(/\s+/))

/** The state of each file when the page ends: a later block of the same name replaces it, as a reader would. */
async function lay(page: Page, folder: string): Promise<string[]> {
  const written = new Set<string>()
  // What stands beside the page of a robot is the robot.
  const robot = join(root, dirname(page.path), 'robot.ts')
  await mkdir(folder, { recursive: true })
  if (existsSync(robot)) await writeFile(join(folder, 'robot.ts'), `export { default } from '${robot}'\n`)
  for (const block of page.blocks.filter(isFile)) {
    const file = join(folder, fileOf(block))
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, block.text)
    if (file.endsWith('.ts')) written.add(file)
  }
  return [...written]
}

describe('the pages', () => {
  const all = pages()

  it('are there, with code', () => {
    expect(all.length).toBeGreaterThan(5)
    expect(all.flatMap((page) => page.blocks).filter((block) => block.language === 'ts').length).toBeGreaterThan(5)
  })

  it.each(all.map((page) => [page.path, page] as const))('%s says of each block what it is', (_, page) => {
    for (const block of page.blocks) expect(LANGUAGES, `line ${block.line}`).toContain(block.language)
  })

  const shown = all.flatMap((page) =>
    page.blocks
      .filter((block) => block.language === 'console')
      .flatMap((block) =>
        typed(block.text).map((words) => [`${page.path}:${block.line}`, words.join(' '), words] as const),
      ),
  )

  it.each(shown)('%s: tendon %s is something that the command line takes', (_, __, [verb = '', ...words]) => {
    expect(parse(verbNamed(verb, verbs), words, verbs).kind).toBe('call')
  })

  it('have only code that compiles as strictly as ours', { timeout: 120_000 }, async () => {
    await rm(place, { recursive: true, force: true })
    const files: string[] = []
    for (const page of all) files.push(...(await lay(page, join(place, nameOf(page)))))
    const config = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
      files,
      include: [],
    }
    await writeFile(join(place, 'tsconfig.json'), JSON.stringify(config))
    const tsc = join(root, 'node_modules/.bin/tsc')
    const compiled = await promisify(execFile)(tsc, ['-p', join(place, 'tsconfig.json')]).catch((error) => error)
    expect(compiled.stdout, compiled.stderr).toBe('')
  })

  it('link only to files that exist', async () => {
    for (const page of all) {
      const text = await readFile(join(root, page.path), 'utf8')
      const links = [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)]*)?\)/g)].map(
        ([, target]) => target ?? '',
      )
      for (const link of links) {
        const target = join(root, dirname(page.path), link)
        await expect(
          readFile(target).catch((e) => (e.code === 'EISDIR' ? '' : Promise.reject(e))),
          `${page.path}: ${link}`,
        ).resolves.toBeDefined()
      }
    }
  })
})

describe('what cuts a page into blocks', () => {
  it('reads the language, the words and the values of a fence, and the text between', () => {
    const [first, second] = blocksOf('# x\n```ts file=a.ts compile\nlet a = 1\n```\n````text\n```\n````\n')
    expect(first).toEqual({
      language: 'ts',
      words: ['compile'],
      values: { file: 'a.ts' },
      text: 'let a = 1\n',
      line: 2,
    })
    expect(second?.text).toBe('```\n')
  })

  it('reads a value in quotes as one', () => {
    expect(blocksOf('```sh background until="is up"\nx\n```\n')[0]?.values).toEqual({ until: 'is up' })
  })

  it('refuses a fence that does not end', () => {
    expect(() => blocksOf('```ts\nlet a\n')).toThrow('line 1')
  })
})
