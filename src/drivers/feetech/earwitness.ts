import type { ByteConnection, ByteTransport, DeviceEnv } from '../../device/transport.ts'
import { type Frame, HEADER, OVERHEAD } from './frame.ts'
import { StatusDecoder } from './status-decoder.ts'

/** What came back of one question, all of it. */
export interface Heard {
  /** Whole replies of the servo that was asked, of the length that was asked for. */
  readonly good: readonly Frame[]
  /** Whether such a reply began, garbled or not. */
  readonly begun: boolean
  /** Bytes that belong to no whole frame. */
  readonly strange: number
}

/** More than the longest reply twice; what comes beyond it is noise. */
const MOST_BYTES = 600

/**
 * Hears everything that comes over a link beside whoever talks on it. A bus gives the first reply that fits and drops
 * the rest; whether two servos spoke shows in the rest.
 */
export class Earwitness {
  readonly #decoder = new StatusDecoder((frame) => this.#frames.push(frame))
  #frames: Frame[] = []
  #bytes: number[] = []
  #count = 0

  /** The same port, with this beside it. */
  beside(port: ByteTransport): ByteTransport {
    const { kind, address, baudRate } = port
    return { kind, address, baudRate, open: async (env: DeviceEnv) => this.#listen(await port.open(env)) }
  }

  /** What was heard since the last call, seen as the answer of `id` to a question for `count` bytes. */
  take(id: number, count: number): Heard {
    const good = this.#frames.filter((frame) => frame.id === id && frame.params.length === count)
    const whole = this.#frames.reduce((sum, { params }) => sum + params.length + OVERHEAD, 0)
    const heard = {
      good,
      begun: this.#begun([HEADER, HEADER, id, count + 2]),
      strange: Math.max(0, this.#count - whole),
    }
    this.#decoder.reset()
    this.#frames = []
    this.#bytes = []
    this.#count = 0
    return heard
  }

  #listen(connection: ByteConnection): ByteConnection {
    connection.onBytes((chunk) => {
      this.#count += chunk.length
      if (this.#bytes.length < MOST_BYTES) this.#bytes.push(...chunk)
      // A flood of noise must not fill the memory between two questions.
      if (this.#count < MOST_BYTES) this.#decoder.push(chunk)
    })
    return connection
  }

  #begun(start: readonly number[]): boolean {
    return this.#bytes.some((_, at) => start.every((byte, offset) => this.#bytes[at + offset] === byte))
  }
}
