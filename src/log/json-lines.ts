import type { Clock } from '../base/clock.ts'
import { describe } from '../base/problem.ts'
import type { EventLog } from './event-log.ts'
import type { RobotEvent } from './events.ts'

/** Where lines go: any Node writable stream fits. */
export interface LineSink {
  write(line: string): boolean
  once(event: 'drain', listener: () => void): unknown
}

/** A running JSON-lines sink. */
export interface JsonLines {
  /** Lines not written because the sink was full. */
  readonly dropped: number
  /** Stops writing. */
  end(): void
}

/**
 * Writes each event as one line of JSON with its wall time. While the sink asks for a pause, events are dropped and
 * counted, and one line says so afterwards: a slow disk delays nobody. Values that JSON cannot carry become their text.
 */
export function jsonLines(log: EventLog, clock: Clock, sink: LineSink): JsonLines {
  let paused = false
  let dropped = 0
  let reported = 0
  const write = (line: object): void => {
    if (sink.write(`${jsonText(line)}\n`)) return
    paused = true
    sink.once('drain', () => {
      paused = false
      if (dropped > reported) write({ type: 'dropped', what: 'log lines', count: dropped - reported })
      reported = dropped
    })
  }
  const end = log.onAny((event: RobotEvent) => {
    if (paused) dropped++
    else write({ ...event, wall: clock.wall() - (clock.now() - event.at) * 1000 })
  })
  return {
    get dropped() {
      return dropped
    },
    end,
  }
}

/**
 * An object as one line of JSON. What JSON cannot carry (errors, functions, what holds itself) becomes its text. Never
 * throws: where a getter or a `toJSON` of user code does, the line keeps what is the runtime's own.
 */
export function jsonText(line: object): string {
  try {
    return JSON.stringify(line, safely())
  } catch (error) {
    const { seq, at, type, run, wall } = line as Record<string, unknown>
    return JSON.stringify({ seq, at, type, run, unprintable: describe(error), wall })
  }
}

function safely(): (key: string, value: unknown) => unknown {
  const above = new WeakSet<object>()
  return (_key, value) => {
    if (value instanceof Error) return { name: value.name, message: value.message }
    if (typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol') return String(value)
    if (typeof value !== 'object' || value === null) return value
    if (above.has(value)) return '[repeated]'
    above.add(value)
    return value
  }
}
