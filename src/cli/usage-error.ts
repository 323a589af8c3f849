import { nearNames } from 'tendon/device'

/** The command line was wrong. Nothing was started. */
export class UsageError extends Error {
  /** What to write instead. */
  readonly fix: string
  constructor(what: string, fix: string) {
    super(what)
    this.name = 'UsageError'
    this.fix = fix
  }

  /** A name that nothing has, with the near ones, or all of them. */
  static unknown(kind: string, name: string, known: readonly string[]): UsageError {
    const near = nearNames(name, known)
    return new UsageError(
      `There is no ${kind} ${name}.`,
      `Known: ${(near.length > 0 ? near : known).join(', ') || 'none'}.`,
    )
  }
}
