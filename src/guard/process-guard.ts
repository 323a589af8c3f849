import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import type { Duplex } from 'node:stream'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Clock, within } from '../base/clock.ts'
import { describe } from '../base/problem.ts'
import type { Seconds } from '../base/units.ts'
import type { Unsubscribe } from '../device/transport.ts'
import type { Guard, GuardedLine, GuardPort, Will } from './contract.ts'
import { encode, type Message, MessageDecoder, VERSION } from './messages.ts'
import { takeRecords } from './record.ts'

export interface ProcessGuardOptions {
  /**
   * A folder in which a guard that had to act leaves what it did; the next `start` of the robot records it as
   * `guard_fired`. Default: nowhere, so that only its line on standard error tells.
   */
  readonly records?: string | undefined
  /** The guard's program, for those who bundle: `guard/main.js` of this package. Default: beside this file. */
  readonly program?: URL | undefined
}

/** How long a guard may take to come up. From source, on a busy machine, it is seconds. */
const COMING: Seconds = 15
/** How long one that is up may take to answer, and how long to end. */
const ANSWER: Seconds = 1
/** Beats without an answer after which a guard does not guard any more: a fifth of a second at 50 ticks a second. */
const MOST_UNANSWERED = 10
/** Little memory, and threads only where Node cannot do without. */
const LEAN = ['--max-old-space-size=24', '--max-semi-space-size=1', '--v8-pool-size=0', '--no-warnings']

/**
 * Guards as processes: each has a process group of its own, so that Ctrl-C and a kill of the group do not reach it. Linux
 * and macOS. A program that is process 1 of its container cannot be guarded: its end is the end of every other process.
 */
export function processGuard(options: ProcessGuardOptions = {}): GuardPort {
  return {
    post: (line, { clock }) => new ProcessGuard(line, clock, options),
    takeRecords: (robot) => (options.records === undefined ? [] : takeRecords(options.records, robot)),
  }
}

/** The guards of this process, which hear at once when it exits: its own end takes Node some milliseconds. */
class Standing {
  readonly #guards = new Set<ProcessGuard>()
  readonly #onExit = (): void => {
    for (const guard of this.#guards) guard.end()
  }

