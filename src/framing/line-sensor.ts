import { TendonError } from '../base/problem.ts'
import { looksAsync, type OutputOf, type StandardSchemaV1 } from '../base/schema.ts'
import type { SensorSpec } from '../device/sensor.ts'
import type { ByteTransport } from '../device/transport.ts'
import { checkedLine } from './checked-line.ts'
import { framedSensor, type SensorOptions } from './framed-sensor.ts'
import { type LineOptions, lineFraming } from './lines.ts'
import { framingProblem } from './problems.ts'

/** Lines, and how the port frames them. */
export interface TextOptions extends LineOptions, SensorOptions {}

/** Lines that a function turns into values. */
export interface ParsedOptions<T> extends TextOptions {
  /** What it throws counts as bad: `parse`. */
  parse(line: string): T
}

/** Lines that a schema checks. */
export interface CheckedOptions<S extends StandardSchemaV1> extends TextOptions {
  /** Any Standard Schema that validates synchronously. What it refuses counts as bad: `schema`. */
  readonly schema: S
  /** Turns the line into what the schema checks; default `JSON.parse`. What it throws counts as bad: `parse`. */
  readonly parse?: ((line: string) => unknown) | undefined
}

/**
 * Lines of text as a sensor: as they are, parsed by a function, or parsed (default: as JSON) and checked by a schema.
 * Empty lines are ignored. Throws `TENDON_LINE_SCHEMA_ASYNC` for a schema that validates asynchronously; one that only
 * shows it on a valid value counts those as bad: `schema_async`.
 */
export function lines<S extends StandardSchemaV1>(
  port: ByteTransport,
  options: CheckedOptions<S>,
): SensorSpec<OutputOf<S>>
export function lines<T>(port: ByteTransport, options: ParsedOptions<T>): SensorSpec<T>
export function lines(port: ByteTransport, options?: TextOptions): SensorSpec<string>
export function lines(
  port: ByteTransport,
  options: TextOptions & { schema?: StandardSchemaV1; parse?: ((line: string) => unknown) | undefined } = {},
): SensorSpec {
  const { schema } = options
  if (schema && looksAsync(schema)) {
    throw new TendonError(framingProblem('TENDON_LINE_SCHEMA_ASYNC', { port: port.address }))
  }
  const parse = options.parse ?? (schema ? JSON.parse : (line: string) => line)
  return framedSensor(port, lineFraming(options), checkedLine(parse, schema), options)
}
