import { areas } from './areas.ts'
import { type Explanation, explanationsOf } from './explain.ts'

const HEAD = `# Errors

<!-- Generated from the catalogues by \`npm run docs:errors\`; edit a row there, never this page. -->

Every error of Tendon is data: a code that never changes its meaning, how bad it is, what somebody beside the robot must
believe about motor power, the facts, and three sentences made from the facts: what happened, why, and one thing to do.
The sentences below are made from example facts; \`tendon explain <code>\` prints the same for one code.

| severity | means |
|---|---|
| notice | nothing that was asked for is missing |
| error | something that was asked for did not happen |
| danger | a person near the robot must act |
`

/** The page of all codes, `docs/reference/errors.md`: by area, from the same rows as the errors themselves. */
export function explanationMarkdown(): string {
  const pages = areas.map((area) => [`## ${area.title}`, area.doc, ...explanationsOf(area).map(section)].join('\n\n'))
  return `${[HEAD.trimEnd(), ...pages].join('\n\n')}\n`
}

function section(explained: Explanation): string {
  const { code, severity, meaning, what, why, fix, more, facts } = explained
  const lines = [
    `**${severity}.** ${meaning}`,
    `- what: ${escaped(what)}`,
    `- why: ${escaped(why)}`,
    `- fix: ${fixed(fix)}`,
    `- facts: ${facts.map((name) => `\`${name}\``).join(', ') || 'none'}`,
  ]
  const [head, ...list] = lines
  return [`### ${code}`, head, ...(more === undefined ? [] : [escaped(more)]), list.join('\n')].join('\n\n')
}

/** A sentence to do, a line to run, or a sentence that ends in one; sentences end with a stop. */
function fixed(fix: string): string {
  if (fix.endsWith('.')) return escaped(fix)
  const [, prose = '', line = fix] = /^([A-Z][^:]*: )(.+)$/.exec(fix) ?? []
  return `${escaped(prose)}\`${line}\``
}

/** Nothing in a sentence is markup. */
const escaped = (text: string): string => text.replaceAll(/[<>*|[\]`\\]/g, (mark) => `\\${mark}`)
