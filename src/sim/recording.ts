import type { Clock, Timer } from '../base/clock.ts'
import { describe, TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { Seconds } from '../base/units.ts'
import type { ByteConnection, ByteTransport, DeviceEnv, Unsubscribe } from '../device/transport.ts'
import { Listeners } from './listeners.ts'

/** How recorded bytes are played. */
export interface PlaybackOptions {
  /** Bits per second; ten of them carry a byte. */
  readonly baudRate: number
  /** Starts again at the end. Default false: then there is silence. */
  readonly loop?: boolean
}

/** Where the bytes are: in memory, or in a file that is read at each open. */
export type Recording = { readonly bytes: Uint8Array } | { readonly file: string }

/** How much arrives at once, as an adapter would hand it on. */
const CHUNK: Seconds = 0.005
const BITS_PER_BYTE = 10

/** A sensor's port that plays recorded bytes at the pace of the wire, from the beginning at each open. */
export function playback(options: Recording & PlaybackOptions): ByteTransport {
  const address = 'file' in options ? options.file : 'recording'
  return {
    kind: 'recording',
    address,
    baudRate: options.baudRate,
    async open({ clock }: DeviceEnv): Promise<ByteConnection> {
      const bytes = 'file' in options ? await readRecording(options.file) : options.bytes
      return new PlaybackConnection(address, bytes, options, clock)
    },
  }
}

/** A recording on its way into a connection. */
export interface Streaming {
  /** Resolves when all has been written, or when it was stopped or the connection closed; with `loop` only then. */
  readonly ended: Promise<void>
  /** Ends it. Twice does nothing. */
  stop(): void
}

/** Writes recorded bytes into a connection, such as the master of a pty, at the pace of the wire. */
export function streamTo(
  connection: ByteConnection,
  bytes: Uint8Array,
  options: PlaybackOptions & { readonly clock: Clock },
): Streaming {
  const { promise, resolve } = deferred()
  const write = (chunk: Uint8Array): void => {
    if (connection.isOpen) connection.write(chunk)
    else pacer.stop()
  }
  const pacer = new Pacer(bytes, options, options.clock, write, resolve)
  return { ended: promise, stop: () => pacer.stop() }
}

async function readRecording(file: string): Promise<Uint8Array> {
  try {
    // Only here, so that whoever plays from memory loads no file system.
    const { readFile } = await import('node:fs/promises')
    return await readFile(file)
  } catch (thrown) {
    throw new TendonError(problem('TENDON_PORT_OPEN_FAILED', { port: file, reason: describe(thrown) }, thrown))
  }
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

/** Hands out bytes no earlier than the wire would: byte n when n + 1 byte times have passed. Catches up after a stall. */
class Pacer {
  readonly #bytes: Uint8Array
  readonly #byteTime: Seconds
  readonly #loop: boolean
  readonly #clock: Clock
  readonly #start: Seconds
  readonly #emit: (chunk: Uint8Array) => void
  readonly #ended: () => void
  #sent = 0
  #timer: Timer | undefined
  #done = false

  constructor(
    bytes: Uint8Array,
    { baudRate, loop = false }: PlaybackOptions,
    clock: Clock,
    emit: (chunk: Uint8Array) => void,
    ended: () => void,
  ) {
    this.#bytes = bytes
    this.#byteTime = BITS_PER_BYTE / baudRate
    this.#loop = loop
    this.#clock = clock
    this.#start = clock.now()
    this.#emit = emit
    this.#ended = ended
    this.#wait()
  }

  stop(): void {
    if (this.#done) return
    this.#done = true
    this.#timer?.cancel()
    this.#ended()
  }

  /** Bytes of all rounds that there are to send. */
  get #total(): number {
    return this.#loop && this.#bytes.length > 0 ? Infinity : this.#bytes.length
  }

  #wait(): void {
    if (this.#sent >= this.#total) {
      this.stop()
      return
    }
    const chunk = Math.max(1, Math.round(CHUNK / this.#byteTime))
    const due = this.#start + Math.min(this.#sent + chunk, this.#total) * this.#byteTime
    this.#timer = this.#clock.after(Math.max(0, due - this.#clock.now()), () => this.#play(due))
  }

  #play(due: Seconds): void {
    const until = Math.max(due, this.#clock.now()) - this.#start
    const arrived = Math.min(Math.floor(until / this.#byteTime + 1e-6), this.#total)
    while (this.#sent < arrived && !this.#done) {
      const from = this.#sent % this.#bytes.length
      const chunk = this.#bytes.subarray(from, from + Math.min(arrived - this.#sent, this.#bytes.length - from))
      this.#sent += chunk.length
      this.#emit(chunk)
    }
    if (!this.#done) this.#wait()
  }
}

/** The host's end of a recording. What is written to it goes nowhere. */
class PlaybackConnection implements ByteConnection {
  readonly #address: string
  readonly #bytes = new Listeners<Uint8Array>()
  readonly #pacer: Pacer
  #open = true

  constructor(address: string, bytes: Uint8Array, options: PlaybackOptions, clock: Clock) {
    this.#address = address
    this.#pacer = new Pacer(
      bytes,
      options,
      clock,
      (chunk) => this.#bytes.tell(chunk.slice()),
      () => {},
    )
  }

  get isOpen(): boolean {
    return this.#open
  }

  write(_bytes: Uint8Array): void {
    if (!this.#open) throw new TendonError(problem('TENDON_LINK_CLOSED', { port: this.#address }))
  }

  onBytes(listener: (chunk: Uint8Array) => void): Unsubscribe {
    return this.#bytes.add(listener)
  }

  /** A recording is never lost. */
  onLost(): Unsubscribe {
    return () => {}
  }

  async close(): Promise<void> {
    this.#open = false
    this.#pacer.stop()
    this.#bytes.clear()
  }
}
