import type { Verb } from './verb.ts'

/** How `tendon <verb>` is written: `exec <command> [key=value ...]`. */
function usageOf({ name, args = [] }: Verb): string {
  const words = args.map((arg) => {
    const text = `${arg.name}${arg.rest ? ' ...' : ''}`
    return arg.optional ? `[${text}]` : `<${text}>`
  })
  return [name, ...words].join(' ')
}

/** Two columns, the first as wide as its widest cell. */
function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n')
}

const EXIT_CODES = columns([
  ['0', 'done; a command succeeded'],
  ['1', 'failed'],
  ['2', 'the command line was wrong'],
  ['3', 'refused; nothing was changed'],
  ['4', 'canceled'],
  ['69', 'no running robot answers'],
  ['75', 'power or standstill is NOT CONFIRMED: keep clear'],
])

/** What `tendon --help` prints. */
export function help(verbs: readonly Verb[]): string {
  const shown = verbs.filter(({ hidden }) => !hidden)
  return `tendon: run robots, and talk to running ones

Usage: tendon <verb> [...]

${columns(shown.map((verb) => [usageOf(verb), verb.doc]))}

Of every verb: --help. Units at the edges: 30deg, 0.4rad, 500ms, 12cm, 70%.
Colour: NO_COLOR, FORCE_COLOR. Folders: TENDON_RUNTIME_DIR, TENDON_STATE_DIR.

Exit codes:
${EXIT_CODES}
`
}

/** What `tendon <verb> --help` prints. */
export function helpOf(verb: Verb): string {
  const options = (verb.options ?? []).map(
    ({ name, value, bare, doc, many }) =>
      [
        `--${name}${value ? (bare ? ` [${value}]` : ` <${value}>`) : ''}`,
        `${doc}${many ? ' (may be repeated)' : ''}`,
      ] as const,
  )
  return [
    `tendon ${usageOf(verb)}\n\n${verb.doc}.\n`,
    options.length > 0 ? `\nOptions:\n${columns(options)}\n` : '',
    verb.examples ? `\nExamples:\n${verb.examples.map((line) => `  ${line}`).join('\n')}\n` : '',
    `\nExit codes:\n${EXIT_CODES}\n`,
  ].join('')
}
