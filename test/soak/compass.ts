import { TendonError } from '../../src/base/problem.ts'
import { problem } from '../../src/base/problems/index.ts'
import type { ByteConnection, ByteTransport } from '../../src/device/transport.ts'
import type { Clock, Timer } from '../../src/index.ts'
import type { Random } from '../../src/sim/index.ts'

/** How often it speaks, and how often what it says is wrong, or its adapter is gone. */
const INTERVAL = 0.5
const BAD = 0.05
const GONE = 0.003
const MISSING = 0.3

/**
 * A compass that cannot be relied on: sentences with wrong checksums and stray bytes between the good ones, a link that
 * is lost now and then, and a port that is not always there.
 */
export class UnsteadyCompass implements ByteTransport {
  readonly kind = 'unsteady'
  readonly address = 'unsteady compass'
  readonly baudRate = 4800
  readonly #random: Random
  /** Connections that were opened and not closed: what a robot forgets shows here. */
  openNow = 0
  opened = 0
  lost = 0
  said = 0

  constructor(random: Random) {
    this.#random = random
  }

  async open({ clock }: { readonly clock: Clock }): Promise<ByteConnection> {
    if (this.opened > 0 && this.#random.chance(MISSING))
      throw new TendonError(problem('TENDON_PORT_OPEN_FAILED', { port: this.address, reason: 'it is not plugged in' }))
    this.opened++
    this.openNow++
    return this.#connection(clock)
  }

  #connection(clock: Clock): ByteConnection {
    const bytes = new Set<(chunk: Uint8Array) => void>()
    const losses = new Set<(found: ReturnType<typeof problem>) => void>()
    let open = true
    let timer: Timer | undefined
    const end = (): void => {
      if (open) this.openNow--
      open = false
      timer?.cancel()
    }
    const speak = (): void => {
      timer = clock.after(INTERVAL, () => {
        if (this.#random.chance(GONE)) {
          end()
          this.lost++
          const gone = problem('TENDON_LINK_LOST', { port: this.address, reason: 'it was pulled' })
          for (const tell of losses) tell(gone)
          return
        }
        this.said++
        const chunk = new TextEncoder().encode(this.#sentence())
        for (const tell of bytes) tell(chunk)
        speak()
      })
    }
    speak()
    return {
      get isOpen() {
        return open
      },
      write() {},
      onBytes: (listener) => {
        bytes.add(listener)
        return () => bytes.delete(listener)
      },
      onLost: (listener) => {
        losses.add(listener)
        return () => losses.delete(listener)
      },
      close: async () => {
        end()
        bytes.clear()
        losses.clear()
      },
    }
  }

  #sentence(): string {
    const body = `HCHDM,${(this.#random.next() * 360).toFixed(1)},M`
    const sum = [...body].reduce((total, character) => total ^ character.charCodeAt(0), 0)
    const wrong = this.#random.chance(BAD) ? 1 : 0
    const checksum = (sum ^ wrong).toString(16).toUpperCase().padStart(2, '0')
    return `${this.#random.chance(BAD) ? '\u0007$$,*' : ''}$${body}*${checksum}\r\n`
  }
}
