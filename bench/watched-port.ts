import type { ByteConnection, ByteTransport, DeviceEnv } from '../src/device/transport.ts'

/** A port that notes when it is handed a packet. */
export class WatchedPort implements ByteTransport {
  readonly kind: string
  readonly address: string
  readonly baudRate: number | undefined
  readonly #inner: ByteTransport
  #first: { readonly at: number; readonly bytes: Uint8Array } | undefined

  constructor(inner: ByteTransport) {
    this.#inner = inner
    this.kind = inner.kind
    this.address = inner.address
    this.baudRate = inner.baudRate
  }

  async open(env: DeviceEnv): Promise<ByteConnection> {
    const inner = await this.#inner.open(env)
    return {
      get isOpen() {
        return inner.isOpen
      },
      write: (bytes) => {
        this.#first ??= { at: performance.now(), bytes: bytes.slice() }
        inner.write(bytes)
      },
      onBytes: (listener) => inner.onBytes(listener),
      onLost: (listener) => inner.onLost(listener),
      close: () => inner.close(),
    }
  }

  /** Forgets what was written. */
  watch(): void {
    this.#first = undefined
  }

  /** The first packet since `watch`, and when it was handed over, in milliseconds. */
  get first() {
    return this.#first
  }
}
