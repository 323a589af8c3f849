import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The checkout, with a slash at its end. */
export const root = fileURLToPath(new URL('../../', import.meta.url))

export interface Source {
  /** From the root of the checkout. */
  readonly path: string
  readonly text: string
}

/** The files below a folder whose names end so. */
export function sourcesIn(folder: string, ending: RegExp): Source[] {
  return readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => ending.test(name) && !name.includes('node_modules'))
    .sort()
    .map((name) => `${folder}/${name}`)
    .map((path) => ({ path, text: readFileSync(`${root}${path}`, 'utf8') }))
}

/** A row of a catalogue as it is written: `TENDON_LATCHED: entry<...`. */
const ROW = /^ {2}(TENDON_\w+): entry</gm

/** The codes that a source file declares. */
export const declaredIn = ({ text }: Source): string[] => [...text.matchAll(ROW)].map((match) => match[1] ?? '')

/** The codes that it uses, written as strings; comments name codes in backticks and do not count. */
export const usedIn = ({ text }: Source): string[] =>
  [...text.matchAll(/'(TENDON_[A-Z0-9_]+)'/g)].map((match) => match[1] ?? '')
