import { type ExportedDeclarations, Node, type Project } from 'ts-morph'
import { cell, code, docOf, type Entry, entriesOf, exportsOf, flat } from './source.ts'

/** Types longer than this are better read in the source. */
const LONGEST = 220

/** `docs/reference/api.md`: everything that can be imported, from the comments in the source. */
export function apiPage(project: Project): string {
  const sections = entriesOf(project).map((entry) => sectionOf(entry))
  return `${HEAD}\n${sections.join('\n')}`
}

const HEAD = `# The API

Everything that can be imported, entry by entry. Made from the comments in the source by \`npm run docs:reference\`; a test
compares the two. What a definition may say is in [definition.md](definition.md), the events in [events.md](events.md), the
errors in [errors.md](errors.md).
`

function sectionOf(entry: Entry): string {
  const intro = entry.file.getFullText().match(/^\/\*\* (.*?) \*\//s)?.[1] ?? ''
  const names = exportsOf(entry).map(([name, declarations]) => itemOf(name, declarations))
  return `## \`${entry.name}\`\n\n${intro ? `${flat(intro).replace(/^`[^`]+`: /, '')}\n\n` : ''}${names.join('\n')}`
}

function itemOf(name: string, declarations: readonly ExportedDeclarations[]): string {
  const [first] = declarations
  const doc = declarations.map(docOf).find((text) => text !== '') ?? ''
  const shapes = declarations.map((declaration) => shapeOf(name, declaration)).filter((shape) => shape !== '')
  const members = first ? membersTable(first) : ''
  const parts = [`### \`${name}\``, shapes.map(code).join('  \n'), doc, members]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

/** A declaration without its body. */
function shapeOf(name: string, declaration: Node): string {
  if (Node.isFunctionDeclaration(declaration)) {
    // Where there are overloads, the implementation is not what callers see.
    if (declaration.getOverloads().length > 0) return ''
    return short(`${name}${parametersOf(declaration)}: ${declaration.getReturnTypeNode()?.getText() ?? 'void'}`)
  }
  if (Node.isClassDeclaration(declaration)) return `class ${name}`
  if (Node.isInterfaceDeclaration(declaration))
    return `interface ${declaration.getText().slice(declaration.getText().indexOf(name)).split('{')[0]?.trim()}`
  if (Node.isTypeAliasDeclaration(declaration)) return short(declaration.getText().replace(/^export /, ''))
  if (Node.isVariableDeclaration(declaration)) {
    const initializer = declaration.getInitializer()
    if (initializer && Node.isArrowFunction(initializer))
      return short(`${name}${parametersOf(initializer)}: ${initializer.getReturnTypeNode()?.getText() ?? 'void'}`)
    const type = declaration.getTypeNode()?.getText()
    return type ? short(`const ${name}: ${type}`) : `const ${name}`
  }
  return ''
}

function parametersOf(callable: { getParameters(): Node[]; getTypeParameters(): Node[] }): string {
  const generics = callable.getTypeParameters().map((parameter) => parameter.getText())
  const parameters = callable.getParameters().map((parameter) => parameter.getText())
  return `${generics.length > 0 ? `<${generics.join(', ')}>` : ''}(${parameters.join(', ')})`
}

const short = (text: string): string => (flat(text).length <= LONGEST ? text : '')

function membersTable(declaration: Node): string {
  const rows = membersIn(declaration).map(([shape, doc]) => `| ${code(shape).replaceAll('|', '\\|')} | ${cell(doc)} |`)
  return rows.length === 0 ? '' : ['| member | meaning |', '|---|---|', ...rows].join('\n')
}

function membersIn(declaration: Node): [shape: string, doc: string][] {
  if (Node.isInterfaceDeclaration(declaration))
    return declaration
      .getMembers()
      .map((member) => [withoutDoc(member.getText()).replace(/^readonly /, ''), docOf(member)])
  if (Node.isClassDeclaration(declaration))
    return declaration
      .getMembers()
      .filter(
        (member) =>
          (Node.isMethodDeclaration(member) ||
            Node.isGetAccessorDeclaration(member) ||
            Node.isPropertyDeclaration(member)) &&
          !member.getName().startsWith('#') &&
          !member.getName().startsWith('[') &&
          !/^(private|protected|static)\b/.test(member.getText()),
      )
      .map((member) => [withoutDoc(member.getText()).split(/ \{\n| = | \{ return/)[0] ?? '', docOf(member)])
  return []
}

const withoutDoc = (text: string): string => text.replace(/^\/\*\*.*?\*\/\s*/s, '')
