import type { Seconds } from '../base/units.ts'

/** What a generator hands to the runtime at a `yield`: the name of a row of the operation table, and its arguments. */
export interface OpRequest {
  readonly op: string
  readonly args: readonly unknown[]
}

/** The generator that a script or a command body may be. It can be cut at any `yield`; its `finally` blocks run. */
export type OpGenerator<R> = Generator<OpRequest, R, unknown>

/** A lazy operation: nothing happens before `yield*`. Its value is the value of the `yield*` expression. */
export interface Op<T> {
  readonly name: string
  [Symbol.iterator](): OpGenerator<T>
}

/** Notices operations that were made and never yielded; a strand installs itself here while it is being stepped. */
export interface OpWatcher {
  made(op: Op<unknown>): void
  taken(op: Op<unknown>): void
}

let watcher: OpWatcher | undefined

/** Runs `step` with `next` as the watcher of operations made meanwhile. Steps are synchronous and do not interleave. */
export function watchingOps<T>(next: OpWatcher, step: () => T): T {
  const previous = watcher
  watcher = next
  try {
    return step()
  } finally {
    watcher = previous
  }
}

/** One request as an operation. Services make theirs with it: `op<Photo>('camera.take', [exposure])`. */
export function op<T>(name: string, args: readonly unknown[] = []): Op<T> {
  return new RequestOp<T>(name, args)
}

/** An operation that is one request to one row of the table. */
export class RequestOp<T> implements Op<T> {
  readonly name: string
  readonly args: readonly unknown[]
  readonly #watcher = watcher

  constructor(name: string, args: readonly unknown[]) {
    this.name = name
    this.args = args
    this.#watcher?.made(this)
  }

  /** The caller has used this operation: it is not a forgotten one. */
  take(): void {
    this.#watcher?.taken(this)
  }

  *[Symbol.iterator](): OpGenerator<T> {
    this.take()
    return (yield { op: this.name, args: this.args }) as T
  }
}

/** Anything that can be run as a strand of its own: an operation, or a generator already made. */
export type Runnable<T = unknown> = Op<T> | OpGenerator<T>

const taken = <T>(runnable: Runnable<T>): Runnable<T> => {
  if (runnable instanceof RequestOp) runnable.take()
  return runnable
}

type ValuesOf<T extends readonly Runnable[]> = { -readonly [K in keyof T]: T[K] extends Runnable<infer V> ? V : never }

/** A strand started with `fork`. It ends with its script at the latest. */
export interface Fork<T> {
  readonly id: number
  /** Waits for its value, or throws what it threw. */
  join(): Op<T>
  /** Cuts it at its next `yield`, and waits until its `finally` blocks have run. */
  cancel(): Op<void>
  /** Puts a message in its mailbox (bounded by `limits.inbox`). */
  send(message: unknown): Op<void>
}

/** A bounded source that a generator reads one value at a time. */
export interface Channel<T> {
  next(): Op<T>
  /** Values lost because nobody read them in time. */
  readonly dropped: number
}

/** Waits for `duration` seconds. */
export const sleep = (duration: Seconds): Op<void> => op('clock.sleep', [duration])
/** A tick each `period` seconds on absolute deadlines; ticks missed are skipped and counted in `dropped`. */
export const ticker = (period: Seconds): Op<Channel<number>> => op('clock.ticker', [period])
/** A channel that delivers once, `delay` seconds from now. */
export const timer = (delay: Seconds): Op<Channel<number>> => op('clock.timer', [delay])
/** Runs all at once; resolves to their values in order. The first to throw cancels the others and throws. */
export const all = <const T extends readonly Runnable[]>(runnables: T): Op<ValuesOf<T>> =>
  op('process.all', [runnables.map(taken)])
/** Runs all at once; the first to end gives the value (or throws), the others are canceled before it resolves. */
export const race = <const T extends readonly Runnable[]>(runnables: T): Op<ValuesOf<T>[number]> =>
  op('process.race', [runnables.map(taken)])
/** Starts a strand beside this one. */
export const fork = <T>(runnable: Runnable<T>): Op<Fork<T>> => op('process.fork', [taken(runnable)])
/** The next message sent to this strand. */
export const receive = <T = unknown>(): Op<T> => op('process.receive')
/** Sends a message to a live run by its id, through its inbox and its schema; false when there is no such run. */
export const send = (runId: string, message: unknown): Op<boolean> => op('process.send', [runId, message])
/** Waits until the run with this id has ended and gives its outcome; undefined when there is no such run. */
export const monitor = (runId: string): Op<unknown> => op('process.monitor', [runId])
/** Awaits a promise inside a generator. `signal` aborts when the script is cut here. */
export const call = <T>(work: (signal: AbortSignal) => Promise<T> | T): Op<T> => op('process.call', [work])
/** The next reading of a sensor. */
export const read = <T>(sensor: { next(options: { signal: AbortSignal }): Promise<T> }): Op<T> =>
  op('stream.read', [sensor])
/** Publishes a value under a topic of this robot's event space. */
export const publish = (topic: string, value: unknown): Op<void> => op('event.publish', [topic, value])
/** A channel of the values published under a topic; keeps the newest `keep` unread ones (default 16). */
export const subscribe = <T = unknown>(topic: string, keep = 16): Op<Channel<T>> => op('event.subscribe', [topic, keep])
