import type { Problem } from '../base/problem.ts'
import type { Seconds } from '../base/units.ts'
import type { ByteTransport, DeviceEnv } from './transport.ts'

/** A sensor as the definition names it. `T` is the type of its readings' values. */
export interface SensorSpec<T = unknown> {
  readonly kind: string
  /** A reading older than this is `stale`. Default: never. */
  readonly maxAge?: Seconds | undefined
  /** A robot starts without it, and opens it as soon as it can be. Default: it cannot start without it. */
  readonly optional?: boolean | undefined
  /** The port it listens on, where it has one of its own. */
  readonly port?: ByteTransport | undefined
  /** The same sensor behind another port: how a simulation or a recording takes the place of the device. */
  withPort(port: ByteTransport): SensorSpec<T>
  /** Opens it and delivers to `sink` until closed. Rejects with a `TendonError` when it cannot be opened. */
  open(env: DeviceEnv, sink: SensorSink<T>): Promise<SensorConnection>
}

/** Where a sensor delivers. None of these throws. */
export interface SensorSink<T> {
  value(value: T, mark?: ReadingMark): void
  /** Input that failed the framing's or the schema's check, counted under a short stable reason: `checksum`, `length`. */
  bad(reason: string): void
  /** Good input that this sensor does not decode, such as other NMEA sentences. */
  ignored(): void
  lost(problem: Problem): void
}

/** What a reading says about itself. */
export interface ReadingMark {
  /**
   * Somebody had kept it for who knows how long, such as a message that a broker retained: where there is a `maxAge` it
   * is `stale` from the beginning, and `age` counts only from its arrival.
   */
  readonly ageUnknown: true
}

export interface SensorConnection {
  close(): Promise<void>
}

/** One value with its place in the order and in time. */
export interface Reading<T> extends Partial<ReadingMark> {
  readonly value: T
  /** 1 for the first reading of this sensor, then consecutive. */
  readonly seq: number
  /** On the robot's clock. */
  readonly at: Seconds
  /** Milliseconds since the Unix epoch. */
  readonly wall: number
}

/** The newest reading and what it is worth: before the first one there is none, never a made-up zero. */
export type Latest<T> =
  | { readonly status: 'unknown' }
  | { readonly status: 'fresh' | 'stale'; readonly reading: Reading<T>; readonly age: Seconds }
