import type { Timer } from '../base/clock.ts'
import { TendonError } from '../base/problem.ts'
import type { Seconds } from '../base/units.ts'
import type { ByteConnection, ByteTransport, DeviceEnv } from '../device/transport.ts'
import { MemoryTransport } from '../transports/memory.ts'
import { fromHex, hex } from './hex.ts'
import { testingProblem } from './problems.ts'

/** Bytes, or hexadecimal digits with or without spaces. */
export type ScriptBytes = Uint8Array | string

/** One turn of a scripted device. */
export interface ScriptStep {
  /**
   * What the host must write next: these bytes, in writes of any size, or a function that judges one write. Without it
   * the device speaks by itself.
   */
  readonly expect?: ScriptBytes | ((written: Uint8Array) => boolean) | undefined
  /** What the device then sends. Default nothing. */
  readonly reply?: ScriptBytes | undefined
  /** Seconds from the last expected byte to the reply. Default 0: a later turn. */
  readonly after?: Seconds | undefined
}

/** A port whose other end follows a script. */
export interface ScriptedPort extends ByteTransport {
  /** All that the host wrote, one entry for each write. */
  readonly written: readonly Uint8Array[]
  /** Throws unless the host wrote what the script expects, and the script was used up. Says step, wanted and got. */
  verify(): void
  /** Pulls the cable: the open link is lost, and opening fails until `plug`. */
  unplug(): void
  plug(): void
}

/** What a scripted port is called, and the bits per second that drivers compute their deadlines from. */
export interface ScriptedPortOptions {
  readonly address?: string | undefined
  readonly baudRate?: number | undefined
}

/**
 * A port for tests of drivers: the device answers by a script, on the clock that the port is opened with. A write that
 * differs ends the script: nothing is answered any more, so that the driver sees silence, and `verify` says what differed.
 * Opening the port again goes on where the script was.
 */
export function scriptedPort(steps: readonly ScriptStep[], options: ScriptedPortOptions = {}): ScriptedPort {
  const script = new Script(steps)
  const transport = new MemoryTransport({
    address: options.address ?? 'scripted',
    baudRate: options.baudRate,
    connect: (device, env) => script.connect(device, env),
  })
  return {
    kind: 'scripted',
    address: transport.address,
    baudRate: transport.baudRate,
    open: (env) => transport.open(env),
    written: script.written,
    verify: () => script.verify(),
    unplug: () => transport.unplug(),
    plug: () => transport.plug(),
  }
}

const differs = (difference: string): TendonError =>
  new TendonError(testingProblem('TENDON_SCRIPT_DIFFERENCE', { difference }))

/** A step with its bytes as bytes. */
interface Turn {
  readonly expect: Uint8Array | ((written: Uint8Array) => boolean) | undefined
  readonly reply: Uint8Array | undefined
  readonly after: Seconds
}

class Script {
  readonly written: Uint8Array[] = []
  readonly #steps: readonly Turn[]
  #next = 0
  /** Written bytes that are part of what the step expects. */
  #matched = 0
  #difference: string | undefined
  #device: ByteConnection | undefined
  #env: DeviceEnv | undefined
  readonly #replies = new Set<Timer>()

  constructor(steps: readonly ScriptStep[]) {
    this.#steps = steps.map(({ expect, reply, after = 0 }) => ({
      expect: typeof expect === 'string' ? fromHex(expect) : expect,
      reply: typeof reply === 'string' ? fromHex(reply) : reply,
      after,
    }))
  }

  connect(device: ByteConnection, env: DeviceEnv): void {
    this.#device = device
    this.#env = env
    this.#matched = 0
    device.onBytes((chunk) => this.#hear(chunk))
    // The host has closed, or the cable is out: what was not sent yet never comes.
    device.onLost(() => this.#silence())
    this.#speak()
  }

  verify(): void {
    if (this.#difference) throw differs(this.#difference)
    const step = this.#steps[this.#next]
    if (!step) return
    const got = this.#matched > 0 ? `only ${this.#matched} bytes of it` : 'nothing'
    throw differs(`${this.#place()} expected ${wantedOf(step)} and got ${got}`)
  }

  #hear(chunk: Uint8Array): void {
    this.written.push(chunk)
    for (let rest = chunk; rest.length > 0 && !this.#difference; ) {
      const step = this.#steps[this.#next]
      if (!step) {
        this.#difference = `the script was over, and the host wrote ${hex(rest)}`
        return
      }
      rest = this.#match(step, rest)
    }
  }

  /** Takes what the step expects; gives what is left for the next one. */
  #match(step: Turn, bytes: Uint8Array): Uint8Array {
    const { expect } = step
    if (expect instanceof Uint8Array) {
      const count = Math.min(expect.length - this.#matched, bytes.length)
      for (let at = 0; at < count; at++)
        if (expect[this.#matched + at] !== bytes[at]) return this.#differs(step, bytes, this.#matched + at)
      this.#matched += count
      if (this.#matched === expect.length) this.#answer(step)
      return bytes.subarray(count)
    }
    if (typeof expect === 'function' && !expect(bytes)) return this.#differs(step, bytes, 0)
    this.#answer(step)
    return NOTHING
  }

  #differs(step: Turn, bytes: Uint8Array, at: number): Uint8Array {
    const before = step.expect instanceof Uint8Array ? step.expect.subarray(0, this.#matched) : NOTHING
    const where = step.expect instanceof Uint8Array ? `; they differ at byte ${at}` : ''
    this.#difference = `${this.#place()} expected ${wantedOf(step)} and got ${hex([...before, ...bytes])}${where}`
    return NOTHING
  }

  #answer({ reply, after }: Turn): void {
    this.#next++
    this.#matched = 0
    const env = this.#env
    if (reply && env) {
      const timer = env.clock.after(after, () => {
        this.#replies.delete(timer)
        this.#send(reply)
      })
      this.#replies.add(timer)
    }
    this.#speak()
  }

  /** Steps without an `expect` come by themselves. */
  #speak(): void {
    const step = this.#steps[this.#next]
    if (step && step.expect === undefined) this.#answer(step)
  }

  #send(reply: Uint8Array): void {
    try {
      this.#device?.write(reply)
    } catch (thrown) {
      // The host went away in this very turn.
      if (!(thrown instanceof TendonError)) throw thrown
    }
  }

  #silence(): void {
    for (const timer of this.#replies) timer.cancel()
    this.#replies.clear()
  }

  #place(): string {
    return `step ${this.#next + 1} of ${this.#steps.length}`
  }
}

const NOTHING = new Uint8Array(0)

function wantedOf({ expect }: Turn): string {
  if (expect instanceof Uint8Array) return hex(expect)
  return typeof expect === 'function' ? `what ${expect.name || 'its function'} takes` : 'to speak by itself'
}
