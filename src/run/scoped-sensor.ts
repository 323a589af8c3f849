import { Observable } from 'rxjs'
import type { SensorReader } from '../define/sensor-reader.ts'
import type { Reading } from '../device/sensor.ts'

/** What a sensor inside a run needs of its run. */
export interface SensorScope {
  /** Throws when the run may touch nothing any more. */
  check(call: string): void
  /** Hands over what must end with the run; returns what takes it back. */
  own(dispose: () => void): () => void
  signal(): AbortSignal
  /** Runs work whose rejection, when the run ends, is nobody's. */
  underWay<T>(work: () => Promise<T>): Promise<T>
  /** What a listener of the run threw. */
  threw(error: unknown): void
}

/** The robot's sensors for one run: every subscription, wait and loop ends with the run. */
export function scopedSensors(
  sensors: Readonly<Record<string, SensorReader<unknown>>>,
  scope: SensorScope,
): Readonly<Record<string, SensorReader<unknown>>> {
  return new Proxy(sensors, {
    get: (target, name) => {
      const sensor = typeof name === 'string' && Object.hasOwn(target, name) ? target[name] : undefined
      return sensor && scoped(sensor, scope)
    },
  })
}

function scoped(sensor: SensorReader<unknown>, scope: SensorScope): SensorReader<unknown> {
  return {
    latest: () => {
      scope.check('sensors.latest')
      return sensor.latest()
    },
    next: (options) => scope.underWay(() => next(sensor, scope, options)),
    readings: (options) => ({
      [Symbol.asyncIterator]() {
        scope.check('sensors.readings')
        const readings = sensor.readings(options)[Symbol.asyncIterator]()
        const end = async (): Promise<void> => {
          await readings.return?.()
        }
        const disown = scope.own(() => void end())
        return {
          next: () => readings.next(),
          return: async () => {
            disown()
            await end()
            return { done: true as const, value: undefined }
          },
        }
      },
    }),
    subscribe: (listener, options) => {
      scope.check('sensors.subscribe')
      const guarded = (reading: Reading<unknown>): void => {
        try {
          const returned: unknown = listener(reading)
          if (returned instanceof Promise) returned.catch((error: unknown) => scope.threw(error))
        } catch (error) {
          scope.threw(error)
        }
      }
      const subscription = sensor.subscribe(guarded, options)
      scope.own(() => subscription.unsubscribe())
      return subscription
    },
    observable: (options) =>
      new Observable((subscriber) => {
        scope.check('sensors.observable')
        const inner = sensor.observable(options).subscribe(subscriber)
        const disown = scope.own(() => subscriber.complete())
        return () => {
          disown()
          inner.unsubscribe()
        }
      }),
  }
}

async function next(
  sensor: SensorReader<unknown>,
  scope: SensorScope,
  options: { readonly signal?: AbortSignal | undefined } | undefined,
): Promise<Reading<unknown>> {
  scope.check('sensors.next')
  if (!options?.signal) return sensor.next({ signal: scope.signal() })
  const either = new AbortController()
  const abort = (reason: unknown): void => either.abort(reason)
  const { signal } = options
  const onAbort = (): void => abort(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  const disown = scope.own(() => abort(scope.signal().reason))
  try {
    return await sensor.next({ signal: either.signal })
  } finally {
    disown()
    signal.removeEventListener('abort', onAbort)
  }
}
