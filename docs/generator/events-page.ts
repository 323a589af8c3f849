import { join } from 'node:path'
import { Node, type Project } from 'ts-morph'
import { cell, flat, root } from './source.ts'

/** `docs/reference/events.md`: every event of the log, from the comments in the source. */
export function eventsPage(project: Project): string {
  const union = project
    .getSourceFileOrThrow(join(root, 'src/log/events.ts'))
    .getTypeAliasOrThrow('EventBody')
    .getTypeNodeOrThrow()
  if (!Node.isUnionTypeNode(union)) throw new Error('EventBody is not a union any more')
  const rows = union.getTypeNodes().map((node) => {
    if (!Node.isTypeLiteral(node)) throw new Error(`an event is not written out: ${node.getText()}`)
    // The comment stands before the bar, which is not part of the node.
    const before = node.getSourceFile().getFullText().slice(0, node.getStart())
    const doc = before.match(/\/\*\*((?:(?!\*\/).)*)\*\/\s*\|\s*$/s)?.[1] ?? ''
    const fields = node.getProperties().map((field) => {
      const { type, name } = { type: flat(field.getTypeNode()?.getText() ?? ''), name: field.getName() }
      return name === 'type' ? '' : `\`${name}: ${type.replaceAll('|', '\\|')}\``
    })
    const type = node.getProperties()[0]?.getTypeNode()?.getText().replaceAll("'", '')
    const meaning = flat(doc.replaceAll(/^\s*\*/gm, ''))
    if (meaning === '') throw new Error(`the event ${type} has no comment`)
    return `| \`${type}\` | ${cell(meaning)} | ${fields.filter((text) => text !== '').join('<br>')} |`
  })
  return `${HEAD}\n${['| type | when | fields |', '|---|---|---|', ...rows].join('\n')}\n`
}

const HEAD = `# The events

Everything worth a line in the log of a robot. Made from the source by \`npm run docs:reference\`; a test compares the two.

Each event has \`seq\` (1 for the first, then consecutive) and \`at\` (seconds on the robot's monotonic clock) beside its own
fields. \`robot.log.entries()\` gives the last ones (\`limits.eventLog\` of them; \`robot.log.lost\` says how many are gone),
\`robot.log.on(type, listener)\` those to come, \`robot.log.to(sink)\` writes them as JSON lines.
`
