import type { CancelReason, Outcome } from '../base/outcome.ts'
import { describe, type Problem, TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import { type AnySchema, validate } from '../base/schema.ts'
import { Next } from '../define/context.ts'

/** How the runtime decided that a run ends. The first ending that it processes is the one. */
export type Ending =
  | { readonly status: 'succeeded'; readonly value: unknown; readonly next: Next | undefined }
  | { readonly status: 'failed'; readonly error: Problem; readonly crashed: boolean }
  | { readonly status: 'canceled'; readonly reason: CancelReason }

/** What a body returned, with the transition that may carry it. */
export const success = (value: unknown): Ending =>
  value instanceof Next
    ? { status: 'succeeded', value: value.value, next: value }
    : { status: 'succeeded', value, next: undefined }

/** What a body threw. Only what it gave up on purpose is no crash. */
export function failure(command: string, error: unknown): Ending {
  const reason = threw(command, error)
  return { status: 'failed', error: reason, crashed: reason.code !== 'TENDON_RUN_FAILED' }
}

/** With which reason a body is told to end. */
export const reasonOf = (ending: Ending | undefined): CancelReason =>
  ending?.status === 'canceled' ? ending.reason : 'requested'

/** Whatever was thrown, as the problem of the run. */
export function threw(command: string, error: unknown): Problem {
  try {
    if (error instanceof TendonError) return error.problem
  } catch {
    // A proxy that throws when it is asked what it is.
  }
  return problem('TENDON_BODY_THREW', { command, reason: describe(error) }, error)
}

/** The value of a success as its schema hands it on, or why it is a failure after all. */
export function checkResult(command: string, schema: AnySchema | undefined, value: unknown): Outcome {
  if (!schema) return { status: 'succeeded', value }
  try {
    const checked = validate(schema, value)
    if ('value' in checked) return { status: 'succeeded', value: checked.value }
    const issues = 'issues' in checked ? checked.issues : [{ path: [], message: 'its schema is asynchronous' }]
    return { status: 'failed', error: problem('TENDON_RESULT_INVALID', { command, issues }) }
  } catch (error) {
    return { status: 'failed', error: threw(command, error) }
  }
}

/** Whether a body only tells what has ended its run already: a joint's call rejects because its bus is gone. */
export const isOwnEnd = (ending: Ending, error: unknown): boolean =>
  ending.status === 'failed' && error instanceof TendonError && error.code === ending.error.code
