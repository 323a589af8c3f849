import { parseArgs } from 'node:util'
import { nearNames } from 'tendon/device'
import { UsageError } from './usage-error.ts'
import type { Call, Option, Verb } from './verb.ts'

/** What a command line asks for. */
export type Asked = { readonly kind: 'help'; readonly verb: Verb } | { readonly kind: 'call'; readonly call: Call }

const HELP: Option = { name: 'help', doc: '' }

/** Finds the verb. Throws a `UsageError` with the near names. */
export function verbNamed(name: string, verbs: readonly Verb[]): Verb {
  const verb = verbs.find((candidate) => candidate.name === name)
  if (verb) return verb
  const known = verbs.filter(({ hidden }) => !hidden).map((candidate) => candidate.name)
  throw UsageError.unknown('verb', name, known)
}

/** Sorts the words behind a verb. Throws a `UsageError` for a flag that it has not, and for too many or too few words. */
export function parse(verb: Verb, words: readonly string[], verbs: readonly Verb[]): Asked {
  const known = [...(verb.options ?? []), HELP]
  const { tokens } = parseArgs({
    args: [...words],
    options: {
      ...Object.fromEntries(
        known.map(({ name, value, bare }) => [name, { type: value && !bare ? 'string' : 'boolean' }]),
      ),
      help: { type: 'boolean', short: 'h' },
    },
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const args: string[] = []
  const options = new Map<string, string[]>()
  let before: Option | undefined
  for (const token of tokens) {
    // A path right behind a flag that may have one is its value, and no argument of the verb.
    const behind = before?.bare && options.get(before.name)?.at(-1) === '' ? before : undefined
    before = undefined
    if (token.kind === 'positional') {
      if (behind && token.value.includes('/')) options.get(behind.name)?.splice(-1, 1, token.value)
      else args.push(token.value)
    }
    if (token.kind !== 'option') continue
    const option = known.find(({ name }) => name === token.name)
    if (!option) throw unknownFlag(verb, token.rawName, verbs)
    options.set(option.name, [...(options.get(option.name) ?? []), given(verb, option, token.value)])
    before = option
  }
  if (options.has('help')) return { kind: 'help', verb }
  checkRepeats(verb, options)
  checkCount(verb, args)
  return { kind: 'call', call: { verb: verb.name, args, options } }
}

function given(verb: Verb, { name, value, bare }: Option, text: string | undefined): string {
  if (value && !bare && (text === undefined || text === ''))
    throw new UsageError(`--${name} needs a value.`, `tendon ${verb.name} --${name} <${value}>`)
  if (!value && text !== undefined) throw new UsageError(`--${name} takes no value.`, `tendon ${verb.name} --${name}`)
  return text ?? ''
}

function unknownFlag(verb: Verb, flag: string, verbs: readonly Verb[]): UsageError {
  const name = flag.replace(/^-+/, '')
  const near = nearNames(
    name,
    (verb.options ?? []).map((option) => option.name),
  )
  const elsewhere = verbs.filter(({ options }) => options?.some((option) => option.name === name))
  const fix =
    near.length > 0
      ? near.map((option) => `--${option}`).join(', ')
      : elsewhere.length > 0
        ? elsewhere.map((other) => `tendon ${other.name} --${name}`).join(', ')
        : `tendon ${verb.name} --help`
  return new UsageError(`Unknown option ${flag} of tendon ${verb.name}.`, fix)
}

function checkRepeats(verb: Verb, options: ReadonlyMap<string, readonly string[]>): void {
  for (const { name, many } of verb.options ?? [])
    if (!many && (options.get(name)?.length ?? 0) > 1)
      throw new UsageError(`--${name} was given twice.`, `Leave one of them out: tendon ${verb.name} --help`)
}

function checkCount(verb: Verb, args: readonly string[]): void {
  const wanted = verb.args ?? []
  const missing = wanted.slice(args.length).filter(({ optional }) => !optional)
  if (missing.length > 0)
    throw new UsageError(
      `tendon ${verb.name}: missing required args: ${missing.map(({ name }) => name).join(', ')}.`,
      verb.examples?.[0] ?? `tendon ${verb.name} --help`,
    )
  const surplus = args.slice(wanted.length)
  if (surplus.length > 0 && !wanted.at(-1)?.rest)
    throw new UsageError(
      `tendon ${verb.name} takes no ${surplus.map((word) => `'${word}'`).join(', ')}.`,
      `tendon ${verb.name} --help`,
    )
}
