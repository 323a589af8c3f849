import { nearNames, oneOf } from '../base/problem.ts'

/** Adds a fault to the list of a definition's faults: where, what is wrong, what to write instead. */
export type Report = (path: string, what: string, fix: string) => void

/** Reports a name that is not among those declared, with the near ones. */
export function checkKnown(path: string, kind: string, name: string, known: readonly string[], report: Report): void {
  if (known.includes(name)) return
  const near = nearNames(name, known)
  report(path, `there is no ${kind} '${name}'.`, `Use ${oneOf(near.length > 0 ? near : known)}.`)
}
