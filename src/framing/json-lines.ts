import { badArgument } from '../base/argument.ts'
import { describe, TendonError } from '../base/problem.ts'
import { looksAsync, type OutputOf, type StandardSchemaV1 } from '../base/schema.ts'
import { checkedLine } from './checked-line.ts'
import type { FrameSink, TwoWayFraming } from './framing.ts'
import { type LineOptions, lineFraming } from './lines.ts'
import { framingProblem } from './problems.ts'

/** Lines of JSON, and how the port frames them. */
export interface JsonLineOptions<S extends StandardSchemaV1> extends LineOptions {
  /** Any Standard Schema that validates synchronously. Default: every JSON value is good. */
  readonly schema?: S | undefined
}

/**
 * One JSON value a line. Empty lines are skipped silently. Bad reasons: those of lines (`length`, `encoding`, `partial`),
 * `parse` for text that is no JSON, `schema` for a value that the schema refuses. Throws `TENDON_LINE_SCHEMA_ASYNC` for a
 * schema that validates asynchronously; one that only shows it on a valid value counts those as `schema_async`. As a
 * sensor, `lines(port, { schema })` is the same in one call.
 */
export function jsonLines<S extends StandardSchemaV1 = StandardSchemaV1<unknown, unknown>>(
  options: JsonLineOptions<S> = {},
): TwoWayFraming<OutputOf<S>> {
  const { schema } = options
  if (schema && looksAsync(schema)) {
    throw new TendonError(framingProblem('TENDON_LINE_SCHEMA_ASYNC', { port: 'a jsonLines() framing' }))
  }
  const lines = lineFraming(options)
  const meaning = checkedLine(JSON.parse, schema)
  return {
    kind: 'jsonLines',
    create() {
      const decoder = lines.create()
      return {
        push(chunk, emit) {
          const judge = (line: string): void => {
            const meant = meaning(line)
            if (meant === 'ignored') return
            if ('bad' in meant) emit.bad(meant.bad)
            else emit.frame(meant.value as OutputOf<S>)
          }
          const inner: FrameSink<string> = { frame: judge, bad: (reason) => emit.bad(reason) }
          decoder.push(chunk, inner)
        },
      }
    },
    encode: (value) => lines.encode(toJson(value)),
  }
}

function toJson(value: unknown): string {
  try {
    const text: string | undefined = JSON.stringify(value)
    if (text !== undefined) return text
  } catch (thrown) {
    throw badArgument('jsonLines().encode()', 'value', describe(thrown), 'a value that JSON can hold')
  }
  throw badArgument('jsonLines().encode()', 'value', value, 'a value that JSON can hold')
}
