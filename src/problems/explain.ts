import { nearNames, type Power, type ProblemEntry, type Severity } from '../base/problem.ts'
import { type Area, areas } from './areas.ts'

/** What a person beside the robot must believe about motor power, as one sentence. */
export const powerMeaning: Readonly<Record<Power, string>> = {
  unchanged: 'Power is as it was before.',
  off: 'Power is verified off.',
  on: 'Joints have power.',
  unknown: 'Power may still be on: keep clear.',
}

/** One code, explained: its sentences are made from the example facts of its row. */
export interface Explanation {
  readonly code: string
  readonly severity: Severity
  readonly power: Power
  /** What a person beside the robot must believe about power because of it. */
  readonly meaning: string
  /** An example of what happened. */
  readonly what: string
  readonly why: string
  readonly fix: string
  /** What is worth knowing beyond that, where there is something. */
  readonly more?: string
  /** The names of the facts that such a problem carries. */
  readonly facts: readonly string[]
  /** The title of its area. */
  readonly area: string
  /** Where `docs/reference/errors.md` has it: the part behind `#`. */
  readonly pageAnchor: string
}

/** A row whose facts are any: what a table of all catalogues can hold. */
export type AnyProblemEntry = ProblemEntry<object>

const tableOf = ({ rows }: Area): [string, AnyProblemEntry][] => Object.entries(rows) as [string, AnyProblemEntry][]

/** Every code of Tendon and its row. */
export const allProblems: Readonly<Record<string, AnyProblemEntry>> = Object.freeze(
  Object.fromEntries(areas.flatMap(tableOf)),
)

/** What a code means, from its row in the catalogue. Takes `latched` for `TENDON_LATCHED`; undefined when it is none. */
export function explain(text: string): Explanation | undefined {
  const code = codeOf(text)
  const area = areas.find(({ rows }) => Object.hasOwn(rows, code))
  return area && explanationOf(code, allProblems[code] as AnyProblemEntry, area)
}

/** The codes nearest to one that is none, best first, at most three. */
export const nearCodes = (text: string): string[] => nearNames(codeOf(text), Object.keys(allProblems))

/** The explanations of an area, in the order of its catalogue. */
export const explanationsOf = (area: Area): Explanation[] =>
  tableOf(area).map(([code, row]) => explanationOf(code, row, area))

function explanationOf(code: string, row: AnyProblemEntry, area: Area): Explanation {
  const { severity, power, sample, more } = row
  return {
    code,
    severity,
    power,
    meaning: powerMeaning[power],
    what: row.what(sample),
    why: row.why(sample),
    fix: row.fix(sample),
    ...(more !== undefined && { more }),
    facts: Object.keys(sample),
    area: area.title,
    pageAnchor: code.toLowerCase(),
  }
}

/** `tendon-latched`, `latched` and `TENDON_LATCHED` are one code. */
function codeOf(text: string): string {
  const upper = text.trim().toUpperCase().replaceAll('-', '_')
  return upper.startsWith('TENDON_') ? upper : `TENDON_${upper}`
}
