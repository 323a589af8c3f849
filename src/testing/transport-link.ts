import { type Clock, sleep } from '../base/clock.ts'
import type { ByteConnection, ByteTransport } from '../device/transport.ts'
import { fail, must } from './conformance.ts'
import { hex } from './hex.ts'
import { VirtualClock } from './virtual-clock.ts'

/** A transport with both of its ends in the hands of a test. */
export interface TransportSubject {
  readonly transport: ByteTransport
  /** What the transport is opened with: a `VirtualClock` where nothing of it is real, `systemClock` otherwise. */
  readonly clock: Clock
  /** Everything that has arrived at the far end since the subject was made, over all openings. */
  readonly heard: readonly number[]
  /** Sends from the far end to whoever has the transport open. */
  send(bytes: Uint8Array): void
  /** Breaks the link as a pulled cable does, and keeps the port from being opened. */
  unplug?(): void | Promise<void>
  /** Ends what the subject itself holds. */
  end?(): void | Promise<void>
}

/** How long a check waits for bytes and losses that must come, in seconds. */
const PATIENCE = 5

/** A subject, and what a check does with it again and again. */
export class Link {
  readonly subject: TransportSubject
  readonly #opened: ByteConnection[] = []

  constructor(subject: TransportSubject) {
    this.subject = subject
  }

  async open(): Promise<ByteConnection> {
    const connection = await this.wait(this.subject.transport.open({ clock: this.subject.clock }))
    this.#opened.push(connection)
    return connection
  }

  unplug(): void | Promise<void> {
    if (!this.subject.unplug) fail('the subject has no unplug: give it one, or say { losable: false }')
    return this.subject.unplug()
  }

  /** Lets time pass until a promise settles. */
  wait<T>(promise: Promise<T>): Promise<T> {
    const { clock } = this.subject
    return clock instanceof VirtualClock ? clock.run(promise) : promise
  }

  /** Lets time pass until something is so; fails when it does not become so. */
  async until(isSo: () => boolean, what: () => string): Promise<void> {
    const { clock } = this.subject
    const end = clock.now() + PATIENCE
    while (!isSo()) {
      if (clock.now() > end) fail(`${what()} (waited ${PATIENCE} s)`)
      await this.wait(sleep(clock, 0.002))
    }
  }

  /** Waits until the far end has heard exactly `bytes` behind the first `from`. */
  async heard(bytes: Iterable<number>, from = 0): Promise<void> {
    const wanted = hex(bytes)
    const seen = (): number[] => this.subject.heard.slice(from)
    await this.until(
      () => seen().length >= [...bytes].length,
      () => `${wanted} was written, and ${hex(seen())} arrived`,
    )
    must(hex(seen()) === wanted, () => `${wanted} was written, and ${hex(seen())} arrived`)
  }

  /** Opens once more and lets a byte pass each way: everything that was under way before has arrived or never will. */
  async flush(): Promise<void> {
    const connection = await this.open()
    const seen = collect(connection)
    const before = this.subject.heard.length
    connection.write(Uint8Array.of(0x5a))
    await this.until(
      () => this.subject.heard.length > before,
      () => 'a link that was opened again carries nothing to the far end',
    )
    this.subject.send(Uint8Array.of(0x5b))
    await this.until(
      () => seen.includes(0x5b),
      () => 'a link that was opened again carries nothing from the far end',
    )
    await this.wait(connection.close())
  }

  async close(): Promise<void> {
    for (const connection of this.#opened) await this.wait(connection.close())
  }

  /** After a failure nothing is waited for: it might never come. */
  abandon(): void {
    for (const connection of this.#opened) connection.close().catch(() => {})
  }
}

export function collect(connection: ByteConnection): number[] {
  const seen: number[] = []
  connection.onBytes((chunk) => seen.push(...chunk))
  return seen
}
