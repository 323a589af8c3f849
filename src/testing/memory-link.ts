import { TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { LinkSpec, LinkStatus, Message, MessageLink } from '../device/link.ts'
import { FilterIndex } from '../transports/mqtt/filter-index.ts'

/** The most messages that a link in memory remembers as published; the oldest go first. */
const REMEMBERED = 1000

/** A broker that a test holds in its hand. */
export interface MemoryLink extends LinkSpec {
  /** A message comes through the link, at once: text and bytes as they are, anything else as JSON. */
  say(topic: string, value: unknown, options?: { readonly retained?: boolean }): void
  /** What the robot has published, oldest first; the last 1000. */
  readonly published: readonly Message[]
}

/**
 * A link for tests of robots with MQTT sensors: `harness(robot, { links: { lab } })`, then `lab.say('room', 21.5)`. It is
 * online from `open` to `close`, has no broker and no sockets, and works on a virtual clock.
 */
export function memoryLink(name = 'memory'): MemoryLink {
  const audience = new Audience()
  const published: Message[] = []
  return {
    kind: 'memory',
    address: name,
    published,
    say(topic, value, { retained = false } = {}) {
      audience.tell({ topic, payload: bytesOf(value), retained })
    },
    open: async () => opened(name, audience, published),
  }
}

type Listener = (message: Message) => void

/** Who listens, over all openings of one link, by filter. */
class Audience {
  readonly #index = new FilterIndex<Set<Listener>>()
  readonly #byFilter = new Map<string, Set<Listener>>()

  add(filter: string, listener: Listener): () => void {
    const some = this.#byFilter.get(filter) ?? new Set()
    some.add(listener)
    this.#byFilter.set(filter, some)
    this.#index.set(filter, some)
    return () => {
      if (!some.delete(listener) || some.size > 0) return
      this.#byFilter.delete(filter)
      this.#index.delete(filter)
    }
  }

  tell(message: Message): void {
    for (const some of this.#index.match(message.topic)) for (const listener of [...some]) listener(message)
  }
}

function opened(address: string, audience: Audience, published: Message[]): MessageLink {
  const ends = new Set<() => void>()
  let open = true
  const checkOpen = (): void => {
    if (!open) throw new TendonError(problem('TENDON_LINK_CLOSED', { port: address }))
  }
  return {
    address,
    get status(): LinkStatus {
      return open ? { online: true } : { online: false, problem: undefined }
    },
    async subscribe(filter, listener) {
      checkOpen()
      const leave = audience.add(filter, (message) => listener(message))
      const end = (): void => {
        ends.delete(end)
        leave()
      }
      ends.add(end)
      return end
    },
    async publish(topic, payload, { retain = false } = {}) {
      checkOpen()
      published.push({ topic, payload: bytesOf(payload), retained: retain })
      if (published.length > REMEMBERED) published.shift()
    },
    onStatus: () => () => {},
    async close() {
      open = false
      for (const end of ends) end()
    },
  }
}

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value
  return new TextEncoder().encode(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
}
