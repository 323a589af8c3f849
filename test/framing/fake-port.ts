import type { Problem } from '../../src/base/problem.ts'
import type { ByteConnection, ByteTransport, Unsubscribe } from '../../src/device/transport.ts'

/** A port whose bytes come from the test. */
export class FakePort implements ByteTransport {
  readonly kind = 'fake'
  readonly address: string
  readonly #bytes = new Set<(chunk: Uint8Array) => void>()
  readonly #lost = new Set<(problem: Problem) => void>()
  opened = 0
  closed = 0

  constructor(address = 'fake') {
    this.address = address
  }

  async open(): Promise<ByteConnection> {
    this.opened++
    return {
      isOpen: true,
      write: () => {},
      onBytes: (listener) => add(this.#bytes, listener),
      onLost: (listener) => add(this.#lost, listener),
      close: async () => {
        this.closed++
        this.#bytes.clear()
        this.#lost.clear()
      },
    }
  }

  feed(input: Uint8Array | string): void {
    const chunk = typeof input === 'string' ? new TextEncoder().encode(input) : input
    for (const listener of this.#bytes) listener(chunk)
  }

  lose(problem: Problem): void {
    for (const listener of this.#lost) listener(problem)
  }
}

function add<T>(set: Set<T>, item: T): Unsubscribe {
  set.add(item)
  return () => set.delete(item)
}
