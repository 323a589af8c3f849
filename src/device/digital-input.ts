import type { Problem } from '../base/problem.ts'
import type { DeviceEnv, Unsubscribe } from './transport.ts'

/**
 * One wire that says yes or no, as the definition names it: `gpioInput({ chip, line })`. A value that holds no resource
 * until `open`.
 */
export interface DigitalInput {
  /** `gpio`, ... */
  readonly kind: string
  /** What a person calls it: `gpiochip0 line 17`. */
  readonly address: string
  /** Opens it and reads it. Rejects with a `TendonError`, with nothing left open. */
  open(env: DeviceEnv): Promise<DigitalConnection>
}

/** One open input. After it was closed or lost it never opens again. */
export interface DigitalConnection {
  /** It can be read now. False once it was closed or lost. */
  readonly isOpen: boolean
  /** Whether it is active: for a stop button, pressed, or its wire broken. After a loss: what it was last. */
  readonly active: boolean
  /** Called at each change, in the turn in which it is known. What `listener` throws does not reach other listeners. */
  onChange(listener: (active: boolean) => void): Unsubscribe
  /** Called at most once, when it cannot be read any more without `close` having been called. */
  onLost(listener: (problem: Problem) => void): Unsubscribe
  /** Ends it and its listeners; resolves within a bound. */
  close(): Promise<void>
}

/** One wire that is driven high or low, such as the output-enable pin of a servo board. */
export interface DigitalOutput {
  readonly kind: string
  readonly address: string
  /** Opens it; the wire is let go until `drive`. Rejects with a `TendonError`, with nothing left open. */
  open(env: DeviceEnv): Promise<OutputConnection>
}

/** One open output. */
export interface OutputConnection {
  readonly isOpen: boolean
  /**
   * Drives the wire. The level before has ended when this returns; between the two the wire may be let go for some
   * milliseconds, so that a resistor must pull it to its safe side. Throws `TENDON_LINK_CLOSED` when it is not open.
   */
  drive(level: 'high' | 'low'): void
  /** Called at most once, when the wire is not driven any more without `close` having been called. */
  onLost(listener: (problem: Problem) => void): Unsubscribe
  /** Lets the wire go; resolves within a bound. */
  close(): Promise<void>
}
