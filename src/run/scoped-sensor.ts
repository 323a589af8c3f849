import { onAbort } from '../base/on-abort.ts'
import { Observable } from '../base/rx.ts'
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
    health: () => {
      scope.check('sensors.health')
      return sensor.health()
    },
    onHealth: (listener) => {
      scope.check('sensors.onHealth')
      return owned(scope, sensor.onHealth(guarded(listener, scope)))
    },
    next: (options) => scope.underWay(() => next(sensor, scope, options)),
    readings: (options) => readings(sensor, scope, options),
    subscribe: (listener, options) => {
      scope.check('sensors.subscribe')
      const subscription = sensor.subscribe(guarded(listener, scope), options)
      const unsubscribe = owned(scope, () => subscription.unsubscribe())
      return {
        get dropped() {
          return subscription.dropped
        },
        unsubscribe,
        [Symbol.dispose]: unsubscribe,
      }
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

/** Ends with the run, or when the function that is returned is called. */
function owned(scope: SensorScope, end: () => void): () => void {
  const disown = scope.own(end)
  return () => {
    disown()
    end()
  }
}

/** What a listener of the run throws fails the run. Its promise is handed on: it is busy until then. */
function guarded<V>(listener: (value: V) => unknown, scope: SensorScope): (value: V) => unknown {
  return (value) => {
    try {
      const returned = listener(value)
      return returned instanceof Promise ? returned.catch((error: unknown) => scope.threw(error)) : undefined
    } catch (error) {
      scope.threw(error)
      return undefined
    }
  }
}

function readings(
  sensor: SensorReader<unknown>,
  scope: SensorScope,
  options: Parameters<SensorReader<unknown>['readings']>[0],
): ReturnType<SensorReader<unknown>['readings']> {
  let newest: { readonly dropped: number } | undefined
  return {
    get dropped() {
      return newest?.dropped ?? 0
    },
    [Symbol.asyncIterator]() {
      scope.check('sensors.readings')
      const made = sensor.readings(options)
      newest = made
      const iterator = made[Symbol.asyncIterator]()
      const end = async (): Promise<void> => {
        await iterator.return?.()
      }
      const disown = scope.own(() => void end())
      return {
        next: () => iterator.next(),
        return: async () => {
          disown()
          await end()
          return { done: true as const, value: undefined }
        },
      }
    },
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
  if (signal.aborted) abort(signal.reason)
  const forget = onAbort(signal, () => abort(signal.reason))
  const disown = scope.own(() => abort(scope.signal().reason))
  try {
    return await sensor.next({ signal: either.signal })
  } finally {
    disown()
    forget()
  }
}
