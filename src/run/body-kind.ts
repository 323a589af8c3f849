import type { OpGenerator } from '../define/operation.ts'

/** What a body returned when it was called: which of the ways to run it is. */
export function isGenerator(value: unknown): value is OpGenerator<unknown> {
  return typeof value === 'object' && value !== null && 'next' in value && 'return' in value && Symbol.iterator in value
}

/** A body by mistake: nothing would ever step it. */
export const isAsyncGenerator = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'next' in value && Symbol.asyncIterator in value

/** A promise of another library. */
export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
