import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ExportedDeclarations, type JSDocableNode, Node, Project, type SourceFile } from 'ts-morph'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** An entry of the package, as `exports` of package.json names it: `tendon/sim`. */
export interface Entry {
  readonly name: string
  readonly file: SourceFile
}

/** The sources as the compiler sees them; `tsconfig.json` says how modules are found. */
export function openProject(): Project {
  const project = new Project({ tsConfigFilePath: join(root, 'tsconfig.json'), skipAddingFilesFromTsConfig: true })
  project.addSourceFilesAtPaths(join(root, 'src/**/*.ts'))
  return project
}

/** Every entry of the package that is code. */
export function entriesOf(project: Project): Entry[] {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { 'tendon-source': string }>
  }
  return Object.entries(exports).flatMap(([path, target]) => {
    if (typeof target === 'string') return []
    const file = project.getSourceFile(join(root, target['tendon-source']))
    return file ? [{ name: path === '.' ? 'tendon' : `tendon${path.slice(1)}`, file }] : []
  })
}

/** The documentation comment that stands before a declaration, as one text; empty where there is none. */
export function docOf(declaration: Node): string {
  const holder = Node.isVariableDeclaration(declaration) ? declaration.getVariableStatement() : declaration
  if (!holder || !('getJsDocs' in holder)) return ''
  const [doc] = (holder as unknown as JSDocableNode).getJsDocs().slice(-1)
  return flat(doc?.getDescription() ?? '')
}

/** One paragraph on one line, safe inside a table. */
export const flat = (text: string): string => text.trim().replaceAll(/\s*\n\s*/g, ' ')
export const cell = (text: string): string => flat(text).replaceAll('|', '\\|')
/** Code on one line. */
export const code = (text: string): string => `\`${flat(text)}\``

/** What is named by an entry, in the order of the alphabet, each once. */
export function exportsOf({ file }: Entry): [name: string, declarations: ExportedDeclarations[]][] {
  return [...file.getExportedDeclarations()].sort(([a], [b]) => a.localeCompare(b, 'en'))
}

/** The members of an interface in the order of the source, with those that it inherits from interfaces of ours. */
export function membersOf(project: Project, path: string, name: string): { key: string; type: string; doc: string }[] {
  const declaration = project.getSourceFileOrThrow(join(root, path)).getInterfaceOrThrow(name)
  const own = declaration.getMembers().flatMap((member) => {
    if (!Node.isPropertySignature(member) && !Node.isMethodSignature(member)) return []
    const key = `${member.getName()}${member.hasQuestionToken() ? '?' : ''}`
    const type = Node.isMethodSignature(member)
      ? `(${member.getParameters().map((parameter) => parameter.getText())}) => ${member.getReturnTypeNode()?.getText()}`
      : (member.getTypeNode()?.getText() ?? 'unknown')
    return [{ key, type: flat(type), doc: docOf(member) }]
  })
  const bases = declaration.getBaseDeclarations().filter((base) => Node.isInterfaceDeclaration(base))
  const inherited = bases.flatMap((base) =>
    base.getSourceFile().getFilePath().startsWith(join(root, 'src'))
      ? membersOf(project, base.getSourceFile().getFilePath().slice(root.length), base.getName() ?? '')
      : [],
  )
  return [...own, ...inherited]
}
