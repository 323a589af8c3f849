import { vi } from 'vitest'
import { parse, verbNamed } from '../../src/cli/arguments.ts'
import { report } from '../../src/cli/report.ts'
import { verbs } from '../../src/cli/verbs.ts'
import type { Ended } from './command-line.ts'

/** `tendon ...` in this very process, which is a second faster: for verbs that begin and end. */
export async function here(words: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  const written = { out: '', err: '' }
  const keep = (stream: 'out' | 'err') => (text: unknown) => {
    written[stream] += String(text)
    return true
  }
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(keep('out')),
    vi.spyOn(process.stderr, 'write').mockImplementation(keep('err')),
  ]
  try {
    const [name = '', ...rest] = words
    const code = await run(name, rest).catch((error: unknown) => report(error, rest.includes('--json')))
    return { code, ...written }
  } finally {
    for (const spy of spies) spy.mockRestore()
    vi.unstubAllEnvs()
  }
}

async function run(name: string, words: readonly string[]): Promise<number> {
  const verb = verbNamed(name, verbs)
  const asked = parse(verb, words, verbs)
  if (asked.kind === 'help') return 0
  return (await verb.load())(asked.call, verbs)
}
