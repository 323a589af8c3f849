import { TendonError } from './problem.ts'
import { problem } from './problems/index.ts'

/** What a function throws that was called with a value outside of what it takes: `call` and `argument` name it. */
export const badArgument = (call: string, argument: string, value: unknown, want: string): TendonError =>
  new TendonError(problem('TENDON_ARGUMENT_INVALID', { call, argument, value, want }))
