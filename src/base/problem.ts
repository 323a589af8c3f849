/** How bad a problem is. `danger`: a person near the robot must act; `error`: something asked for did not happen. */
export type Severity = 'notice' | 'error' | 'danger'

/**
 * What a person beside the robot may believe about motor power because of this problem:
 * `unchanged` the problem did not touch power; `off` power is verified off; `on` joints are powered;
 * `unknown` power may still be on, keep clear.
 */
export type Power = 'unchanged' | 'off' | 'on' | 'unknown'

/** An error as data: what a log, a caller, a CLI and a person can all use. */
export interface Problem {
  /** Stable, `TENDON_...`; third parties use a prefix of their own. */
  readonly code: string
  readonly severity: Severity
  readonly power: Power
  /** The named values that the sentences were made from. */
  readonly facts: Readonly<Record<string, unknown>>
  /** One sentence: what happened. */
  readonly what: string
  /** One sentence: why it is so. */
  readonly why: string
  /** One thing to do or to run. */
  readonly fix: string
  /** What was thrown below, if anything was. */
  readonly cause?: unknown
}

/** One row of an error catalogue: how the facts of a code become sentences. */
export interface ProblemEntry<F> {
  readonly severity: Severity
  readonly power: Power
  what(facts: F): string
  why(facts: F): string
  fix(facts: F): string
  /** Facts as they could be, for the page that explains the code, and for its snapshot. */
  readonly sample: F
  /** What somebody beside a robot needs to know beyond one sentence; some sentences of plain text. */
  readonly more?: string
}

/** Declares one row of a catalogue; the parameter type of its sentences is the type of its facts. */
export const entry = <F extends object>(row: ProblemEntry<F>): ProblemEntry<F> => row

/** A catalogue: codes and their rows. `never` in the facts' place accepts a row of any facts. */
export type Catalogue = Record<string, Omit<ProblemEntry<never>, 'sample'> & { readonly sample: object }>

/** The facts that a row of a catalogue needs. */
export type FactsOf<E> = E extends ProblemEntry<infer F> ? F : never

/** Makes `problem(code, facts)` for a catalogue, for drivers and services that bring codes of their own. */
export function problemsOf<C extends Catalogue>(
  catalogue: C,
): <K extends keyof C & string>(code: K, facts: FactsOf<C[K]>, cause?: unknown) => Problem {
  return (code, facts, cause) => {
    const row = catalogue[code] as ProblemEntry<object>
    const named = facts as Record<string, unknown>
    const { severity, power } = row
    const made = {
      code,
      severity,
      power,
      facts: named,
      what: row.what(named),
      why: row.why(named),
      fix: row.fix(named),
    }
    return cause === undefined ? made : { ...made, cause }
  }
}

/** A problem that is thrown. Its message is what, why and fix; everything else is on `problem`. */
export class TendonError extends Error {
  readonly problem: Problem
  constructor(problem: Problem) {
    super(`${problem.code}: ${problem.what} ${problem.why} ${problem.fix}`, { cause: problem.cause })
    this.name = 'TendonError'
    this.problem = problem
  }
  get code(): string {
    return this.problem.code
  }
}

/** Any thrown value as one line of text, for messages; never throws itself. */
export function describe(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return String(thrown.message || thrown.name)
    return typeof thrown === 'string' ? thrown : (JSON.stringify(thrown) ?? String(thrown))
  } catch {
    return 'a value that cannot be shown'
  }
}

/** The known names nearest to a misspelt one, best first, at most three; edit distance up to a third of its length. */
export function nearNames(name: string, known: Iterable<string>): string[] {
  const limit = Math.max(1, Math.floor(name.length / 3))
  const scored: [string, number][] = []
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance <= limit) scored.push([candidate, distance])
  }
  return scored
    .sort((a, b) => a[1] - b[1])
    .slice(0, 3)
    .map(([candidate]) => candidate)
}

/** How many insertions, deletions, changes and swaps of neighbours lead from one to the other. */
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swap = swapped ? (before[j - 2] as number) + 1 : Number.POSITIVE_INFINITY
      next.push(Math.min(change, swap, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    before = row
    row = next
  }
  return row[b.length] as number
}

/** "A, B or C", for sentences. */
export function oneOf(names: readonly string[]): string {
  if (names.length <= 1) return names[0] ?? 'none'
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}
