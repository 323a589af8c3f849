import { describe, TendonError } from '../base/problem.ts'
import { testingProblem } from './problems.ts'

/**
 * One fact that a part of another maker must prove. A suite is a list of them, for any test runner:
 * `for (const check of framingConformance(...)) test(check.name, check.run)`.
 */
export interface ConformanceCheck {
  /** The fact, as the title of a test. */
  readonly name: string
  /** Resolves when it holds; rejects with `TENDON_NOT_CONFORMANT`, which says what was seen instead. */
  run(): Promise<void>
}

/** Fails a check. */
export function fail(message: string): never {
  throw new TendonError(testingProblem('TENDON_NOT_CONFORMANT', { seen: message }))
}

/** Fails a check unless `fact` holds. */
export function must(fact: boolean, message: string | (() => string)): void {
  if (!fact) fail(typeof message === 'string' ? message : message())
}

/** What an inner check has seen; of other thrown values, what they say. */
export function seenIn(thrown: unknown): string {
  const seen = thrown instanceof TendonError ? thrown.problem.facts.seen : undefined
  return typeof seen === 'string' ? seen : describe(thrown)
}

/** What was thrown or rejected with; fails when nothing was. */
export async function thrownBy(act: () => unknown, what: string): Promise<unknown> {
  try {
    await act()
  } catch (thrown) {
    return thrown
  }
  return fail(`${what} was expected to fail, and did not`)
}

/** The stable code of a Tendon error; other thrown values as text. */
export function codeOf(thrown: unknown): string {
  const code = (thrown as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : describe(thrown)
}
