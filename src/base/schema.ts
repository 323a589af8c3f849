import type { StandardSchemaV1 } from '@standard-schema/spec'

export type { StandardSchemaV1 } from '@standard-schema/spec'

/** Any schema of any library that implements Standard Schema v1 (zod, valibot, arktype, ...). */
export type Schema<Output = unknown> = StandardSchemaV1<unknown, Output>
export type AnySchema = StandardSchemaV1<unknown, unknown>
/** What callers may pass. */
export type InputOf<S extends StandardSchemaV1> = StandardSchemaV1.InferInput<S>
/** What the schema hands on. */
export type OutputOf<S extends StandardSchemaV1> = StandardSchemaV1.InferOutput<S>

/** One thing wrong with a value, with the path to it (`['joints', 'elbow']`). */
export interface Issue {
  readonly path: readonly string[]
  readonly message: string
}

/** A synchronous validation: the value, or everything wrong with it, or the fact that the schema is asynchronous. */
export type Validation = { value: unknown } | { issues: readonly Issue[] } | { async: true }

/** Validates without waiting: goals are judged in the very step that reserves their slot. */
export function validate(schema: StandardSchemaV1, value: unknown): Validation {
  const result = schema['~standard'].validate(value)
  if (result instanceof Promise) {
    result.catch(() => {})
    return { async: true }
  }
  if (result.issues === undefined) return result
  return { issues: result.issues.map(({ message, path }) => ({ message, path: (path ?? []).map(segment) })) }
}

function segment(part: PropertyKey | { key: PropertyKey }): string {
  return String(typeof part === 'object' ? part.key : part)
}

/** Whether a schema shows itself as asynchronous on plain values. Some only do so on a valid one, at run time. */
export function looksAsync(schema: StandardSchemaV1): boolean {
  const probes = [undefined, null, {}, [], '', 0, true]
  return probes.some((probe) => {
    try {
      return 'async' in validate(schema, probe)
    } catch {
      return false
    }
  })
}
