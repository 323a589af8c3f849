import type { Clock } from '../base/clock.ts'
import type { Problem } from '../base/problem.ts'
import type { DigitalOutput } from './digital-input.ts'
import type { MessageLink } from './link.ts'

/** Ends a subscription. Calling it again does nothing. */
export type Unsubscribe = () => void

/** What the robot lends to the devices that it opens. */
export interface DeviceEnv {
  readonly clock: Clock
  /** The links of the definition that are open, by name. */
  readonly links?: Readonly<Record<string, MessageLink>>
}

/**
 * Where bytes go in and out: a serial port, a socket, a pair in memory. A value in the robot's definition; it holds
 * no resource until `open`.
 */
export interface ByteTransport {
  /** `serial`, `memory`, ... */
  readonly kind: string
  /** What a person calls it: `/dev/ttyACM0`. */
  readonly address: string
  /** Bits per second on the wire, where that is known; 10 bits carry a byte. */
  readonly baudRate?: number | undefined
  /**
   * Real motors may stand behind it, which go on when this process dies: joints behind it are armed only while a guard
   * in a process of its own holds the link's descriptor. Default false.
   */
  readonly needsGuard?: boolean | undefined
  /** Single wires that lead to the same place, by what they do: a simulated port brings those of its simulated device. */
  readonly wires?: Readonly<Record<string, DigitalOutput>> | undefined
  /** Opens it. Each call makes a new connection with an empty queue. Rejects with a `TendonError`. */
  open(env: DeviceEnv): Promise<ByteConnection>
}

/** One open link. After it was closed or lost it never opens again: ask the transport for a new one. */
export interface ByteConnection {
  readonly isOpen: boolean
  /** The open file that its bytes go to, where it has one: what a guard holds a duplicate of. Valid while it is open. */
  readonly descriptor?: number | undefined
  /**
   * Hands all bytes to the port before it returns. Throws `TENDON_LINK_CLOSED` when the link is not open: nothing
   * is ever kept for later.
   */
  write(bytes: Uint8Array): void
  /** Bytes as they arrive, in chunks of any size. What `listener` throws does not reach other listeners. */
  onBytes(listener: (chunk: Uint8Array) => void): Unsubscribe
  /** Called at most once, when the link is gone without `close` having been called. */
  onLost(listener: (problem: Problem) => void): Unsubscribe
  /** Ends the link and all its listeners; resolves when the port is free again, within a bound. */
  close(): Promise<void>
}
