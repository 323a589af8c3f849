import { describe } from '../base/problem.ts'
import { faultsOf, type ParameterMap, type ParameterValue } from '../define/parameter.ts'

/** The version of the stored form that this code reads and writes. */
const FORMAT = 1

/** What is stored of a robot's parameters. A value that its definition does not name is kept as it is. */
export interface ParameterDocument {
  /** The values that were set, by name. */
  readonly values: ReadonlyMap<string, unknown>
  /** Values that were found to be bad: `{ name, value, reasons, at }`. Kept for people, never used. */
  readonly quarantined: readonly unknown[]
  /** Fields of others in the same document. */
  readonly others: Readonly<Record<string, unknown>>
}

/** A value that was put aside. */
export interface QuarantinedValue {
  readonly name: string
  readonly value: unknown
  readonly reasons: readonly string[]
  /** When it was found, in milliseconds since the Unix epoch. */
  readonly at: number
}

export const emptyDocument: ParameterDocument = { values: new Map(), quarantined: [], others: {} }

/** Reads a stored text, or says why it cannot be used as a whole. */
export function readDocument(text: string): ParameterDocument | { readonly fault: string } {
  let lossy = false
  let stored: unknown
  try {
    // A number beyond the doubles would be lost when the document is written again.
    stored = JSON.parse(text, (_key, value: unknown) => {
      if (typeof value === 'number' && !Number.isFinite(value)) lossy = true
      return value
    })
    JSON.stringify(stored, undefined, 2)
  } catch (error) {
    return { fault: `it is not JSON (${describe(error)})` }
  }
  if (lossy) return { fault: 'it holds a number that is too large to be kept' }
  if (!isRecord(stored)) return { fault: 'it is not an object' }
  const { format, values = {}, quarantined = [], ...others } = stored
  if (format !== FORMAT) return { fault: `its format is ${describe(format)}, and this version reads ${FORMAT}` }
  if (!isRecord(values)) return { fault: 'its values are not an object' }
  if (!Array.isArray(quarantined)) return { fault: 'its quarantined values are not a list' }
  return { values: new Map(Object.entries(values)), quarantined, others }
}

/** The text that `readDocument` reads, for a person to look at. */
export function writeDocument({ values, quarantined, others }: ParameterDocument): string {
  const document = { format: FORMAT, values: Object.fromEntries(values), quarantined, ...others }
  return `${JSON.stringify(document, undefined, 2)}\n`
}

/** A stored document held against a definition. */
export interface Sorted {
  /** The values that may be used. */
  readonly good: ReadonlyMap<string, ParameterValue>
  readonly bad: readonly QuarantinedValue[]
  /** Names that the definition does not know: of a parameter that was removed, or is of a newer version. */
  readonly unknown: readonly string[]
  /** The document with the bad values put aside. */
  readonly document: ParameterDocument
}

/** Tells good values from bad and unknown ones. `at` is the wall time in milliseconds. */
export function sortDocument(document: ParameterDocument, specs: ParameterMap, at: number): Sorted {
  const kept = new Map(document.values)
  const good = new Map<string, ParameterValue>()
  const bad: QuarantinedValue[] = []
  const unknown: string[] = []
  for (const [name, value] of document.values) {
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined
    if (!spec) {
      unknown.push(name)
      continue
    }
    const reasons = faultsOf(spec, value)
    if (reasons.length === 0) {
      good.set(name, value as ParameterValue)
      continue
    }
    kept.delete(name)
    bad.push({ name, value, reasons, at })
  }
  const quarantined = [...document.quarantined.filter((old) => !bad.some((found) => isSame(old, found))), ...bad]
  return { good, bad, unknown, document: { ...document, values: kept, quarantined } }
}

/** The same value found again takes the place of the older finding: the list does not grow by restarts. */
const isSame = (old: unknown, { name, value }: QuarantinedValue): boolean =>
  isRecord(old) && old.name === name && JSON.stringify(old.value) === JSON.stringify(value)

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
