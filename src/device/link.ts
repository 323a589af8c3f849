import type { Problem } from '../base/problem.ts'
import type { SensorSpec } from './sensor.ts'
import type { DeviceEnv, Unsubscribe } from './transport.ts'

/**
 * A way to a broker of messages, as the definition names it: a value that holds no resource until `open`. Sensors,
 * and whatever else speaks through the broker, name the link and share its one connection.
 */
export interface LinkSpec {
  /** `mqtt`, ... */
  readonly kind: string
  /** What a person calls it, without secrets: `mqtt://localhost:1883`. */
  readonly address: string
  /** The robot starts without it, and its sensors come up when it does. Default: the robot does not start. */
  readonly optional?: boolean | undefined
  /**
   * Opens it. Resolves when it is online; an optional one resolves offline after its first try and goes on trying.
   * Rejects with a `TendonError`, with nothing left open.
   */
  open(env: DeviceEnv): Promise<MessageLink>
}

/** One message as it came. */
export interface Message {
  readonly topic: string
  readonly payload: Uint8Array
  /** The broker had kept it, so nobody knows how old it is. */
  readonly retained: boolean
}

export interface SubscribeOptions {
  /** 0: at most once. 1: at least once. Default 0. */
  readonly qos?: 0 | 1 | undefined
}

export interface PublishOptions extends SubscribeOptions {
  /** The broker keeps it for those who subscribe later. Never for what moves a robot. Default false. */
  readonly retain?: boolean | undefined
}

/** Whether a link is online, and if not, why; `undefined` when it was closed, or has not tried yet. */
export type LinkStatus = { readonly online: true } | { readonly online: false; readonly problem: Problem | undefined }

/** What anybody may do with an open link. */
export interface LinkPort {
  readonly address: string
  readonly status: LinkStatus
  /**
   * Sends one message. Resolves when it has been handed to the system, with `qos: 1` when the broker has taken it.
   * Rejects with `TENDON_LINK_CLOSED` when the link is not online: nothing is ever kept for later.
   */
  publish(topic: string, payload: Uint8Array | string, options?: PublishOptions): Promise<void>
  /** Called at each change, until the link is closed. What `listener` throws does not reach other listeners. */
  onStatus(listener: (status: LinkStatus) => void): Unsubscribe
}

/** One open link. It reconnects by itself, with backoff, until it is closed; it queues nothing meanwhile. */
export interface MessageLink extends LinkPort {
  /**
   * Resolves when the broker has confirmed the subscription. It ends with the connection: whoever wants more subscribes
   * again when the link is back. Rejects with a `TendonError` when the link is offline or the broker refuses.
   */
  subscribe(filter: string, listener: (message: Message) => void, options?: SubscribeOptions): Promise<Unsubscribe>
  /** Ends the link, its subscriptions and listeners; resolves within a bound. A closed link never opens again. */
  close(): Promise<void>
}

/** A sensor that listens through a link of the definition, which it names. */
export interface LinkedSensorSpec<T = unknown, Link extends string = string> extends SensorSpec<T> {
  readonly link: Link
}

/** The link that a sensor names, if it listens through one. */
export function linkOf(sensor: SensorSpec): string | undefined {
  return 'link' in sensor && typeof sensor.link === 'string' ? sensor.link : undefined
}
