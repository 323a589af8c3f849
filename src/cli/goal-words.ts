import { nearNames, oneOf, TendonError } from 'tendon/device'
import { controlProblem } from './control/problems.ts'
import { quantityIn, unitNames } from './quantity.ts'

/** A goal as the command line gave it: values in SI, and in which units they had been written. */
export interface WrittenGoal {
  readonly goal: unknown
  /** By the name of the value, with dots. */
  readonly units: Readonly<Record<string, string>>
  /** Numbers that had none: they were taken for SI. */
  readonly bare: readonly string[]
}

interface Issue {
  readonly path: readonly string[]
  readonly message: string
}

type Node = Record<string, unknown>

/**
 * Reads `key=value ...` or `--goal json`. Values are numbers with or without a unit, JSON, or text; `pose.x=10cm` goes
 * into an object. Throws `TENDON_CONTROL_GOAL` with everything that is wrong with it.
 */
export function goalFrom(command: string, words: readonly string[], json: string | undefined): WrittenGoal {
  const issues: Issue[] = []
  const written = json === undefined ? pairs(words, issues) : whole(json, words, issues)
  if (issues.length > 0) throw new TendonError(controlProblem('TENDON_CONTROL_GOAL', { command, issues }))
  return written
}

function whole(json: string, words: readonly string[], issues: Issue[]): WrittenGoal {
  if (words.length > 0) issues.push({ path: [], message: 'it was given twice: by --goal and by key=value' })
  try {
    return { goal: JSON.parse(json), units: {}, bare: [] }
  } catch (error) {
    issues.push({ path: ['--goal'], message: `is no JSON: ${(error as Error).message}` })
    return { goal: undefined, units: {}, bare: [] }
  }
}

function pairs(words: readonly string[], issues: Issue[]): WrittenGoal {
  if (words.length === 0) return { goal: undefined, units: {}, bare: [] }
  // Without a prototype, so that a key like `__proto__` is a key like any other.
  const goal = Object.create(null) as Node
  const units: Record<string, string> = {}
  const bare: string[] = []
  for (const word of words) {
    const cut = word.indexOf('=')
    const key = word.slice(0, Math.max(cut, 0))
    if (cut < 1 || key.split('.').includes('')) {
      issues.push({ path: [], message: `'${word}' is not key=value` })
      continue
    }
    const read = valueIn(word.slice(cut + 1))
    if ('message' in read) issues.push({ path: key.split('.'), message: read.message })
    else if (!put(goal, key.split('.'), read.value)) issues.push({ path: key.split('.'), message: 'was given twice' })
    else if (read.unit !== undefined) units[key] = read.unit
    else if (typeof read.value === 'number') bare.push(key)
  }
  return { goal, units, bare }
}

function valueIn(text: string): { value: unknown; unit?: string } | { message: string } {
  const quantity = quantityIn(text)
  if (quantity && 'unknown' in quantity) {
    const near = nearNames(quantity.unknown, unitNames)
    const fix = near.length > 0 ? `did you mean ${oneOf(near)}?` : `there are ${oneOf(unitNames)}`
    return { message: `has no unit ${quantity.unknown}; ${fix}` }
  }
  if (quantity) return quantity
  if (text === 'true' || text === 'false' || text === 'null' || /^[[{"]/.test(text)) {
    try {
      return { value: JSON.parse(text) }
    } catch (error) {
      return { message: `is no JSON: ${(error as Error).message}` }
    }
  }
  return { value: text }
}

/** Puts a value where its path says; false when something is there already. */
function put(goal: Node, path: readonly string[], value: unknown): boolean {
  const [key = '', ...rest] = path
  const there = goal[key]
  if (rest.length === 0) {
    if (there !== undefined) return false
    goal[key] = value
    return true
  }
  if (there !== undefined && (typeof there !== 'object' || there === null)) return false
  const node = (there ?? Object.create(null)) as Node
  goal[key] = node
  return put(node, rest, value)
}