  add(guard: ProcessGuard): void {
    if (this.#guards.size === 0) process.on('exit', this.#onExit)
    this.#guards.add(guard)
  }

  delete(guard: ProcessGuard): void {
    if (this.#guards.delete(guard) && this.#guards.size === 0) process.off('exit', this.#onExit)
  }
}
const standing = new Standing()

class ProcessGuard implements Guard {
  readonly ready: Promise<void>
  readonly #clock: Clock
  readonly #listeners = new Set<(reason: string) => void>()
  readonly #decoder = new MessageDecoder()
  readonly #ended: Promise<void>
  #child: ChildProcess | undefined
  #pipe: Duplex | undefined
  #came: () => void = () => {}
  #failed: (reason: Error) => void = () => {}
  #isHere = false
  #isLeaving = false
  #seq = 0
  #taken = 0
  #asking: ((answered: boolean) => void) | undefined

  constructor(line: GuardedLine, clock: Clock, options: ProcessGuardOptions) {
    this.#clock = clock
    const came = new Promise<void>((resolve, reject) => {
      this.#came = resolve
      this.#failed = reject
    })
    this.#ended = this.#start(line, options)
    this.ready = within(clock, COMING, came, () => this.#tooLate())
    // Whoever arms looks at it; until then nobody may.
    this.ready.catch(() => {})
  }

  beat(will: Will, limit: Seconds): boolean {
    const pipe = this.#pipe
    // What the pipe does not take at once would be old by the time it does, and the runtime waits for nobody.
    const isHearing = pipe && pipe.writableLength === 0 && this.#seq - this.#taken < MOST_UNANSWERED
    if (isHearing && this.#tell(will, monotonic() + limit)) return true
    this.#kill()
    return false
  }

  keep(will: Will): void {
    this.#tell(will, Number.POSITIVE_INFINITY)
  }

  ease(): void {
    this.#write(encode({ type: 'ease', seq: ++this.#seq }))
  }

  async answers(): Promise<boolean> {
    const answered = new Promise<boolean>((resolve) => {
      this.#asking = resolve
    })
    this.ease()
    return within(this.#clock, ANSWER, answered, () => false)
  }

  async standDown(): Promise<void> {
    this.#isLeaving = true
    standing.delete(this)
    this.#listeners.clear()
    this.#failed(new Error('it was told to stand down'))
    // One that is still coming up would read this only much later.
    if (!this.#isHere) this.#kill()
    else this.#write(encode({ type: 'stand-down' }))
    await within(this.#clock, ANSWER, this.#ended, () => this.#kill())
    await within(this.#clock, ANSWER, this.#ended, () => undefined)
  }

  onLost(listener: (reason: string) => void): Unsubscribe {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Resolves when the process is there no more, also when it never was. */
  #start({ descriptor, ...line }: GuardedLine, { records, program }: ProcessGuardOptions): Promise<void> {
    try {
      if (process.pid === 1) throw new Error('this is process 1 of its container, which ends the guard with it')
      const child = spawnGuard(descriptor, program)
      this.#child = child
      this.#pipe = child.stdio[3] as Duplex
      this.#pipe.on('data', (chunk: Uint8Array) => this.#heard(chunk))
      // Its end shows as the exit of the process.
      this.#pipe.on('error', () => {})
      standing.add(this)
      this.#write(encode({ type: 'post', version: VERSION, settings: { ...line, pid: process.pid, records } }))
      // What keeps a program running is its robot, not the guard of it.
      child.unref()
      ;(this.#pipe as Duplex & { unref?(): void }).unref?.()
      return new Promise((resolve) => {
        child.once('error', (error) => resolve(this.#gone(`it could not be started: ${describe(error)}`)))
        child.once('exit', (code, signal) => resolve(this.#gone(`it ended (${signal ?? `exit code ${code}`})`)))
      })
    } catch (error) {
      this.#gone(describe(error))
      return Promise.resolve()
    }
  }

  #tell(will: Will, freshUntil: Seconds): boolean {
    try {
      const beat = encode({ type: 'beat', seq: ++this.#seq, freshUntil })
      return this.#write(Buffer.concat([encode({ type: 'will', will }), beat]))
    } catch {
      // A frame that is longer than a will may have: then there is no guard for it.
      return false
    }
  }

  #write(bytes: Uint8Array): boolean {
    if (!this.#pipe?.writable) return false
    this.#pipe.write(bytes)
    return true
  }

  #heard(chunk: Uint8Array): void {
    for (const message of this.#decoder.push(chunk)) this.#take(message)
    if (this.#decoder.isBroken) this.#kill()
  }

  #take(message: Message): void {
    if (message.type === 'hello' && message.version === VERSION) {
      this.#isHere = true
      this.#came()
    } else if (message.type === 'taken') {
      this.#taken = message.seq
      if (message.seq === this.#seq) this.#asking?.(true)
    } else this.#kill()
  }

  #tooLate(): never {
    this.#kill()
    throw new Error(`it did not come up within ${COMING} s`)
  }

  /** Not asked: one that is stopped, and resumed later, would take the runtime of then for one that stalled. */
  #kill(): void {
    this.#child?.kill('SIGKILL')
  }

  /** The program leaves by `process.exit`, or has nothing more to do: it is not there for as long as that takes. */
  end(): void {
    this.#write(encode({ type: 'end' }))
  }

  #gone(reason: string): void {
    standing.delete(this)
    this.#pipe?.destroy()
    this.#pipe = undefined
    this.#failed(new Error(reason))
    this.#asking?.(false)
    if (!this.#isLeaving) for (const listener of [...this.#listeners]) listener(reason)
    this.#listeners.clear()
  }
}

/** Monotonic, with the same zero in every process of the machine, which no `Clock` has. */
const monotonic = (): Seconds => Number(process.hrtime.bigint()) / 1e9

function spawnGuard(descriptor: number, given: URL | undefined): ChildProcess {
  const isSource = import.meta.url.endsWith('.ts')
  const program = given ?? new URL(isSource ? './main.ts' : './main.js', import.meta.url)
  const flags = isSource && !given ? ['--import', tsx()] : LEAN
  return spawn(process.execPath, [...flags, fileURLToPath(program)], {
    // A session of its own: signals to the terminal or to the group of this process do not reach it.
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'pipe', descriptor],
    // No NODE_OPTIONS: what is meant for the program (an inspector, a loader) would keep the guard from starting.
    env: {},
    cwd: '/',
  })
}

/** In this checkout only: the package that people install holds JavaScript. */
const tsx = (): string => pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
