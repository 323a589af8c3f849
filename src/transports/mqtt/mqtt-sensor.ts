import { type Problem, TendonError } from '../../base/problem.ts'
import { looksAsync, type OutputOf, type StandardSchemaV1, validate } from '../../base/schema.ts'
import type { Seconds } from '../../base/units.ts'
import type { LinkedSensorSpec, Message, MessageLink } from '../../device/link.ts'
import type { SensorConnection, SensorSink } from '../../device/sensor.ts'
import type { DeviceEnv } from '../../device/transport.ts'
import { mqttProblem } from './problems.ts'
import { checkFilter, type IsWildcard, isWildcard } from './topic-filter.ts'

/**
 * What a sensor does with a message that the broker had retained, whose age nobody knows. `stale`: it is a value, but a
 * stale one where there is a `maxAge`. `fresh`: it counts as measured when it came; for topics that are written only
 * when something changes. `ignore`: only live messages count.
 */
export type Retained = 'stale' | 'fresh' | 'ignore'

export interface MqttSensorOptions {
  /** A reading older than this is `stale`. Default: never. */
  readonly maxAge?: Seconds | undefined
  /** Default `stale`. */
  readonly retained?: Retained | undefined
  /** 0: a message may be lost. 1: none is, but one may come twice. Default 0. */
  readonly qos?: 0 | 1 | undefined
  /** The robot starts without this sensor. Default: only where its link is optional. */
  readonly optional?: boolean | undefined
}

/** Messages that a function turns into values. */
export interface ParsedMqttOptions<T> extends MqttSensorOptions {
  /** Gets the payload as text and as bytes. What it throws counts as bad: `parse`. */
  parse(text: string, bytes: Uint8Array): T
}

/** Messages that a schema checks. */
export interface CheckedMqttOptions extends MqttSensorOptions {
  /** Turns the payload into what the schema checks; default `JSON.parse`. What it throws counts as bad: `parse`. */
  readonly parse?: ((text: string, bytes: Uint8Array) => unknown) | undefined
}

/** What one topic of a wildcard filter said. */
export interface FromTopic<T> {
  readonly topic: string
  readonly value: T
}

/** With wildcards a value says its topic; where the filter is not known when it is compiled it is one or the other. */
type ValueOf<T, Filter extends string> =
  IsWildcard<Filter> extends true ? FromTopic<T> : IsWildcard<Filter> extends false ? T : T | FromTopic<T>

/**
 * The messages of a topic as a sensor, through a link that the definition declares: payloads as JSON checked by a schema
 * (any Standard Schema that validates synchronously), as a function makes them, or as text. With the wildcards `+` and
 * `#` each value is `{ topic, value }`. Payloads that cannot be parsed or that the schema refuses are counted as bad
 * (`parse`, `schema`) and are no readings.
 *
 * Throws `TENDON_MQTT_FILTER`, and `TENDON_MQTT_SCHEMA_ASYNC` for a schema that validates asynchronously; one that only
 * shows it on a valid value counts those as bad: `schema_async`.
 */
export function mqttSensor<const Link extends string, const Filter extends string, S extends StandardSchemaV1>(
  link: Link,
  filter: Filter,
  schema: S,
  options?: CheckedMqttOptions,
): LinkedSensorSpec<ValueOf<OutputOf<S>, Filter>, Link>
export function mqttSensor<const Link extends string, const Filter extends string, T>(
  link: Link,
  filter: Filter,
  options: ParsedMqttOptions<T>,
): LinkedSensorSpec<ValueOf<T, Filter>, Link>
export function mqttSensor<const Link extends string, const Filter extends string>(
  link: Link,
  filter: Filter,
  options?: MqttSensorOptions,
): LinkedSensorSpec<ValueOf<string, Filter>, Link>
export function mqttSensor(
  link: string,
  filter: string,
  second: StandardSchemaV1 | CheckedMqttOptions = {},
  third: CheckedMqttOptions = {},
): LinkedSensorSpec {
  const [schema, options] = '~standard' in second ? [second, third] : [undefined, second]
  checkFilter(filter)
  if (schema && looksAsync(schema)) throw new TendonError(mqttProblem('TENDON_MQTT_SCHEMA_ASYNC', { filter }))
  const read = reader(schema, options.parse ?? (schema ? json : text))
  const { maxAge, optional, retained = 'stale', qos } = options
  const named = isWildcard(filter)
  return {
    kind: 'mqtt',
    link,
    maxAge,
    optional,
    withPort() {
      throw new TendonError(mqttProblem('TENDON_MQTT_NO_PORT', { filter }))
    },
    async open(env, sink) {
      const take = (message: Message): void => {
        if (message.retained && retained === 'ignore') return sink.ignored()
        const result = read(message)
        if ('bad' in result) return sink.bad(result.bad)
        const value = named ? { topic: message.topic, value: result.value } : result.value
        if (message.retained && retained === 'stale') sink.value(value, { ageUnknown: true })
        else sink.value(value)
      }
      return listen(linkNamed(link, env), filter, take, sink, qos)
    },
  }
}

function linkNamed(link: string, env: DeviceEnv): MessageLink {
  const found = Object.hasOwn(env.links ?? {}, link) ? env.links?.[link] : undefined
  if (found) return found
  throw new TendonError(mqttProblem('TENDON_LINK_UNKNOWN', { link, known: Object.keys(env.links ?? {}) }))
}

/** Subscribes, until closed or until the link is lost, which ends the subscription. */
async function listen(
  link: MessageLink,
  filter: string,
  take: (message: Message) => void,
  sink: SensorSink<unknown>,
  qos: 0 | 1 | undefined,
): Promise<SensorConnection> {
  let lost = (problem: Problem): void => {
    // Heard of before the subscription was; it is void then.
    lost = () => {}
    early = problem
  }
  let early: Problem | undefined
  const off = link.onStatus((status) => {
    if (!status.online && status.problem) lost(status.problem)
  })
  try {
    const leave = await link.subscribe(filter, take, { qos })
    if (early) throw new TendonError(early)
    lost = (problem) => sink.lost(problem)
    return {
      async close() {
        off()
        leave()
      },
    }
  } catch (thrown) {
    off()
    throw thrown
  }
}

type Read = (message: Message) => { readonly value: unknown } | { readonly bad: string }

/** One payload, parsed and checked; never throws. */
function reader(schema: StandardSchemaV1 | undefined, parse: (text: string, bytes: Uint8Array) => unknown): Read {
  return ({ payload }) => {
    try {
      const parsed = parse(lenient.decode(payload), payload)
      return schema ? checked(schema, parsed) : { value: parsed }
    } catch {
      return { bad: 'parse' }
    }
  }
}

function checked(schema: StandardSchemaV1, parsed: unknown): ReturnType<Read> {
  try {
    const result = validate(schema, parsed)
    if ('value' in result) return result
    return { bad: 'issues' in result ? 'schema' : 'schema_async' }
  } catch {
    return { bad: 'schema' }
  }
}

const strict = new TextDecoder('utf-8', { fatal: true })
const lenient = new TextDecoder()
const text = (_: string, bytes: Uint8Array): string => strict.decode(bytes)
const json = (_: string, bytes: Uint8Array): unknown => JSON.parse(strict.decode(bytes))
