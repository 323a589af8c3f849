import { TendonError } from '../../base/problem.ts'
import { mqttProblem } from './problems.ts'

/** MQTT carries the length of a topic in two bytes. */
const LONGEST = 65_535
/** As deep as mosquitto goes; what walks levels is then bounded too. */
const DEEPEST = 200

/** Whether a filter can match several topics, as a type: `boolean` where the filter is not known when it is compiled. */
export type IsWildcard<Filter extends string> = string extends Filter
  ? boolean
  : Filter extends `${string}+${string}` | `${string}#${string}`
    ? true
    : false

/** Whether a filter can match several topics. */
export const isWildcard = (filter: string): boolean => /[+#]/.test(filter)

/** Throws `TENDON_MQTT_FILTER` for what no broker would take as a filter, and for shared subscriptions. */
export function checkFilter(filter: string): void {
  const reason = faultOf(filter)
  if (reason !== undefined) throw new TendonError(mqttProblem('TENDON_MQTT_FILTER', { filter, reason }))
}

/** What keeps a text from being a topic to publish to, or undefined. */
export function topicFault(topic: string): string | undefined {
  return isWildcard(topic) ? 'it has wildcards' : lengthFault(topic)
}

function faultOf(filter: string): string | undefined {
  const levels = filter.split('/')
  const mixed = levels.find((level) => level.length > 1 && isWildcard(level))
  if (mixed !== undefined) return `'${mixed}' mixes a wildcard with other characters`
  if (levels.slice(0, -1).includes('#')) return '# is not at the end'
  if (levels.length > DEEPEST) return `it has more than ${DEEPEST} levels`
  if (levels[0] === '$share') return 'a shared subscription would give this sensor only some of the messages'
  return lengthFault(filter)
}

function lengthFault(text: string): string | undefined {
  if (text === '') return 'it is empty'
  if (text.includes('\0')) return 'it has a zero character'
  return Buffer.byteLength(text) > LONGEST ? `it is longer than ${LONGEST} bytes` : undefined
}
