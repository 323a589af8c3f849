import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** One fenced block of a page, with what its info string says: ` ```ts file=robot.ts `. */
export interface Block {
  readonly language: string
  /** Words without a value: `background`, `compile`. */
  readonly words: readonly string[]
  /** Words with one: `file`, `exit`, `until`. */
  readonly values: Readonly<Record<string, string>>
  readonly text: string
  readonly line: number
}

export interface Page {
  /** From the root of the project: `docs/tutorials/1-move-a-simulated-arm.md`. */
  readonly path: string
  readonly blocks: readonly Block[]
}

/** Every page whose code must hold: those under `docs`, and those that stand beside the code. */
export function pages(): Page[] {
  const inDocs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name))
  const beside = ['README.md', 'CONTRIBUTING.md', ...readmesIn('robots')]
  return [...beside, ...inDocs]
    .sort()
    .map((path) => ({ path, blocks: blocksOf(readFileSync(join(root, path), 'utf8')) }))
}

const readmesIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('README.md'))
    .map((name) => join(folder, name))

/** The fenced blocks of a markdown text. Throws for a fence that does not end. */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = []
  let open: { info: string; line: number; fence: string; lines: string[] } | undefined
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = line.match(/^(`{3,})(.*)$/)
    if (open && line.startsWith(open.fence) && line.trim() === open.fence) {
      blocks.push(blockOf(open))
      open = undefined
    } else if (open) open.lines.push(line)
    else if (fence) open = { info: fence[2] ?? '', line: index + 1, fence: fence[1] ?? '', lines: [] }
  }
  if (open) throw new Error(`the block that begins at line ${open.line} does not end`)
  return blocks
}

function blockOf({ info, line, lines }: { info: string; line: number; lines: string[] }): Block {
  const [language = '', ...rest] = info.trim().match(/(?:[^\s"]|"[^"]*")+/g) ?? []
  const pairs = rest
    .filter((word) => word.includes('='))
    .map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1).replaceAll('"', '')] as const)
  return {
    language,
    words: rest.filter((word) => !word.includes('=')),
    values: Object.fromEntries(pairs),
    text: `${lines.join('\n')}\n`,
    line,
  }
}

/** A folder's name for a page: `docs-tutorials-1-move-a-simulated-arm`. */
export const nameOf = (page: Page): string => relative('.', page.path).replace(/\.md$/, '').replaceAll(/[/.]/g, '-')

/** What the file of a block of code is called in its page's folder. */
export const fileOf = (block: Block): string => block.values.file ?? `line-${block.line}.ts`

/** Blocks that become files: code, and data that names its file. */
export const isFile = (block: Block): boolean => block.language === 'ts' || block.values.file !== undefined
