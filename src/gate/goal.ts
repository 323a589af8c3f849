import { describe, type Problem } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import { type AnySchema, validate } from '../base/schema.ts'

/** The goal as its schema hands it on, or why there is none. Never throws: a schema is user code too. */
export function checkGoal(
  command: string,
  schema: AnySchema | undefined,
  input: unknown,
): { readonly value: unknown } | { readonly problem: Problem } {
  if (!schema) return { value: input }
  try {
    const result = validate(schema, input)
    if ('value' in result) return result
    if ('async' in result) return { problem: problem('TENDON_GOAL_SCHEMA_ASYNC', { command }) }
    return { problem: problem('TENDON_GOAL_INVALID', { command, issues: result.issues }) }
  } catch (error) {
    const issues = [{ path: [], message: `the schema threw: ${describe(error)}` }]
    return { problem: problem('TENDON_GOAL_INVALID', { command, issues }, error) }
  }
}
