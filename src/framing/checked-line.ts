import { type StandardSchemaV1, validate } from '../base/schema.ts'
import type { Mapped } from './framed-sensor.ts'

/**
 * What a line means: parsed, then checked by a schema where there is one. Empty lines are ignored. Bad reasons: `parse`
 * and `schema` for what either refuses or throws over; `schema_async` for a schema that turns out asynchronous.
 */
export function checkedLine(
  parse: (line: string) => unknown,
  schema: StandardSchemaV1 | undefined,
): (line: string) => Mapped<unknown> {
  return (line) => {
    if (line === '') return 'ignored'
    const parsed = attempt(() => parse(line), 'parse')
    if (!schema || !('value' in parsed)) return parsed
    const value = parsed.value
    const checked = attempt(() => validate(schema, value), 'schema')
    return 'value' in checked ? verdict(checked.value) : checked
  }
}

function attempt<T>(call: () => T, reason: string): { value: T } | { bad: string } {
  try {
    return { value: call() }
  } catch {
    return { bad: reason }
  }
}

function verdict(validation: ReturnType<typeof validate>): Mapped<unknown> {
  if ('issues' in validation) return { bad: 'schema' }
  return 'async' in validation ? { bad: 'schema_async' } : { value: validation.value }
}
