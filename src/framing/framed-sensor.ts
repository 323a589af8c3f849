import type { Seconds } from '../base/units.ts'
import type { SensorSpec } from '../device/sensor.ts'
import type { ByteTransport } from '../device/transport.ts'
import type { Framing } from './framing.ts'

/** What a frame means to a sensor: a value, input that failed a check, or good input of another kind. */
export type Mapped<T> = { readonly value: T } | { readonly bad: string } | 'ignored'

/** What every framed sensor can be told. */
export interface SensorOptions {
  /** A reading older than this is `stale`. Default: never. */
  readonly maxAge?: Seconds | undefined
  /** A robot starts without it, and opens it as soon as it can be. Default: it cannot start without it. */
  readonly optional?: boolean | undefined
}

/**
 * A sensor behind a port that speaks `framing`: `map` says what each frame means. Bytes that fail the framing's check
 * are counted under its reasons; a `map` that throws counts `map`. Opening rejects with the port's `TendonError`.
 */
export function framedSensor<Frame, T>(
  port: ByteTransport,
  framing: Framing<Frame>,
  map: (frame: Frame) => Mapped<T>,
  options: SensorOptions = {},
): SensorSpec<T> {
  return {
    kind: framing.kind,
    maxAge: options.maxAge,
    optional: options.optional,
    port,
    withPort: (other) => framedSensor(other, framing, map, options),
    async open(env, sink) {
      const decoder = framing.create({ clock: env.clock })
      const connection = await port.open(env)
      const frame = (input: Frame): void => {
        const mapped = guarded(map, input)
        if (mapped === 'ignored') sink.ignored()
        else if ('bad' in mapped) sink.bad(mapped.bad)
        else sink.value(mapped.value)
      }
      const emit = { frame, bad: (reason: string) => sink.bad(reason) }
      connection.onBytes((chunk) => decoder.push(chunk, emit))
      connection.onLost((problem) => {
        decoder.close?.()
        sink.lost(problem)
      })
      return {
        close() {
          decoder.close?.()
          return connection.close()
        },
      }
    },
  }
}

/** One frame that the map cannot take must not cost the port the rest of its chunk. */
function guarded<Frame, T>(map: (frame: Frame) => Mapped<T>, frame: Frame): Mapped<T> {
  try {
    return map(frame)
  } catch {
    return { bad: 'map' }
  }
}
